package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestControl_Faults(t *testing.T) {
	t.Parallel()
	e := quiet()
	for _, tt := range []struct{ spec, text string }{
		{`{"status": 503, "times": 2, "method": "POST", "path": "/v1/tag"}`, "503 to POST /v1/tag: the next 2 requests"},
		{`{"code": "FORBIDDEN", "path": "/tags", "header": {"x-trace": "7"}}`, "FORBIDDEN to /tags: the next request"},
		{`{"drop_connection": true, "after_commit": true, "times": -1}`, "no response: all requests, until cleared"},
	} {
		status, _ := control(t, e, "POST", "faults", tt.spec)
		require.Equal(t, http.StatusCreated, status)
		list := e.faults.list()
		require.Equal(t, tt.text, list[len(list)-1].Text)
	}
	require.Contains(t, shown(t, e, "/", "faults"), "503 to POST /v1/tag: the next 2 requests Clear")

	require.Equal(t, 503, callAPI(e, "POST", "/v1/tag", `{"name":"vip"}`).Code)
	forbidden := callAPI(e, "GET", "/v1/tags")
	require.Equal(t, 403, forbidden.Code)
	require.Equal(t, "7", forbidden.Header().Get("X-Trace"))
	callAPI(e, "POST", "/v1/sequence", `{"name":"hello"}`) // dropped, after it was carried out
	require.Equal(t, 1, e.api.Counts()["sequences"])

	status, data := control(t, e, "GET", "faults")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, map[string]any{"faults": []any{
		map[string]any{"id": "1", "text": "503 to POST /v1/tag: the next request", "left": 1.0},
		map[string]any{"id": "3", "text": "no response: all requests, until cleared", "left": -1.0},
	}}, data)

	for id, want := range map[string]int{"3": 204, "2": 404, "9": 404} {
		status, _ = control(t, e, "DELETE", "faults/"+id)
		require.Equal(t, want, status, id)
	}
	require.Len(t, e.faults.list(), 1)
	status, _ = control(t, e, "DELETE", "faults")
	require.Equal(t, http.StatusNoContent, status)
	require.Empty(t, e.faults.list())
	require.Equal(t, 201, callAPI(e, "POST", "/v1/tag", `{"name":"vip"}`).Code)
}

func TestControl_FaultDelaysTheRealResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := quiet()
		status, data := control(t, e, "POST", "faults", `{"delay": "1m30s"}`)
		require.Equal(t, []any{http.StatusCreated, "1"}, []any{status, data["id"]})
		began := time.Now()
		require.Equal(t, 200, callAPI(e, "GET", "/v1/tags").Code)
		require.Equal(t, 90*time.Second, time.Since(began))
	})
}

// A mistake changes nothing, and the response names it.
func TestControl_InvalidRequests(t *testing.T) {
	t.Parallel()
	e := quiet()
	for _, tt := range []struct {
		target, body string
		status       int
		message      string
	}{
		{"faults", ``, 400, "the body is not the expected JSON object: EOF"},
		{"faults", `{"stauts": 500}`, 400, `unknown field "stauts"`},
		{"faults", `{"status": "500"}`, 400, "status of type int"},
		{"faults", `{"status": 500} {}`, 400, "more than one JSON object"},
		{"faults", `{}`, 400, "a fault without effect"},
		{"faults", `{"status": 99}`, 400, "a fault cannot have status 99: want 200 to 599"},
		{"faults", `{"status": 500, "method": "post"}`, 400, "want capitals"},
		{"faults", `{"status": 503, "path": "/v1"}`, 400, `the path "/v1" is that of no operation: want one such as /contact, or leave it out for all`},
		{"faults", `{"status": 503, "path": "/v1tags"}`, 400, "want one without a query, as in /contact"},
		{"faults", `{"delay": 5}`, 400, `5 is not a duration: want a number with a unit in quotes, such as "90s"`},
		{"faults", `{"delay": "5"}`, 400, `"5" is not a duration`},
		{"faults", `{"body": "` + strings.Repeat("x", maxForm) + `"}`, 400, "request body too large"},
		{"deliver", `{`, 400, "the body is the event to send: it must be JSON"},
		{"deliver", ``, 400, "the body is the event to send: it must be JSON"},
		{"deliver", `{}`, 409, "no active webhook is registered: register one with POST /v1/webhook"},
		{"clock", `{"advance": "-1s"}`, 400, "advance: is zero or negative, and the clock only moves forward: use a duration such as 25h"},
		{"clock", `{}`, 400, "advance: is zero or negative, and the clock only moves forward: use a duration such as 25h"},
		{"clock", `{"advance": "876001h"}`, 400, "advance: the clock can be at most 100 years ahead"},
		{"clock", `{"now": "2030-01-01T00:00:00Z"}`, 400, `unknown field "now"`},
	} {
		status, data := control(t, e, "POST", tt.target, tt.body)
		require.Equal(t, tt.status, status, tt.body)
		require.Contains(t, data["error"], tt.message)
	}
	require.Empty(t, e.faults.list())
	require.Zero(t, e.clock.ahead.Load())
}

