package conformance

import (
	"net/http"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/contracttest"
)

// A Failure is something that goes wrong in a server or in front of it.
type Failure string

// The failures. A request that is not said to take effect has no effect.
const (
	Forbidden      Failure = "forbidden"       // 403 FORBIDDEN
	ServerError    Failure = "server error"    // 500 SERVER_ERROR
	DebugPage      Failure = "debug page"      // 500, Laravel's debug page as JSON; needs Options.Debug
	Crash          Failure = "crash"           // the process dies: 502
	CrashAfter     Failure = "crash after"     // the same, but the request takes effect
	Maintenance    Failure = "maintenance"     // 503 with Retry-After, Laravel's maintenance mode
	BadGateway     Failure = "bad gateway"     // 502: the proxy does not reach the application
	GatewayTimeout Failure = "gateway timeout" // 504: the request takes effect, but too late for the proxy
	Truncated      Failure = "truncated body"  // the request takes effect; half of the body is sent
	Warning        Failure = "PHP warning"     // the request takes effect; the JSON follows a warning in HTML
)

// broken are the responses to POST /tag of the failures that the contract does
// not describe.
var broken = map[Failure]struct {
	status  int
	body    string // a part of it
	applied bool   // the request takes effect
}{
	DebugPage:      {http.StatusInternalServerError, `"exception": "RuntimeException"`, false},
	Crash:          {http.StatusBadGateway, "<h1>502 Bad Gateway</h1>", false},
	CrashAfter:     {http.StatusBadGateway, "<h1>502 Bad Gateway</h1>", true},
	Maintenance:    {http.StatusServiceUnavailable, `"Service Unavailable"`, false},
	BadGateway:     {http.StatusBadGateway, "<h1>502 Bad Gateway</h1>", false},
	GatewayTimeout: {http.StatusGatewayTimeout, "<h1>504 Gateway Time", true},
	Truncated:      {http.StatusCreated, `{"success":true,`, true},
	Warning:        {http.StatusCreated, "<b>Warning</b>", true},
}

// brokenFlow has requests fail once. Without retries the call fails, with retries
// it succeeds.
func brokenFlow(failure Failure) func(*session) {
	return func(a *session) {
		a.need(a.server.Fail != nil, "Fail")
		want := broken[failure]
		var response funnel.Response
		ctx := contracttest.AnyResponse(funnel.WithResponse(a.ctx, &response))

		a.server.Fail(failure)
		_, err := a.Tags.Create(funnel.WithoutRetry(ctx), funnel.TagCreateParams{Name: "vip"})
		a.Error(err)
		a.True(funnel.MayHaveBeenApplied(err), "the client cannot know: %v", err)
		a.Equal(want.status, response.StatusCode)
		a.Contains(string(response.Body), want.body)
		if failure == Maintenance {
			a.Equal("60", response.Header.Get("Retry-After"))
		}
		a.Equal(want.applied, len(all(a, a.Tags.All(a.ctx, funnel.TagListParams{}))) == 1)

		a.Client = a.connect(a.server.APIKey, funnel.WithRetry(funnel.RetryPolicy{MinWait: time.Millisecond, MaxWait: time.Millisecond}))
		a.server.Fail(failure)
		_, err = a.Tags.List(ctx, funnel.TagListParams{})
		a.NoError(err)
		a.Equal(2, response.Attempts)

		a.server.Fail(failure)
		id, _, err := a.Contacts.Upsert(ctx, funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada"})
		a.NoError(err)
		got, err := a.Contacts.Get(a.ctx, funnel.Email("ada@example.com"))
		a.NoError(err)
		a.Equal("Ada", got.FirstName)
		a.Contains([]funnel.ContactID{0, got.ID}, id, "0 if no response contains it")

		a.server.Fail(failure)
		a.NoError(a.Contacts.Update(ctx, got.ID, funnel.ContactUpdateParams{FirstName: funnel.Ptr("Augusta")}))
		a.Equal(2, response.Attempts)

		a.server.Fail(failure)
		a.NoError(a.Contacts.Delete(ctx, got.ID), "also if the first attempt has deleted it")
		a.Equal(2, response.Attempts)
		_, err = a.Contacts.Get(a.ctx, got.ID)
		a.ErrorIs(err, funnel.ErrNotFound)
	}
}
