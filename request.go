package funnel

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/go-querystring/query"
)

// A request is one operation with its arguments.
type request struct {
	method string
	path   string // of the operation, below the base path
	query  string // encoded
	body   any    // sent as JSON; nil: none

	// repeatable is set if a POST cannot duplicate anything, because what it creates
	// has a unique key, or because it only adds to a set.
	repeatable bool
}

// addFields puts the fields of [WithField] into the request.
func (req *request) addFields(fields map[string]json.RawMessage) error {
	if len(fields) == 0 {
		return nil
	}
	isRead := req.method == http.MethodGet
	query, err := url.ParseQuery(req.query)
	if err != nil {
		return argumentError("query", "cannot be read: %v", err)
	}
	body := map[string]json.RawMessage{}
	if !isRead && req.body != nil {
		encoded, err := json.Marshal(req.body)
		if err != nil {
			return argumentError("body", "cannot be sent as JSON: %v", err)
		}
		if losesText(req.body, encoded) {
			return argumentError("body", notUTF8)
		}
		if json.Unmarshal(encoded, &body) != nil || body == nil {
			return argumentError("WithField", "the body is not a JSON object, so no field can be added: put the field into the body")
		}
	}
	for _, name := range []string{"email", "contact_id"} {
		if fields["email"] != nil && (query.Has(name) || body[name] != nil) {
			return argumentError("WithField", "email names the contact: pass it as the method's own argument")
		}
	}
	for name, value := range fields {
		if !isRead {
			body[name] = value
			continue
		}
		text := string(value)
		switch value[0] {
		case '"':
			_ = json.Unmarshal(value, &text) // json.Marshal wrote it
		case 'n', '{', '[':
			return argumentError("WithField", "the value of %s cannot be sent in a query: want a string, a number or a boolean", name)
		}
		query.Set(name, text)
	}
	if isRead {
		req.query = query.Encode()
	} else {
		req.body = body
	}
	return nil
}

// encodeQuery turns list parameters into a query.
func encodeQuery(params any) (url.Values, error) {
	values, err := query.Values(params)
	if err != nil {
		return nil, argumentError("params", "cannot be sent as a query: %v", err)
	}
	return values, nil
}

// An object is a JSON object with its fields in order.
type object []field

type field struct {
	name  string
	value any
}

// MarshalJSON implements [json.Marshaler].
func (o object) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	for i, f := range o {
		buf.WriteByte("{,"[min(i, 1)])
		buf.WriteString(strconv.Quote(f.name) + ":")
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		buf.Write(value)
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

// and returns the object with the fields of params, a struct, behind its own.
func (o object) and(params any) json.Marshaler { return extended{o, params} }

type extended struct {
	object object
	params any
}

func (e extended) MarshalJSON() ([]byte, error) {
	first, err := e.object.MarshalJSON()
	if err != nil {
		return nil, err
	}
	rest, err := json.Marshal(e.params)
	if err != nil || len(rest) <= len("{}") {
		return first, err
	}
	return append(append(first[:len(first)-1], ','), rest[1:]...), nil
}
