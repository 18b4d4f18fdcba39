package laraveltest_test

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/contracttest/conformance"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/laraveltest"
)

// TestRun_Laravel runs the suite that the fake passes too.
func TestRun_Laravel(t *testing.T) {
	t.Parallel()
	laraveltest.Start(t) // skips without PHP
	conformance.Run(t, suite{})
}

// suite is Laravel as a server of the suite.
type suite struct{}

func (suite) NewAccount(t testing.TB, o conformance.Options) *conformance.Account {
	var options []laraveltest.Option
	if o.NoSubdomain {
		options = append(options, laraveltest.WithoutSubdomain())
	}
	if o.RateLimit > 0 {
		options = append(options, laraveltest.WithThrottle(o.RateLimit, time.Minute))
	}
	if o.Debug {
		options = append(options, laraveltest.WithDebug())
	}
	s := laraveltest.Start(t, options...)
	t.Cleanup(func() { require.Zero(t, s.PendingFaults()) })
	detour := &detour{server: s}
	routes, err := os.ReadFile("api/routes/api.php")
	require.NoError(t, err)
	return &conformance.Account{
		BaseURL:   s.URL,
		APIKey:    s.APIKey,
		Transport: detour,
		Lacks: func(operation string) bool {
			method, path, _ := strings.Cut(operation, " /")
			return !strings.Contains(string(routes), "Route::"+strings.ToLower(method)+"('"+path+"'")
		},
		AddCustomField: func(f funnel.CustomField) funnel.CustomFieldID {
			return s.AddCustomField(funneltest.CustomField{Name: f.Name, Type: string(f.Type), Values: f.Values})
		},
		AddOrder: func(o funnel.Order) funnel.OrderID {
			return s.AddOrder(funneltest.Order{
				IDOrder: o.IDOrder, IDCustomer: o.IDCustomer, Email: o.Email, Firstname: o.Firstname, Lastname: o.Lastname, Type: o.Type,
				Status: string(o.Status), Amount: string(o.Amount), Currency: o.Currency, CreatedAt: o.CreatedAt.Time,
			})
		},
		AddTransaction: func(p funnel.Transaction) funnel.TransactionID {
			return s.AddTransaction(funneltest.Transaction{
				IDTransaction: p.IDTransaction, IDOrder: p.IDOrder, IDInvoice: p.IDInvoice, IDCustomer: p.IDCustomer, Status: string(p.Status),
				Type: p.Type, Amount: string(p.Amount), Currency: p.Currency, CreatedAt: p.CreatedAt.Time,
			})
		},
		AddSubscription: func(sub funnel.Subscription) funnel.SubscriptionID {
			return s.AddSubscription(funneltest.Subscription{
				IDCustomer: sub.IDCustomer, Email: sub.Email, Firstname: sub.Firstname, Lastname: sub.Lastname, Status: string(sub.Status), Name: sub.Name,
				Amount: string(sub.Amount), Currency: sub.Currency, PaymentSource: sub.PaymentSource, Rate: sub.Rate, Trial: sub.Trial,
				PaymentsLeft: sub.PaymentsLeft.Count, RebillDate: sub.RebillDate.Time, CreatedAt: sub.CreatedAt.Time,
			})
		},
		Fail:    detour.fail,
		Advance: s.Advance,
		Deliver: func(event any) error {
			s.Deliver(event)
			return nil
		},
	}
}

// faults are the failures that happen inside the application.
var faults = map[conformance.Failure]laraveltest.Fault{
	conformance.Forbidden:      laraveltest.Forbidden,
	conformance.ServerError:    laraveltest.Exception,
	conformance.DebugPage:      laraveltest.Exception,
	conformance.Crash:          laraveltest.Crash,
	conformance.CrashAfter:     laraveltest.CrashAfter,
	conformance.GatewayTimeout: laraveltest.SlowAfter,
	conformance.Truncated:      laraveltest.Truncate,
	conformance.Warning:        laraveltest.Warning,
}

// A detour is a transport to a server. Its next request takes the way that a
// failure needs.
type detour struct {
	server *laraveltest.Server

	mu   sync.Mutex
	next conformance.Failure
}

func (d *detour) fail(f conformance.Failure) {
	if fault, ok := faults[f]; ok {
		d.server.Fail(fault)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next = f
}

func (d *detour) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	failure := d.next
	d.next = ""
	d.mu.Unlock()
	switch failure {
	case conformance.BadGateway:
		return d.send(r, laraveltest.Gone)
	case conformance.GatewayTimeout:
		return d.send(r, laraveltest.Hasty)
	case conformance.Maintenance:
		d.server.Down()
		defer d.server.Up()
	}
	return http.DefaultTransport.RoundTrip(r)
}

// send sends a request through a front.
func (d *detour) send(r *http.Request, front laraveltest.Front) (*http.Response, error) {
	target, err := url.Parse(strings.Replace(r.URL.String(), d.server.URL, d.server.Behind(front), 1))
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL = target
	return http.DefaultTransport.RoundTrip(r)
}
