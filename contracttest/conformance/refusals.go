package conformance

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/contracttest"
	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// params are the parameters of a request, for its query or its body.
type params map[string]any

// send calls an operation. Requests are sent once.
func (a *session) send(ctx context.Context, client *funnel.Client, op *openapi.Operation, p params) error {
	ctx = funnel.WithoutRetry(ctx)
	if op.Method != http.MethodGet {
		return client.Call(ctx, op.Method, op.Path, nil, p, nil)
	}
	query := url.Values{}
	for name, value := range p {
		query.Set(name, value.(string))
	}
	return client.Call(ctx, op.Method, op.Path, query, nil, nil)
}

// operations returns those of the contract that the server has.
func (a *session) operations() []*openapi.Operation {
	all := a.contract.Document().Operations
	if a.server.Lacks == nil {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(op *openapi.Operation) bool { return a.server.Lacks(op.String()) })
}

// required returns the parameters that a request must have, and their schemas.
func (a *session) required(op *openapi.Operation) map[string]*openapi.Schema {
	document := a.contract.Document()
	oneOf := document.OneOf(op)
	schemas := map[string]*openapi.Schema{}
	for _, p := range op.Parameters {
		if p.Required || slices.Contains(oneOf, p.Name) {
			schemas[p.Name] = p.Schema
		}
	}
	for _, f := range document.Fields(op) {
		if f.Required || slices.Contains(oneOf, f.Name) {
			schemas[f.Name] = f.Schema
		}
	}
	return schemas
}

// valid returns parameters that the contract allows. Their ids lead nowhere.
func (a *session) valid(op *openapi.Operation) params {
	p := params{}
	for name, schema := range a.required(op) {
		p[name] = a.example(schema)
		if id, ok := p[name].(int); ok && op.Method == http.MethodGet {
			p[name] = strconv.Itoa(id) // for the query
		}
	}
	if op.String() == "POST /contact" {
		p["tag_ids"] = "4711"
	}
	return p
}

// example returns a value that a schema allows.
func (a *session) example(schema *openapi.Schema) any {
	name, schema := schema.Name(), a.contract.Document().Resolve(schema)
	switch {
	case name == "Email":
		return "nobody@example.com"
	case schema.Format == "uri":
		return "https://hooks.example.com/new"
	case schema.Format == "date-time":
		return time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)
	case schema.Maximum != nil:
		return *schema.Maximum
	case slices.Contains(schema.Types, "integer"):
		return 4711
	case slices.Contains(schema.Types, "boolean"):
		return true
	case len(schema.KnownValues) > 0:
		return schema.KnownValues[0]
	}
	return "new"
}

// has reports whether an operation can respond with a code and a status.
func has(op *openapi.Operation, status string, code funnel.Code) bool {
	response, ok := op.Responses.Get(status)
	return ok && response.Lists(string(code))
}

// wrongKeyFlow calls every operation with another key.
func wrongKeyFlow(a *session) {
	client := a.connect("not-" + a.server.APIKey)
	for _, op := range a.operations() {
		err := a.send(a.ctx, client, op, a.valid(op))
		a.ErrorIs(err, funnel.ErrUnauthorized, op)
	}
}

// failFlow has every operation fail with a code.
func failFlow(failure Failure, code funnel.Code) func(*session) {
	return func(a *session) {
		a.need(a.server.Fail != nil, "Fail")
		for _, op := range a.operations() {
			a.server.Fail(failure)
			a.ErrorIs(a.send(a.ctx, a.Client, op, a.valid(op)), code, op)
		}
	}
}

// notFoundFlow names things that do not exist.
func notFoundFlow(a *session) {
	for _, op := range a.operations() {
		if has(op, "404", funnel.ErrNotFound) {
			var notFound *funnel.APIError
			a.ErrorAs(a.send(a.ctx, a.Client, op, a.valid(op)), &notFound, op)
			a.Equal(funnel.ErrNotFound, notFound.Code, op)
			a.NotEmpty(notFound.Header.Get("X-RateLimit-Remaining"), "%s: without rate limit headers", op)
		}
	}
}

