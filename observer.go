package funnel

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// An Observer has functions that the client calls, for traces, metrics and logs.
// Every function is optional, runs on the goroutine of the call (except Limiter), and
// must be safe for concurrent use. It must not change its arguments, nor keep them
// after it returns. It must not call the API with the same client: that can block
// after a 429.
type Observer struct {
	// CallStart is called when a call begins. A method that sends several requests,
	// such as Upsert or All, makes a call for each. The call uses the context that
	// CallStart returns.
	CallStart func(context.Context, CallInfo) context.Context
	// CallDone is called when a call has ended.
	CallDone func(context.Context, CallInfo, CallResult)

	// AttemptStart is called when the rate limiter has admitted an attempt. The
	// request is sent with the context that AttemptStart returns.
	AttemptStart func(context.Context, AttemptInfo) context.Context
	// AttemptDone is called when an attempt has ended.
	AttemptDone func(context.Context, AttemptInfo, AttemptResult)

	// Wait is called when a call begins to wait: for a retry, the end of a pause, or a
	// slot of the rate limit. How long it has waited is in AttemptInfo.Waited, which
	// AttemptStart receives. A wait for a slot is reported only if the [Limiter] has a
	// method Stats.
	Wait func(context.Context, WaitInfo)

	// Limiter is called when the limiter's state changes, such as by a pause after a
	// 429. If an attempt caused the change, ctx is the context of that attempt.
	// Otherwise ctx is [context.Background], and the function can run on any goroutine
	// while the limiter is locked. So the function must return soon and must not use
	// the client.
	Limiter func(ctx context.Context, event LimiterEvent)
}

// A CallInfo identifies a call. It holds no parameters, so traces and metrics contain
// no personal data, unless a path given to [Client.Call] does.
type CallInfo struct {
	Method  string   // of the request
	Path    string   // of the operation, without base path and query
	BaseURL *url.URL // of the client
}

// A CallResult describes how a call ended.
type CallResult struct {
	StatusCode int // of the last response; 0: none
	Attempts   int // how many were made
	Duration   time.Duration
	Err        error // as the call returns it
}

// An AttemptInfo identifies an attempt.
type AttemptInfo struct {
	CallInfo
	Attempt int           // from 1
	Waited  time.Duration // since the call began or the last attempt failed
}

// An AttemptResult describes how an attempt ended.
type AttemptResult struct {
	StatusCode int // 0: no response
	Header     http.Header
	Body       []byte   // may hold personal data
	Proto      string   // such as "HTTP/1.1"; empty: no response
	Peer       net.Addr // of the connection: the server, or a proxy; nil: unknown
	Duration   time.Duration
	Err        error // why there is no complete response
}

// A WaitReason says what a call waits for.
type WaitReason string

// What a call waits for.
const (
	WaitRetry WaitReason = "retry" // the backoff before another attempt
	WaitPause WaitReason = "pause" // the pause after a 429
	WaitQuota WaitReason = "quota" // the rate limit: no slot is free, or the free ones are kept for interactive calls
)

// A WaitInfo says how long a call waits and why.
type WaitInfo struct {
	CallInfo
	Reason   WaitReason
	Duration time.Duration // expected; a wait for a slot can take longer
	Err      error         // of the previous attempt; nil: there was none
}

// observers are called in order.
type observers []Observer

func (o observers) callStart(ctx context.Context, info CallInfo) context.Context {
	for i := range o {
		if f := o[i].CallStart; f != nil {
			ctx = f(ctx, info)
		}
	}
	return ctx
}

func (o observers) callDone(ctx context.Context, info CallInfo, result CallResult) {
	for i := range o {
		if f := o[i].CallDone; f != nil {
			f(ctx, info, result)
		}
	}
}

func (o observers) attemptStart(ctx context.Context, info AttemptInfo) context.Context {
	for i := range o {
		if f := o[i].AttemptStart; f != nil {
			ctx = f(ctx, info)
		}
	}
	return ctx
}

func (o observers) attemptDone(ctx context.Context, info AttemptInfo, result AttemptResult) {
	for i := range o {
		if f := o[i].AttemptDone; f != nil {
			f(ctx, info, result)
		}
	}
}

func (o observers) waits(ctx context.Context, info WaitInfo) {
	for i := range o {
		if f := o[i].Wait; f != nil {
			f(ctx, info)
		}
	}
}

func (o observers) limiterEvent(ctx context.Context, event LimiterEvent) {
	for i := range o {
		if f := o[i].Limiter; f != nil {
			f(ctx, event)
		}
	}
}

// wantWaits reports whether an observer has a Wait function.
func (o observers) wantWaits() bool {
	return slices.ContainsFunc(o, func(observer Observer) bool { return observer.Wait != nil })
}