func TestControl_Deliver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hook := &receiver{}
		e := quiet(funneltest.WithWebhookHandler(hook))
		defer e.api.Close()
		callAPI(e, "POST", "/v1/webhook", `{"url":"https://shop.example/hook"}`)
		status, data := control(t, e, "POST", "deliver", `{ "event": "order.paid" }`)
		require.Equal(t, http.StatusAccepted, status)
		require.Nil(t, data)
		require.NoError(t, e.api.WaitForDeliveries(t.Context()))
		require.Equal(t, []string{`{ "event": "order.paid" }`}, hook.bodies)
		_, data = control(t, e, "GET", "deliver")
		delivery := data["deliveries"].([]any)[0].(map[string]any)
		delete(delivery, "time")
		require.Equal(t, map[string]any{"webhook_id": 1.0, "body": `{ "event": "order.paid" }`, "state": "delivered",
			"attempts": 1.0, "status": 200.0, "error": ""}, delivery)
	})
}

func TestControl_Clock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := quiet(funneltest.WithRateLimit(1, time.Hour))
		status, data := control(t, e, "GET", "clock")
		require.Equal(t, []any{http.StatusOK, "2000-01-01T00:00:00Z"}, []any{status, data["now"]})
		require.NotContains(t, ask(e, "/").Body.String(), "ahead")
		require.Equal(t, 200, callAPI(e, "GET", "/v1/tags").Code)
		require.Equal(t, 429, callAPI(e, "GET", "/v1/tags").Code)

		status, data = control(t, e, "POST", "clock", `{"advance": "59m59s"}`)
		require.Equal(t, []any{http.StatusOK, "2000-01-01T00:59:59Z"}, []any{status, data["now"]})
		require.Contains(t, shown(t, e, "/", "quota"), "resets in 1 s")
		require.Contains(t, ask(e, "/").Body.String(), "clock is 59m59s ahead")
		require.Equal(t, 429, callAPI(e, "GET", "/v1/tags").Code)
		control(t, e, "POST", "clock", `{"advance": "1s"}`)
		require.Equal(t, 201, callAPI(e, "POST", "/v1/tag", `{"name":"vip"}`).Code)
		snapshot, err := e.api.Snapshot()
		require.NoError(t, err)
		require.Contains(t, string(snapshot), `"created_at":"2000-01-01T01:00:00.000000Z"`)
	})
}

func TestControl_Reset(t *testing.T) {
	t.Parallel()
	seed := filepath.Join(t.TempDir(), "seed.json")
	require.NoError(t, os.WriteFile(seed, []byte(`{"version":2,"tags":{"rows":[{"id":3,"name":"seeded"}]}}`), 0o600))
	for _, tt := range []struct {
		flags []string
		tags  []string
	}{
		{nil, []string{"newsletter", "customer", "workshop"}},
		{[]string{"-empty"}, nil},
		{[]string{"-seed", seed}, []string{"seeded"}},
	} {
		state := filepath.Join(t.TempDir(), "state.json")
		p := start(t, append(tt.flags, "-state", state, "-save-every", "1h")...)
		require.Equal(t, tt.tags, listTags(t, newClient(t, p.url, p.key)))
		p.send("POST", "/v1/tag", `{"name":"new"}`, 201)
		p.send("POST", "/v1/webhook", `{"url":"https://shop.example/hook"}`, 201)
		p.send("POST", "/_emulator/deliver", `1`, 202)
		p.send("POST", "/_emulator/faults", `{"status":500,"times":-1}`, 201)
		p.send("POST", "/_emulator/clock", `{"advance":"1h"}`, 200)
		p.send("GET", "/v1/tags", ``, 500)

		p.send("POST", "/_emulator/reset", ``, 204)
		require.Equal(t, tt.tags, listTags(t, newClient(t, p.url, p.key)))
		require.JSONEq(t, `{"faults":[]}`, p.send("GET", "/_emulator/faults", ``, 200))
		require.JSONEq(t, `{"deliveries":[]}`, p.send("GET", "/_emulator/deliver", ``, 200))
		_, _, page := fetch(t, p.url)
		require.NotContains(t, page, "ahead")
		require.Contains(t, page, "<strong>1</strong> of 600")
		require.NoError(t, p.stop())
		require.NotContains(t, read(t, state), `"new"`, "the state file has the account after the reset")
	}
}

