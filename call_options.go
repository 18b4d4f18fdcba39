package funnel

import (
	"context"
	"net/http"
)

// WithoutRetry returns a context whose calls are sent once. They still wait
// for the rate limit.
func WithoutRetry(ctx context.Context) context.Context {
	return withCallOption(ctx, func(o *callOptions) { o.noRetry = true })
}

// WithHeader returns a context whose calls send that header, in place of any
// other value it had; only what a function given to [WithAuth] sets goes before
// it. A name or value that is no valid header makes the call fail with an
// [*ArgumentError], and so does Host, which is the base URL's.
func WithHeader(ctx context.Context, key, value string) context.Context {
	return withCallOption(ctx, func(o *callOptions) {
		if err := checkHeader(key, value); err != nil {
			o.err = err
			return
		}
		if o.header = o.header.Clone(); o.header == nil {
			o.header = http.Header{}
		}
		o.header.Set(key, value)
	})
}

// WithResponse returns a context whose calls fill in response, also when they
// fail; only an [*ArgumentError] leaves it as it was. A method that needs several
// requests leaves that of the last. It is not for contexts that are shared by
// calls at the same time.
func WithResponse(ctx context.Context, response *Response) context.Context {
	return withCallOption(ctx, func(o *callOptions) { o.response = response })
}

// A Response is the last answer to a call, as the server sent it.
type Response struct {
	StatusCode int         // 0: no answer
	Header     http.Header // as received
	RequestID  string      // X-Request-Id, where the server sent one
	Attempts   int         // how many were made
	Body       []byte      // as received, after decompression
}

// callOptions is what a context says of the calls made with it.
type callOptions struct {
	noRetry  bool
	header   http.Header
	response *Response
	err      error // of a bad option

	// admission, if not nil, is over when nothing more is to be sent; what has
	// been sent goes on.
	admission context.Context
}

type callOptionsKey struct{}

func callOptionsFrom(ctx context.Context) callOptions {
	opts, _ := ctx.Value(callOptionsKey{}).(callOptions)
	return opts
}

func withCallOption(ctx context.Context, set func(*callOptions)) context.Context {
	opts := callOptionsFrom(ctx)
	set(&opts)
	return context.WithValue(ctx, callOptionsKey{}, opts)
}

// either returns a context that is over when one of the two is; the second may
// be nil.
func either(ctx, other context.Context) (context.Context, context.CancelFunc) {
	if other == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	unhook := context.AfterFunc(other, func() { cancel(context.Cause(other)) })
	return ctx, func() { unhook(); cancel(nil) }
}
