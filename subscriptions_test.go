package funnel_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestSubscriptions_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Subscriptions.List(ctx, funnel.SubscriptionListParams{})
		},
		sends: sentRequest{Method: "GET", Path: "/subscriptions"},
		reply: pageOf(subscriptionJSON, `{"id":95,"status":"paused","payments_left":"unlimited"}`), // a status that the SDK does not know
		want: pageOneOf(sampleSubscription, funnel.Subscription{
			ID: 95, Status: "paused", PaymentsLeft: funnel.PaymentsLeft{Unlimited: true},
		}),
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Subscriptions.List(ctx, funnel.SubscriptionListParams{
				Page: 2, PerPage: 10, Status: funnel.SubscriptionInactive, Period: funnel.PeriodBetween,
				Range: funnel.DateRange{From: noon(1, time.UTC), To: noon(2, time.UTC)},
			})
		},
		sends: sentRequest{Method: "GET", Path: "/subscriptions",
			Query: "page=2&per_page=10&period=between&range=2026-03-01to2026-03-02&status=inactive"},
		reply: pageOf(subscriptionJSON),
		want:  pageOneOf(sampleSubscription),
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Subscriptions.All(ctx, funnel.SubscriptionListParams{Status: funnel.SubscriptionError}))
		},
		sends: sentRequest{Method: "GET", Path: "/subscriptions", Query: "page=1&per_page=100&status=error"},
		reply: pageOf(subscriptionJSON),
		want:  []funnel.Subscription{sampleSubscription},
	}})
}

func TestSubscriptions_RefuseBadInput(t *testing.T) {
	t.Parallel()
	runBadInputTests(t, []badInput{
		{"status that is not UTF-8", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Subscriptions.List(ctx, funnel.SubscriptionListParams{Status: "\xff"})
			return err
		}, "status"},
		{"per_page of 101", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Subscriptions.List(ctx, funnel.SubscriptionListParams{PerPage: 101})
			return err
		}, "per_page"},
		{"page of -1, all", func(ctx context.Context, c *funnel.Client) error {
			_, err := collect(c.Subscriptions.All(ctx, funnel.SubscriptionListParams{Page: -1}))
			return err
		}, "page"},
	})
}

func TestSubscriptions_Flow(t *testing.T) {
	t.Parallel()
	server, client := fakeAPI(t, funneltest.WithClock(atNine))
	server.AddSubscription(funneltest.Subscription{Amount: "19.90", Trial: true, Lastname: "Hopper"})
	server.AddSubscription(funneltest.Subscription{Status: "inactive", PaymentsLeft: funnel.Ptr(0)})
	all, err := collect(client.Subscriptions.All(t.Context(), funnel.SubscriptionListParams{}))
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, funnel.PaymentsLeft{Count: funnel.Ptr(0)}, all[0].PaymentsLeft, "newest first")
	require.Equal(t, funnel.Subscription{
		ID: 1, IDCustomer: 1, Email: "customer@example.com", Lastname: "Hopper", Status: funnel.SubscriptionActive, Name: "Membership",
		Amount: "19.90", Currency: "EUR", PaymentSource: "stripe", Rate: "1 month(s)", Trial: true,
		PaymentsLeft: funnel.PaymentsLeft{Unlimited: true},
		RebillDate:   funnel.Timestamp{Time: atNine().AddDate(0, 1, 0)}, CreatedAt: funnel.Timestamp{Time: atNine()},
	}, all[1])
	_, err = client.Subscriptions.List(t.Context(), funnel.SubscriptionListParams{Status: "lost"})
	require.ErrorIs(t, err, funnel.ErrInvalidStatus)
}
