package funnel

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/funnel-go/funnel/internal/envelope"
	"github.com/funnel-go/funnel/internal/quota"
)

// A decoder reads the body of a successful response.
type decoder func(body []byte) error

// do makes a call. A nil decoder expects no result.
func (c *core) do(ctx context.Context, req request, decode decoder) error {
	if err := c.ready(ctx); err != nil {
		return err
	}
	opts := callOptionsFrom(ctx)
	if opts.response != nil {
		*opts.response = Response{}
	}
	if opts.err != nil {
		return opts.err
	}
	if err := req.addFields(opts.fields); err != nil {
		return err
	}
	opts.item.begin(c)
	once := opts.noRetry || c.policy.MaxAttempts == 1
	place := quota.Call{Background: opts.background, Patience: c.policy.patience(opts.background), Once: once && !opts.background, Operation: req.method + " " + req.path}
	call := &call{core: c, place: place, request: req, decode: decode, noResult: decode == nil, noRetry: opts.noRetry, header: opts.header, admission: opts.item.admissionOf(c)}
	if call.noResult {
		call.decode = envelope.Success
	}
	if req.body != nil {
		var err error
		if call.payload, err = json.Marshal(req.body); err != nil {
			return argumentError("body", "cannot be sent as JSON: %v", err)
		}
		if len(opts.fields) == 0 && losesText(req.body, call.payload) { // else addFields has looked
			return argumentError("body", notUTF8)
		}
	}
	info := call.info()
	started := time.Now()
	ctx = c.observers.callStart(ctx, info)
	var err error = panicked{} // should the code below panic
	defer func() {
		c.observers.callDone(ctx, info, CallResult{
			StatusCode: call.last.status,
			Attempts:   call.attempts,
			Duration:   time.Since(started),
			Err:        err,
		})
	}()
	err = call.run(ctx)
	if err != nil {
		opts.item.fail(c)
	}
	if opts.response != nil {
		*opts.response = call.response()
	}
	return err
}

// panicked is the error that observers get for a call or an attempt in which the
// user's code has panicked.
type panicked struct{}

func (panicked) Error() string { return "funnel: the call panicked" }

// newRequest builds the HTTP request that every attempt copies. It has no header
// yet: each attempt gets its own.
func (c *call) newRequest(ctx context.Context) *retryablehttp.Request {
	u := *c.core.base
	if u.RawPath != "" {
		u.RawPath += (&url.URL{Path: c.path}).EscapedPath()
	}
	u.Path += c.path
	u.RawQuery = c.query
	httpReq := http.Request{
		Method:     c.method,
		URL:        &u,
		Host:       u.Host,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     http.Header{},
	}
	req := &retryablehttp.Request{Request: httpReq.WithContext(ctx)}
	if c.payload != nil {
		_ = req.SetBody(c.payload) // it takes bytes
	}
	return req
}

// attemptHeader returns the header of one attempt: the client's, with what the
// call has of its own, and the cookies of a jar, if there is one.
func (c *call) attemptHeader(cookies []string) http.Header {
	header := c.core.header.Clone()
	if c.payload != nil {
		header["Content-Type"] = []string{"application/json"}
	}
	for key, values := range c.header {
		header[key] = values
	}
	if len(cookies) > 0 {
		header["Cookie"] = []string{strings.Join(append(slices.Clone(header["Cookie"]), cookies...), "; ")}
	}
	return header
}

func (c *call) response() Response {
	return Response{
		StatusCode: c.last.status,
		Header:     c.last.header,
		RequestID:  c.last.header.Get("X-Request-Id"),
		Attempts:   c.attempts,
		Body:       c.last.body,
	}
}

// A call is the state of one call, over all its attempts. run leaves each attempt's
// response in it, and judge decides what that means.
type call struct {
	core *core
	request
	decode   decoder
	noResult bool
	noRetry  bool
	payload  []byte      // the body as it is sent; nil: none
	header   http.Header // of the call's own

	place     quota.Call      // at the admission
	admission context.Context // over: nothing more is sent, see itemCalls; may be nil

	attempts           int
	mayHaveBeenApplied bool      // some attempt may have taken effect, and it is unknown
	last               response  // of the last attempt
	failed             time.Time // when the last attempt was found to need another one
	refusal            error     // why another one was not sent
	err                error     // what the call fails with as things stand
}

func (c *call) info() CallInfo {
	return CallInfo{Method: c.method, Path: c.path, BaseURL: c.core.base}
}
