package funnel

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"github.com/funnel-go/funnel/internal/envelope"
	"github.com/funnel-go/funnel/internal/quota"
)

// A response is the result of one attempt.
type response struct {
	status int // 0: there was no response
	header http.Header
	body   []byte // complete, or as much of it as was read
	quota  quota.Headers
	proto  string
	peer   net.Addr // nil: unknown

	err     error // why there is no complete response
	refused bool  // err is of the admission or the authentication: nothing was sent
	unsent  bool  // certainly nothing was sent
	repeats int   // how often net/http has repeated the request on its own
}

// errTooLarge marks a response over the client's limit: it would be no smaller
// next time.
var errTooLarge = errors.New("the response is too large")

// attempt makes one attempt: it waits for its turn, sends the request and reads the
// complete response.
func (c *call) attempt(ctx context.Context, req *http.Request) response {
	core := c.core
	if paused := core.admission.Paused(); !paused.IsZero() && c.attempts == 0 && core.admission.Refuse(ctx, &c.place) == nil {
		core.observers.waits(ctx, WaitInfo{CallInfo: c.info(), Reason: WaitPause, Duration: time.Until(paused)})
	}
	queued := time.Now()
	if c.attempts > 0 {
		queued = c.failed
	}
	admission, stop := either(ctx, c.admission)
	defer stop()
	done, err := core.admit(admission, &c.place)
	switch {
	case err == nil:
		// Its turn and its end may have come together, and the context that it
		// waited with is the last to end.
		if err = c.over(ctx); err != nil {
			done(quota.Outcome{Remaining: quota.Unknown, Ended: true})
		}
	case isStopped(admission) && errors.Is(err, context.Canceled), // also where a limiter wraps it
		err == admission.Err(): //nolint:errorlint // an error that matches it, such as that of the quota, says more
		err = contextError(admission)
	}
	if err != nil {
		return response{err: err, refused: true}
	}
	outcome := quota.Outcome{Sent: true, Remaining: quota.Unknown} // should the code below panic
	defer func() { done(outcome) }()
	c.attempts++
	started := time.Now()
	info := AttemptInfo{CallInfo: c.info(), Attempt: c.attempts, Waited: started.Sub(queued)}
	ctx = core.observers.attemptStart(ctx, info)

	got := noResponse(panicked{}, false) // should the code below panic
	defer func() {
		core.observers.attemptDone(ctx, info, AttemptResult{
			StatusCode: got.status,
			Header:     got.header,
			Body:       got.body,
			Proto:      got.proto,
			Peer:       got.peer,
			Duration:   time.Since(started),
			Err:        got.err,
		})
	}()
	got = c.send(ctx, req)

	core.noteQuota(got.quota)
	outcome = quota.Outcome{
		Sent:       !got.unsent,
		StatusCode: got.status,
		Remaining:  got.quota.Remaining,
		Limit:      got.quota.Limit,
		RetryAfter: got.quota.RetryAfter,
		Repeats:    got.repeats,
		Failed:     got.isOutage() && ctx.Err() == nil,
		Ended:      ctx.Err() != nil && !got.isResponse(),
		Success:    got.isResponse(),
	}
	return got
}

// isResponse reports whether the API itself has responded, and not with a 429.
func (got *response) isResponse() bool {
	return got.status != 0 && got.status != http.StatusTooManyRequests && !got.isOutage()
}

// isOutage reports whether the API seems to be away: a 5xx, no complete response, or a
// response of something else, such as a proxy's 404 during a deployment.
func (got *response) isOutage() bool {
	switch {
	case got.refused:
		return false
	case got.status >= 500:
		return true
	case got.err != nil:
		return !isBadTLS(got.err) && !errors.Is(got.err, errTooLarge)
	}
	return got.isForeign()
}

// isForeign reports whether a response below 500 is in none of the forms in which the API
// and Laravel respond. An empty 2xx can be the response to a call without a result.
func (got *response) isForeign() bool {
	switch {
	case got.status == http.StatusTooManyRequests:
		return false
	case got.status/100 == 3:
		return got.status != http.StatusNotModified
	case got.status/100 == 2:
		body := bytes.TrimSpace(got.body)
		return len(body) > 0 && body[0] != '{' && !json.Valid(body)
	case len(got.body) == 0 && (got.status == http.StatusUnauthorized || got.status == http.StatusForbidden):
		return false // a gateway's, for a wrong key
	case got.status/100 != 4:
		return false
	}
	failure := envelope.ParseFailure(got.body)
	return failure.Code == "" && failure.Message == "" && len(failure.Details) == 0 && !json.Valid(got.body)
}

// over says why nothing more is to be sent for the call, if that is so.
func (c *call) over(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return contextError(ctx)
	case c.admission != nil && isStopped(c.admission):
		return contextError(c.admission)
	}
	return nil
}