// missingFlow leaves out all parameters. The error has a message for each
// required one, and for both contact_id and email.
func missingFlow(a *session) {
	for _, op := range a.operations() {
		if schemas := a.required(op); len(schemas) > 0 {
			err := a.send(contracttest.BadRequest(a.ctx), a.Client, op, params{})
			a.invalid(op, err, slices.Collect(maps.Keys(schemas))...)
		}
	}
}

// invalid asserts that an error is a 422 with messages for these parameters.
func (a *session) invalid(op *openapi.Operation, err error, names ...string) {
	var invalid *funnel.ValidationError
	a.ErrorAs(err, &invalid, op)
	a.Equal(http.StatusUnprocessableEntity, invalid.StatusCode, op)
	a.ElementsMatch(names, slices.Collect(maps.Keys(invalid.Details)), op)
	for _, messages := range invalid.Details {
		a.NotEmpty(messages, op)
	}
}

// invalidFlow sends pages and values that are out of bounds.
func invalidFlow(a *session) {
	ctx := contracttest.BadRequest(a.ctx)
	for _, op := range a.operations() {
		isPerPage := func(p *openapi.Parameter) bool { return p.Name == "per_page" }
		if !slices.ContainsFunc(op.Parameters, isPerPage) {
			continue
		}
		p := params{}
		if op.Path == "/tags-contacts" {
			p["tag_id"] = a.newTag("vip").String()
		}
		for name, values := range map[string][]string{"per_page": {"0", "101", "many"}, "page": {"0", "first"}} {
			for _, value := range values {
				bad := maps.Clone(p)
				bad[name] = value
				a.invalid(op, a.send(ctx, a.Client, op, bad), name)
			}
		}
	}
	for _, op := range a.operations() {
		if _, ok := op.Responses.Get("404"); ok {
			continue // the API may first look for what an id names
		}
		for _, f := range a.contract.Document().Fields(op) {
			for _, value := range outOfBounds(f.Schema) {
				bad := a.valid(op)
				bad[f.Name] = value
				a.invalid(op, a.send(ctx, a.Client, op, bad), f.Name)
			}
		}
	}
	id := a.newContact("ada@example.com")
	body := params{"contact_id": id, "custom_field_id": 1, "value": strings.Repeat("x", 1001)}
	err := a.Call(ctx, http.MethodPut, "/contact-custom-field", nil, body, nil)
	a.Contains(funnel.FieldErrors(err), "value")
	_, err = a.Contacts.Create(a.ctx, funnel.ContactCreateParams{Email: "nobody"})
	a.Contains(funnel.FieldErrors(err), "email")
	sequence, err := a.Sequences.Create(a.ctx, funnel.SequenceCreateParams{Name: "Welcome", Type: "sideways"})
	a.Contains(funnel.FieldErrors(err), "type")
	a.Nil(sequence)
}

// outOfBounds returns values just outside of a schema's bounds.
func outOfBounds(schema *openapi.Schema) (values []any) {
	if schema.MaxLength != nil {
		values = append(values, strings.Repeat("x", *schema.MaxLength+1))
	}
	if schema.Minimum != nil {
		values = append(values, *schema.Minimum-1)
	}
	if schema.Maximum != nil {
		values = append(values, *schema.Maximum+1)
	}
	return values
}

