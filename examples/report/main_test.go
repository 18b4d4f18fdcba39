package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

var february = funnel.DateRange{
	From: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
	To:   time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC),
}

func TestReport_Output(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	t.Cleanup(server.Close)
	addOrders(server, february.From)
	for _, outside := range []time.Time{february.From.Add(-time.Second), february.To.AddDate(0, 0, 1)} {
		server.AddOrder(funneltest.Order{Amount: "1000000.00", CreatedAt: outside})
	}
	var out strings.Builder
	require.NoError(t, report(t.Context(), server.Client(), february, &out))
	require.Equal(t, `Orders from 2026-02-01 to 2026-02-28
  completed  2  1353.90 EUR
  completed  2     0.30 USD
   refunded  1    19.95 EUR
Sales amount, as the API reports it: 1354.20
`, out.String())
}

func TestReport_MoreThanOnePage(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	t.Cleanup(server.Close)
	for range 250 {
		server.AddOrder(funneltest.Order{Amount: "0.10", CreatedAt: february.From})
	}
	var out strings.Builder
	require.NoError(t, report(t.Context(), server.Client(), february, &out))
	require.Contains(t, out.String(), "completed  250  25.00 EUR\n")
}

func TestReport_AmountThatWouldBeRounded(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	t.Cleanup(server.Close)
	server.Fail(funneltest.Fault{Body: `{"success":true,"data":[{"id":1,"id_order":"A-1","amount":0.125}],"meta":{"current_page":1,"last_page":1,"per_page":100,"total":1}}`})
	require.ErrorContains(t, report(t.Context(), server.Client(), february, io.Discard), "order A-1: ")
}

func TestReport_ReversedRange(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	t.Cleanup(server.Close)
	err := report(t.Context(), server.Client(), funnel.DateRange{From: february.To, To: february.From}, io.Discard)
	require.NotNil(t, funnel.FieldErrors(err))
	require.Zero(t, server.RequestCount())
}
