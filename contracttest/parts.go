package contracttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// The parts of the contract are what tests must use. Each has a name:
//
//	GET /contacts ?per_page             a parameter that was sent
//	ContactCreate.first_name            a field that was sent
//	POST /contact 409 CONTACT_EXISTS    a response, with its code if it has one
//	Contact.first_name                  a field that was received and not empty
//	header Retry-After                  a header that was received
//	CampaignStatus draft                a known value, sent or received

// parts returns all parts of a contract, in its order.
func parts(document *openapi.Document) []string {
	var found []string
	seen := make(map[string]bool)
	t := tour{document: document, note: func(part string) {
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
	return found
}

// use notes the parts that an exchange uses: those of its response, and those of
// its request if that succeeded.
func (c *Contract) use(x *Exchange, op *openapi.Operation, r *http.Request, sent []byte, res *http.Response, body []byte) {
	t := tour{document: c.document, note: x.note}
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

// A tour walks through a schema along a value and notes each part that the value
// uses.
type tour struct {
	document *openapi.Document
	note     func(part string)
	received bool // an empty field does not count
}

func (t tour) parameter(op *openapi.Operation, p *openapi.Parameter, value any) {
	name := op.String() + " ?" + p.Name
	t.note(name)
	t.visit(name, p.Schema, value)
}

// visit walks through a schema. Its fields belong to owner, or to the component
// that the schema refers to.
func (t tour) visit(owner string, s *openapi.Schema, value any) {
	if s != nil && s.Ref != "" {
		owner, s = s.Name(), t.document.Resolve(s)
	}
	if s == nil {
		return
	}
	for _, part := range s.AllOf {
		t.visit(owner, part, value)
	}
	for _, known := range s.KnownValues {
		if value == any(anything{}) || fmt.Sprint(value) == known {
			t.note(owner + " " + known)
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

// anything stands for a value that has every field, every element and every known
// value.
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

// isEmpty reports whether a value is what a client sees for a misspelled field.
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
	}
	return false
}

func decode(body []byte) any {
	var value any
	_ = json.Unmarshal(body, &value) // a body that is not JSON has no parts
	return value
}