// Clients and saves see the account from before a reset or the new one.
func TestControl_ResetIsOneStep(t *testing.T) {
	t.Parallel()
	e := quiet(funneltest.WithRateLimit(0, 0))
	e.initial = sampleData
	control(t, e, "POST", "reset")
	var resetting sync.WaitGroup
	ended := make(chan struct{})
	resetting.Go(func() {
		defer close(ended)
		for range 200 {
			_, _, err := e.reset(nil)
			assert.NoError(t, err)
		}
	})
	defer resetting.Wait()
	for {
		select {
		case <-ended:
			return
		default:
		}
		require.Equal(t, 200, callAPI(e, "GET", "/v1/contact?contact_id=1").Code)
		saved, err := e.api.Snapshot()
		require.NoError(t, err)
		require.Contains(t, string(saved), "mira@example.com")
	}
}

// TestControl_ResetBeginsWithTheClock looks at the emulator when the reset abandons a
// pending delivery: the account is still the old one. A window of the rate limit that
// opens now must not end in the future of the old clock.
func TestControl_ResetBeginsWithTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var e *emulator
		tags, ahead := 0, time.Duration(-1)
		e = quiet(funneltest.WithWebhookHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			callAPI(e, "GET", "/v1/tags")
			tags, ahead = e.api.Counts()["tags"], time.Duration(e.clock.ahead.Load())
		})))
		defer e.api.Close()
		callAPI(e, "POST", "/v1/tag", `{"name":"old"}`)
		callAPI(e, "POST", "/v1/webhook", `{"url":"https://shop.example/hook"}`)
		control(t, e, "POST", "deliver", `1`)
		synctest.Wait()
		control(t, e, "POST", "clock", `{"advance":"25h"}`)
		status, _ := control(t, e, "POST", "reset")
		require.Equal(t, http.StatusNoContent, status)
		require.Equal(t, 1, tags)
		require.Zero(t, ahead)
		require.Zero(t, e.api.Counts()["tags"])
		require.Zero(t, e.api.Quota().Used)
		require.Zero(t, e.api.Quota().Ends)
	})
}

// Only this machine controls the emulator, whatever its address; the page can be
// seen by all.
func TestControl_OtherMachines(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]int{"127.0.0.1:1": 200, "[::1]:1": 200, "[::ffff:127.0.0.1]:1": 200, "192.0.2.1:1": 403, "[2001:db8::1]:1": 403, "": 403} {
		e := quiet()
		ask := func(method, target string) int {
			r := httptest.NewRequest(method, "http://127.0.0.1:8080"+target, strings.NewReader(`{"advance":"1s"}`))
			r.RemoteAddr = remote
			return send(e, r).Code
		}
		require.Equal(t, want, ask("GET", "/_emulator/clock"), remote)
		require.Equal(t, want, ask("POST", "/_emulator/clock"), remote)
		require.Equal(t, want == 403, ask("POST", "/_emulator/reset") == 403, remote)
		require.Equal(t, want == 403, ask("POST", "/_emulator/page/faults") == 403, remote)
		require.Equal(t, 200, ask("GET", "/"), remote)
		e.remoteControl = true
		require.Equal(t, 200, ask("POST", "/_emulator/clock"), remote)
	}
}

func TestSeed_Errors(t *testing.T) {
	t.Parallel()
	seed := filepath.Join(t.TempDir(), "seed.json")
	for content, want := range map[string]string{
		`{`: "unexpected end of JSON input",
		`{"version":2,"contacts":{"rows":[{"id":1,"mail":"ada@example.com"}]}}`: `contacts: json: unknown field "mail"`,
		`{"contacts":{"rows":[]}}`: `the field "version" is missing: add "version": 2`,
	} {
		require.NoError(t, os.WriteFile(seed, []byte(content), 0o600))
		err := run(t.Context(), []string{"-addr", "127.0.0.1:0", "-seed", seed}, new(syncBuffer), new(syncBuffer))
		require.EqualError(t, err, "-seed: "+seed+" cannot be loaded: funneltest: snapshot: "+want)
	}
}

func TestSeed_StateFileComesFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	seed, state := filepath.Join(dir, "seed.json"), filepath.Join(dir, "state.json")
	require.NoError(t, os.WriteFile(seed, []byte(`{"version":2,"tags":{"rows":[{"id":3,"name":"seeded"}]}}`), 0o600))
	require.NoError(t, start(t, "-empty", "-state", state).stop())
	p := start(t, "-seed", seed, "-state", state)
	require.Empty(t, listTags(t, newClient(t, p.url, p.key)))
}
