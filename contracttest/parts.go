package contracttest

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// The parts of the contract are what tests have to exercise to have tried all
// of it. Each has a name:
//
//	GET /contacts ?per_page             a parameter that was sent, and taken
//	ContactCreate.phone                 a field that was sent, and taken
//	POST /contact 409 CONTACT_EXISTS    a response, with its code where it has one
//	Contact.phone                       a field that came back, not empty
//	header X-Request-Id                 a header that came back
//	webhook contact.created             a delivery
//	ContactStatus bounced               a known value, sent or received

// parts names all parts of a contract, in the contract's order.
func parts(document *openapi.Document) []string {
	var found []string
	seen := make(map[string]bool)
	t := tour{schemas: schemasOf(document), note: func(part string) {
		if !seen[part] {
			seen[part] = true
			found = append(found, part)
		}
	}}
	for _, op := range document.Operations {
		for _, p := range op.Parameters {
			t.parameter(op, p, anything{})
		}
		t.visit("", op.RequestBody.JSON(), anything{})
		for _, r := range op.Responses {
			for _, code := range r.Value.Codes {
				t.note(response(op, r.Key, code.Key))
			}
			if len(r.Value.Codes) == 0 {
				t.note(response(op, r.Key, ""))
			}
			for _, header := range r.Value.Headers {
				t.note("header " + header.Key)
			}
			t.visit(response(op, r.Key, ""), r.Value.JSON(), anything{})
		}
	}
	for _, delivery := range document.Deliveries {
		t.delivery(delivery, anything{})
	}
	return found
}

// exercise notes the parts that an exchange exercises: those of its response,
// and those of its request where that was taken.
func (c *Contract) exercise(x *Exchange, op *openapi.Operation, r *http.Request, sent []byte, res *http.Response, body []byte) {
	t := tour{schemas: c.shapes, note: x.note}
	if res.StatusCode < http.StatusBadRequest {
		query := r.URL.Query()
		for _, p := range op.Parameters {
			if query.Has(p.Name) {
				t.parameter(op, p, query.Get(p.Name))
			}
		}
		t.visit("", op.RequestBody.JSON(), decode(sent))
	}
	status := strconv.Itoa(res.StatusCode)
	listed, ok := op.Responses.Get(status)
	if !ok {
		return
	}
	t.note(response(op, status, errorCode(body)))
	for _, header := range listed.Headers {
		if res.Header.Get(header.Key) != "" {
			t.note("header " + header.Key)
		}
	}
	t.received = true
	t.visit(response(op, status, ""), listed.JSON(), decode(body))
}

// response names a response.
func response(op *openapi.Operation, status, code string) string {
	if code == "" {
		return op.String() + " " + status
	}
	return op.String() + " " + status + " " + code
}

// A tour goes through schemas, along a value of theirs, and notes each part
// that the value exercises.
type tour struct {
	schemas  map[string]*openapi.Schema // by name
	note     func(part string)
	received bool // the value came back: a field that is empty proves nothing
}

func (t tour) parameter(op *openapi.Operation, p *openapi.Parameter, value any) {
	name := op.String() + " ?" + p.Name
	t.note(name)
	t.visit(name, p.Schema, value)
}

func (t tour) delivery(op *openapi.Operation, value any) {
	name := "webhook " + op.Path
	t.note(name)
	t.visit(name, op.RequestBody.JSON(), value)
}

// visit goes through a schema whose fields belong to owner, unless the schema
// is a reference: a name of its own.
func (t tour) visit(owner string, s *openapi.Schema, value any) {
	if s != nil && s.Ref != "" {
		owner, s = s.Name(), t.schemas[s.Name()]
	}
	if s == nil {
		return
	}
	for _, part := range s.AllOf {
		t.visit(owner, part, value)
	}
	for _, known := range s.KnownValues {
		if value == any(anything{}) || value == any(known.Key) {
			t.note(owner + " " + known.Key)
		}
	}
	if s.Items != nil {
		for _, element := range elements(value) {
			t.visit(owner, s.Items, element)
		}
	}
	for _, property := range s.Properties {
		field, ok := fieldOf(value, property.Key)
		if !ok || t.received && isEmpty(field) {
			continue
		}
		name := owner + "." + property.Key
		t.note(name)
		t.visit(name, property.Value, field)
	}
}

// anything stands for a value that has every field, every element and every
// known value.
type anything struct{}

func elements(value any) []any {
	switch value := value.(type) {
	case anything:
		return []any{value}
	case []any:
		return value
	}
	return nil
}

func fieldOf(value any, name string) (field any, ok bool) {
	switch value := value.(type) {
	case anything:
		return value, true
	case map[string]any:
		field, ok = value[name]
	}
	return field, ok
}

// isEmpty tells the values that a misspelt field would have, too. A boolean is
// none of them: where there is one, it was meant.
func isEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case float64:
		return value == 0
	case []any:
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
	}
	return false
}

func decode(body []byte) any {
	var value any
	_ = json.Unmarshal(body, &value) // what is no JSON has no parts
	return value
}

func schemasOf(document *openapi.Document) map[string]*openapi.Schema {
	schemas := make(map[string]*openapi.Schema)
	for _, s := range document.Components.Schemas {
		schemas[s.Key] = s.Value
	}
	return schemas
}
