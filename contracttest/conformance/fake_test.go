package conformance

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestRun_Fake(t *testing.T) {
	t.Parallel()
	Run(t, fake{})
}

func TestFake_HasEveryOperation(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	for _, op := range load(t).Document().Operations {
		err := server.Client().Call(funnel.WithoutRetry(t.Context()), op.Method, op.Path, nil, nil, nil)
		var refused *funnel.APIError
		missing := errors.As(err, &refused) && refused.Code == "" // Laravel's own 404 and 405 have none
		require.False(t, missing, "funneltest has no %s: is the resource registered in funneltest/account.go?", op)
	}
}

func TestFake_HasEveryCode(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	failWith := func(code funnel.Code) *funnel.APIError {
		server.Fail(funneltest.Fault{Code: code})
		_, err := server.Client().Tags.List(funnel.WithoutRetry(t.Context()), funnel.TagListParams{})
		var failed *funnel.APIError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, code, failed.Code)
		return failed
	}
	unknown := failWith("UNKNOWN")
	for _, code := range load(t).Document().ErrorCodes {
		failed := failWith(funnel.Code(code.Key))
		const fix = "add %s to documented in funneltest/errors.go"
		require.Contains(t, code.Value.Statuses, failed.StatusCode, fix, code.Key)
		require.NotEmpty(t, failed.Message, fix, code.Key)
		require.NotEqual(t, unknown.Message, failed.Message, fix, code.Key)
	}
}

// fake is funneltest as a server under test.
type fake struct{}

func (fake) NewAccount(t testing.TB, o Options) *Account {
	var ahead atomic.Int64
	options := []funneltest.Option{
		funneltest.WithBasePath("/v1"),
		funneltest.WithClock(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }),
	}
	if o.NoSubdomain {
		options = append(options, funneltest.WithoutSubdomain())
	}
	if o.RateLimit > 0 {
		options = append(options, funneltest.WithRateLimit(o.RateLimit, time.Minute))
	}
	server := funneltest.NewServer(options...)
	t.Cleanup(server.Close)
	t.Cleanup(func() { require.Empty(t, server.PendingFaults()) })
	return &Account{
		BaseURL:   "https://funnel.test/v1",
		APIKey:    server.APIKey(),
		Transport: server.Transport(),
		AddCustomField: func(f funnel.CustomField) funnel.CustomFieldID {
			return server.AddCustomField(funneltest.CustomField{Name: f.Name, Type: string(f.Type), Values: f.Values})
		},
		AddOrder: func(o funnel.Order) funnel.OrderID {
			return server.AddOrder(funneltest.Order{
				IDOrder: o.IDOrder, IDCustomer: o.IDCustomer, Email: o.Email, Firstname: o.Firstname, Lastname: o.Lastname, Type: o.Type,
				Status: string(o.Status), Amount: string(o.Amount), Currency: o.Currency, CreatedAt: o.CreatedAt.Time,
			})
		},
		AddTransaction: func(p funnel.Transaction) funnel.TransactionID {
			return server.AddTransaction(funneltest.Transaction{
				IDTransaction: p.IDTransaction, IDOrder: p.IDOrder, IDInvoice: p.IDInvoice, IDCustomer: p.IDCustomer, Status: string(p.Status),
				Type: p.Type, Amount: string(p.Amount), Currency: p.Currency, CreatedAt: p.CreatedAt.Time,
			})
		},
		AddSubscription: func(s funnel.Subscription) funnel.SubscriptionID {
			return server.AddSubscription(funneltest.Subscription{
				IDCustomer: s.IDCustomer, Email: s.Email, Firstname: s.Firstname, Lastname: s.Lastname, Status: string(s.Status), Name: s.Name,
				Amount: string(s.Amount), Currency: s.Currency, PaymentSource: s.PaymentSource, Rate: s.Rate, Trial: s.Trial,
				PaymentsLeft: s.PaymentsLeft.Count, RebillDate: s.RebillDate.Time, CreatedAt: s.CreatedAt.Time,
			})
		},
		Fail:    func(f Failure) { server.Fail(faults[f]) },
		Advance: func(d time.Duration) { ahead.Add(int64(d)) },
		Deliver: server.Deliver,
	}
}

// faults are the failures as the fake has them.
var faults = map[Failure]funneltest.Fault{
	Forbidden:      {Code: funnel.ErrForbidden},
	ServerError:    {Code: funnel.ErrServer},
	DebugPage:      {Status: 500, Body: `{"message": "oops", "exception": "RuntimeException", "file": "/srv/app.php", "line": 7, "trace": []}`},
	Crash:          {Status: 502},
	CrashAfter:     {Status: 502, AfterCommit: true},
	Maintenance:    {Status: 503, Body: `{"message": "Service Unavailable"}`, Header: http.Header{"Retry-After": {"60"}}},
	BadGateway:     {Status: 502},
	GatewayTimeout: {Status: 504, AfterCommit: true},
	Truncated:      {TruncateBody: true},
	Warning:        {Status: 201, Body: `<b>Warning</b>: oops<br />{"success": true, "data": {"id": 1, "name": "vip"}}`, AfterCommit: true},
}
