package contracttest

import "context"

type intent int

const (
	badRequest intent = iota
	anyResponse
)

// BadRequest returns a context for requests that break the contract on purpose.
// The [Validator] then reports a request that does not break it, and a success.
func BadRequest(ctx context.Context) context.Context {
	return context.WithValue(ctx, badRequest, true)
}

// AnyResponse returns a context for requests whose responses the [Validator] does
// not check.
func AnyResponse(ctx context.Context) context.Context {
	return context.WithValue(ctx, anyResponse, true)
}

func intends(ctx context.Context, what intent) bool { return ctx.Value(what) != nil }