// filtersFlow sends unknown periods and statuses, and ranges that are missing or
// cannot be read.
func filtersFlow(a *session) {
	for _, op := range a.operations() {
		if has(op, "400", funnel.ErrInvalidStatus) {
			a.ErrorIs(a.send(a.ctx, a.Client, op, params{"status": "dormant"}), funnel.ErrInvalidStatus, op)
		}
		if has(op, "400", funnel.ErrInvalidPeriod) {
			for _, p := range []params{{"period": "fortnight"}, {"period": "between"}} {
				a.ErrorIs(a.send(a.ctx, a.Client, op, p), funnel.ErrInvalidPeriod, "%s %v", op, p)
			}
			for _, days := range []string{"2025-03-01", "2025-03-01 to 2025-03-31"} {
				p := params{"period": "between", "range": days}
				a.ErrorIs(a.send(contracttest.BadRequest(a.ctx), a.Client, op, p), funnel.ErrInvalidPeriod, "%s %v", op, p)
			}
		}
	}
}

// malformedListsFlow sends lists of ids that cannot be read: 400 without details.
func malformedListsFlow(a *session) {
	for _, name := range []string{"tag_ids", "sequence_ids"} {
		for _, list := range []any{"vip", "1,vip", "1;2", "1,,2", []int{1, 2}} {
			body := params{"email": "ada@example.com", name: list}
			err := a.Call(contracttest.BadRequest(a.ctx), http.MethodPost, "/contact", nil, body, nil)
			var invalid *funnel.ValidationError
			a.ErrorAs(err, &invalid, list)
			a.Equal(http.StatusBadRequest, invalid.StatusCode, list)
			a.Empty(invalid.Details, list)
		}
	}
	_, err := a.Contacts.Get(a.ctx, funnel.Email("ada@example.com"))
	a.ErrorIs(err, funnel.ErrNotFound, "nothing was created")
}

// strayFlow sends requests that no operation of the contract takes. Laravel itself
// responds, without the envelope. These requests do not count.
func strayFlow(a *session) {
	stray := func(ctx context.Context, method, path string, body any, status int, message string) http.Header {
		var got *funnel.APIError
		a.ErrorAs(a.Call(funnel.WithoutRetry(ctx), method, path, nil, body, nil), &got)
		a.Equal(status, got.StatusCode)
		a.Empty(got.Code)
		a.JSONEq(fmt.Sprintf(`{"message": %q}`, message), string(got.Body))
		a.Empty(got.Header.Get("X-RateLimit-Limit"))
		return got.Header
	}
	ctx := contracttest.BadRequest(a.ctx)
	stray(ctx, http.MethodGet, "/unknown", nil, http.StatusNotFound, "")
	stray(ctx, http.MethodGet, "/contact/7", nil, http.StatusNotFound, "")
	for _, wrong := range [][3]string{
		{http.MethodPatch, "/contact", "GET, HEAD, POST, PUT, DELETE"},
		{http.MethodPost, "/contacts", "GET, HEAD"},
	} {
		message := "The " + wrong[0] + " method is not supported for this route. Supported methods: " + wrong[2] + "."
		header := stray(ctx, wrong[0], wrong[1], params{}, http.StatusMethodNotAllowed, message)
		a.Equal(wrong[2], header.Get("Allow"))
	}
	tooLarge := params{"email": "ada@example.com", "first_name": strings.Repeat("x", 9<<20)}
	stray(contracttest.AnyResponse(a.ctx), http.MethodPost, "/contact", tooLarge, http.StatusRequestEntityTooLarge, "")
}

// rateLimitFlow calls every operation in an account that allows one request per
// minute.
func rateLimitFlow(a *session) {
	var response funnel.Response
	_, err := a.Webhooks.List(funnel.WithResponse(a.ctx, &response))
	a.NoError(err)
	a.Equal("1", response.Header.Get("X-RateLimit-Limit"))
	a.Equal("0", response.Header.Get("X-RateLimit-Remaining"))
	for _, op := range a.operations() {
		client := a.connect(a.server.APIKey) // a client that was rejected would wait
		err := a.send(a.ctx, client, op, a.valid(op))
		var limited *funnel.RateLimitError
		a.ErrorAs(err, &limited, op)
		a.JSONEq(`{"message": "Too Many Attempts."}`, string(limited.Body), op)
	}
}