// send authenticates and sends the request, and reads the response.
func (c *call) send(parent context.Context, req *http.Request) response {
	ctx := parent
	if timeout := c.core.attemptTimeout; timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	req = req.WithContext(ctx)
	req.Header = c.attemptHeader(req.Header["Cookie"])
	target := *req.URL // authentication may add to the query
	req.URL = &target
	if err := c.core.authenticate(req); err != nil {
		got := noResponse(c.cause(ctx, parent, err), true)
		got.refused = true
		return got
	}
	// Only now, because authentication may make requests of its own with the context.
	var conn connTrace
	req = req.WithContext(httptrace.WithClientTrace(ctx, conn.hooks()))
	transport := c.core.transport()
	resp, err := transport.RoundTrip(req)
	if resp == nil && err == nil { // this, and a body that is nil, http.Client would have checked
		err = fmt.Errorf("the transport, a %T, returned neither a response nor an error", transport)
	}
	if err != nil {
		got := noResponse(c.cause(ctx, parent, err), conn.isUnsent())
		got.repeats, got.peer = conn.repeats(), conn.lastPeer()
		return got
	}
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 {
		// No final response. The body of a 101 is the bare connection, and reading
		// it would not end with the context.
		return noResponse(fmt.Errorf("the response has the status %d, which is not a final response", resp.StatusCode), false)
	}
	got := response{
		status:  resp.StatusCode,
		header:  resp.Header,
		quota:   quota.ParseHeaders(resp.StatusCode, resp.Header),
		proto:   resp.Proto,
		peer:    conn.lastPeer(),
		repeats: conn.repeats(),
	}
	if got.status == http.StatusTooManyRequests { // before the body is read: that takes time
		c.core.pause(parent, c.core.rateLimitWait(got.quota))
	}
	if got.body, err = readBody(resp, c.core.maxResponseBytes); err != nil {
		got.err = c.cause(ctx, parent, err)
	}
	return got
}

// authenticate makes sure that what it leaves can be sent at all, so that what
// fails afterwards may have been.
func (c *core) authenticate(req *http.Request) error {
	if err := c.auth(req); err != nil {
		return fmt.Errorf("authentication: %w", err)
	}
	for key, values := range req.Header {
		for _, value := range values {
			if err := checkHeader(key, value); err != nil {
				return fmt.Errorf("authentication: %w", err)
			}
		}
	}
	return req.Context().Err()
}

// cause is why an attempt has no complete response: the whole call's time, or the
// attempt's own, ran out, or else what the transport says.
func (c *call) cause(ctx, parent context.Context, err error) error {
	switch {
	case parent.Err() != nil:
		return contextError(parent) // err may be the cause alone
	case ctx.Err() != nil:
		return fmt.Errorf("no complete response within %s: %w", c.core.attemptTimeout, c.scrub(withoutURL(err)))
	}
	err = c.scrub(withoutURL(err))
	if noTLS := (tls.RecordHeaderError{}); errors.As(err, &noTLS) {
		return fmt.Errorf("the server does not use TLS: is the base URL's scheme http? %w", err)
	}
	return err
}

func noResponse(err error, unsent bool) response {
	return response{err: err, unsent: unsent, quota: quota.Headers{Limit: quota.Unknown, Remaining: quota.Unknown}}
}

// readBody reads the whole body, which the transport has decompressed. Of one that says
// that it is too large it reads only what an error shows.
func readBody(resp *http.Response, limit int64) ([]byte, error) {
	var buf bytes.Buffer
	n, most := resp.ContentLength, limit
	switch {
	case n > limit:
		most = min(limit, maxErrorBody+longestKey+1)
	case n > 0 && n <= 1<<20:
		buf.Grow(int(n) + bytes.MinRead) // room to see the end without growing
	}
	_, err := buf.ReadFrom(io.LimitReader(resp.Body, most+1))
	if int64(buf.Len()) > most {
		return buf.Bytes()[:most], fmt.Errorf("%w: it has more than %d bytes (see WithMaxResponseBytes)", errTooLarge, limit)
	}
	if err != nil {
		return buf.Bytes(), fmt.Errorf("the response was cut short after %d bytes: %w", buf.Len(), err)
	}
	return buf.Bytes(), nil
}

// A connTrace finds out by httptrace whether a request may have been sent, because
// the errors do not say it reliably. A transport that does not report connections
// counts as having sent the request.
type connTrace struct {
	requested atomic.Bool
	got       atomic.Int32 // connections that the request was written to

	mu   sync.Mutex
	peer net.Addr // of the last connection
}

func (t *connTrace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { t.requested.Store(true) },
		GotConn: func(info httptrace.GotConnInfo) {
			t.got.Add(1)
			if info.Conn != nil { // some transports report none
				t.mu.Lock()
				defer t.mu.Unlock()
				t.peer = info.Conn.RemoteAddr()
			}
		},
	}
}

func (t *connTrace) lastPeer() net.Addr {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.peer
}

func (t *connTrace) isUnsent() bool { return t.requested.Load() && t.got.Load() == 0 }

// repeats returns how often net/http has sent the request again by itself.
func (t *connTrace) repeats() int { return max(0, int(t.got.Load())-1) }
