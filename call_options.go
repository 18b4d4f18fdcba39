package funnel

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
)

// WithoutRetry returns a context whose calls make one attempt only. They still wait
// for a slot of the rate limit and for the end of a pause after a 429. In an outage
// they are sent without waiting for its end, except at low priority.
func WithoutRetry(ctx context.Context) context.Context {
	return withCallOption(ctx, func(o *callOptions) { o.noRetry = true })
}

// InBackground returns a context whose calls have low priority: the client's other
// calls go first. Calls of the bulk methods and of All always have low priority, and
// so does the reading of a whole list in AllContacts, GetByName and Ensure.
func InBackground(ctx context.Context) context.Context {
	return withCallOption(ctx, func(o *callOptions) { o.background = true })
}

// IsBackground reports whether the calls of a context have low priority. A [Limiter]
// can call it with the context that Acquire receives.
func IsBackground(ctx context.Context) bool { return callOptionsFrom(ctx).background }

// WithHeader returns a context whose calls send that header. The header replaces one
// that the client sets, but not one that the function of [WithAuth] sets. An invalid
// name or value, and the name Host, make the call fail with an [*ArgumentError].
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

// WithField returns a context whose calls send one more field, with the given name and
// value. The field replaces one of the same name. It is sent in the JSON body of a
// POST, PUT or DELETE, and in the query of a GET. Use WithField for fields that the
// SDK does not have. In an update, it counts as one of the fields that are set.
//
// The value is sent as [encoding/json] writes it; nil is sent as null. A query takes
// strings, numbers and booleans only. In [ContactsService.Upsert] and
// [ContactsService.UpsertAll] the field is part of the requests that create or update
// the contact, not of those that add tags.
//
// Fields that identify a resource, such as contact_id, are refused. The field email
// is refused in requests that identify or create a contact. A value that cannot be
// sent makes the call fail with an [*ArgumentError].
func WithField(ctx context.Context, name string, value any) context.Context {
	return withCallOption(ctx, func(o *callOptions) {
		encoded, err := json.Marshal(value)
		switch {
		case name == "":
			o.err = argumentError("WithField", "the name is empty")
		case slices.Contains(idFields, name):
			o.err = argumentError("WithField", "%s names a resource: pass it as the method's own argument", name)
		case err != nil:
			o.err = argumentError("WithField", "the value of %s cannot be sent as JSON: %v", name, err)
		case losesText(value, encoded):
			o.err = argumentError("WithField", "the value of %s is not valid UTF-8: convert it", name)
		default:
			if o.fields = maps.Clone(o.fields); o.fields == nil {
				o.fields = map[string]json.RawMessage{}
			}
			o.fields[name] = encoded
		}
	})
}

// idFields are the parameters by which requests name resources.
var idFields = []string{
	"id", "contact_id", "tag_id", "sequence_id", "campaign_id", "funnel_id", "step_id", "stage_id", "webhook_id",
	"custom_field_id", "id_order",
}

// withoutFields returns a context for the requests of a method that carry none of
// its item's own fields.
func withoutFields(ctx context.Context) context.Context {
	if callOptionsFrom(ctx).fields == nil {
		return ctx
	}
	return withCallOption(ctx, func(o *callOptions) { o.fields = nil })
}

// WithResponse returns a context whose calls store the server's last response in
// response, also if they fail. Do not use the context for concurrent calls. In a loop
// over All, response is that of the current item's page.
func WithResponse(ctx context.Context, response *Response) context.Context {
	return withCallOption(ctx, func(o *callOptions) { o.response = response })
}

// A Response is the last response to a call, as the server sent it.
type Response struct {
	StatusCode int         // 0: no response
	Header     http.Header // as received
	RequestID  string      // X-Request-Id, where the server sent one
	Attempts   int         // how many were made
	Body       []byte      // as received, after decompression
}

// callOptions is what a context says of the calls made with it.
type callOptions struct {
	noRetry    bool
	background bool // of low priority
	header     http.Header
	fields     map[string]json.RawMessage // of WithField
	response   *Response
	err        error      // of a bad option
	item       *itemCalls // of a bulk job's item
}

// itemCalls is what a bulk job knows of the calls that are made for an item. What fails
// for another client, such as that of another account, says nothing of the other items,
// and the end of the job does not concern another client.
type itemCalls struct {
	core      *core           // the bulk job's own client
	outer     *itemCalls      // of the job in whose item this job runs; may be nil
	admission context.Context // over: no more calls of the own client are sent; those in flight go on

	own     atomic.Bool // the last call that has failed is one of the own client
	another atomic.Bool // one of another client was made
}

func (i *itemCalls) begin(c *core) {
	for ; i != nil; i = i.outer {
		if i.core != c {
			i.another.Store(true)
		}
	}
}

func (i *itemCalls) fail(c *core) {
	for ; i != nil; i = i.outer {
		i.own.Store(i.core == c)
	}
}

func (i *itemCalls) areOwn() bool { return i.own.Load() || !i.another.Load() }

// admissionOf returns the admission of the innermost job of that client, and nil if
// there is none.
func (i *itemCalls) admissionOf(c *core) context.Context {
	for ; i != nil; i = i.outer {
		if i.core == c {
			return i.admission
		}
	}
	return nil
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
	unhook := context.AfterFunc(other, func() {
		if isStopped(other) { // not if the job has come to its end
			cancel(context.Cause(other))
		}
	})
	return ctx, func() { unhook(); cancel(nil) }
}
