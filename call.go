package funnel

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/go-querystring/query"
	"github.com/hashicorp/go-retryablehttp"

	"github.com/funnel-go/funnel/internal/envelope"
	"github.com/funnel-go/funnel/internal/quota"
)

// A request is one operation with its arguments.
type request struct {
	method string
	path   string // of the operation, below the base path
	query  string // encoded
	body   any    // sent as JSON; nil: none

	// repeatable says of a POST that doing it twice is as doing it once, since
	// what it creates has a unique key or it only adds to a set.
	repeatable bool
}

// A decoder reads the body of a successful response.
type decoder func(body []byte) error

// fetch makes the call and returns its result. isSame, if not nil, checks that it
// is the one that was requested.
func fetch[T any](ctx context.Context, c *core, req request, isSame func(*T) error) (*T, error) {
	var result *T
	err := c.do(ctx, req, func(body []byte) (err error) {
		if result, err = envelope.Data[T](body); err != nil {
			return err
		}
		if err = checkResult(result); err == nil && isSame != nil {
			err = isSame(result)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// checkResult refuses a resource without its own id, which is a response of
// another shape than the contract's.
func checkResult[T any](result *T) error {
	v := reflect.ValueOf(result).Elem()
	if id, ok := idOf(v); ok && id <= 0 {
		return fmt.Errorf("%w: it has no id", envelope.ErrUnexpected)
	}
	if funnel, ok := any(result).(*Funnel); ok {
		return checkItems(funnel.Steps)
	}
	return nil
}

// decodeInto is the decoder for a result of the user's own type.
func decodeInto(out any) decoder {
	return func(body []byte) error {
		data, err := envelope.Data[json.RawMessage](body)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(*data, out); err != nil {
			return fmt.Errorf("%w: %w", envelope.ErrUnexpected, err)
		}
		if envelope.HasNoneOf(*data, reflect.TypeOf(out)) {
			return fmt.Errorf("%w: it has none of the fields of %T", envelope.ErrUnexpected, out)
		}
		return nil
	}
}

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
	if err := opts.addFields(&req); err != nil {
		return err
	}
	if opts.item != nil && opts.item.core != c {
		opts.item.another.Store(true)
		opts.item, opts.admission = nil, nil // what ends the bulk job is not this client's affair
	}
	once := opts.noRetry || c.policy.MaxAttempts == 1
	place := quota.Call{Background: opts.background, Patience: c.policy.patience(opts.background), Once: once && !opts.background, Operation: req.method + " " + req.path}
	call := &call{core: c, place: place, request: req, decode: decode, noResult: decode == nil, noRetry: opts.noRetry, header: opts.header, admission: opts.admission}
	if call.noResult {
		call.decode = envelope.Success
	}
	if req.body != nil {
		var err error
		if call.payload, err = json.Marshal(req.body); err != nil {
			return argumentError("body", "cannot be sent as JSON: %v", err)
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
	if opts.item != nil && err != nil {
		opts.item.own.Store(true)
	}
	if opts.response != nil {
		*opts.response = call.response()
	}
	return err
}

// panicked is what observers are told of a call or an attempt in which the
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

// encodeQuery turns list parameters into a query.
func encodeQuery(params any) (url.Values, error) {
	values, err := query.Values(params)
	if err != nil {
		return nil, argumentError("params", "cannot be sent as a query: %v", err)
	}
	return values, nil
}

// A call is the state of one call on its way, over all its attempts. The
// attempter leaves each attempt's response in it, and judge says what that means.
type call struct {
	core *core
	request
	decode   decoder
	noResult bool
	noRetry  bool
	payload  []byte      // the body as it is sent; nil: none
	header   http.Header // of the call's own

	place     quota.Call      // at the admission
	admission context.Context // of attempts, where it is another than the call's; may be nil

	attempts  int
	unsettled bool      // some attempt may have taken effect, and it is unknown
	last      answer    // of the last attempt
	failed    time.Time // when the last attempt was found to need another one
	refusal   error     // why another one was not sent
	err       error     // what the call fails with as things stand
}

type callKey struct{}

func callFrom(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

func (c *call) info() CallInfo {
	return CallInfo{Method: c.method, Path: c.path, BaseURL: c.core.base}
}

// run sends the request until judge is content.
func (c *call) run(ctx context.Context) error {
	ctx = context.WithValue(ctx, callKey{}, c)
	if _, err := c.core.retry.Do(c.newRequest(ctx)); err != nil && ctx.Err() != nil {
		// The context ended the wait for a retry.
		c.err = c.interrupted(contextError(ctx))
	}
	c.core.budget.deposit(c.err == nil)
	return c.err
}
