// Package openapi reads api/openapi.yaml into plain structs, as far as this
// module needs it: with the document's own order, with its extensions, and with
// every reference to a response replaced by what it refers to.
//
// It does not validate; that is the work of a real OpenAPI validator.
package openapi

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Document is the contract.
type Document struct {
	Tags        []Tag                `yaml:"tags"`
	Pages       Map[string]          `yaml:"x-pages"` // page → URL
	Assumptions Map[Assumption]      `yaml:"x-assumptions"`
	NamedOnly   []NamedOnly          `yaml:"x-named-only"`
	ErrorCodes  Map[ErrorCode]       `yaml:"x-error-codes"`
	Paths       Map[Map[*Operation]] `yaml:"paths"`
	Webhooks    Map[Map[*Operation]] `yaml:"webhooks"`
	Components  Components           `yaml:"components"`

	// Operations are those under Paths, and Deliveries those under Webhooks,
	// whose path is their name there. Both are in the document's order.
	Operations []*Operation `yaml:"-"`
	Deliveries []*Operation `yaml:"-"`
}

// Tag is a group of operations.
type Tag struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
}

// Assumption is what the contract assumes, and the evidence for it.
type Assumption struct {
	Text      string `yaml:"assumption"`
	DrawnFrom string `yaml:"drawn-from"`
}

// NamedOnly is an operation that a page names but does not show.
type NamedOnly struct {
	Provenance `yaml:",inline"`
	Operation  string `yaml:"operation"`
	Known      string `yaml:"known"` // what is known of it
	Call       string `yaml:"call"`  // Go code that calls it
}

// ErrorCode is a value of error.code and the statuses that it comes with.
type ErrorCode struct {
	Provenance `yaml:",inline"`
	Statuses   []int  `yaml:"statuses"`
	When       string `yaml:"when"`
}

// Components are the parts that operations share.
type Components struct {
	Responses Map[*Response] `yaml:"responses"`
	Schemas   Map[*Schema]   `yaml:"schemas"`
}

// Operation is one method of one path.
type Operation struct {
	Provenance   `yaml:",inline"`
	Method       string         `yaml:"-"` // in capitals
	Path         string         `yaml:"-"`
	ID           string         `yaml:"operationId"`
	SDK          []string       `yaml:"x-sdk"`
	Kind         string         `yaml:"x-kind"` // d, l, n or s
	Seen         string         `yaml:"x-seen"` // full, part, named or none
	Tags         []string       `yaml:"tags"`
	Summary      string         `yaml:"summary"`
	RequireOneOf []string       `yaml:"x-require-one-of"` // query parameters; at least one is required
	Parameters   []*Parameter   `yaml:"parameters"`
	RequestBody  *RequestBody   `yaml:"requestBody"`
	Responses    Map[*Response] `yaml:"responses"`
	Signature    *Signature     `yaml:"x-signature"` // of a delivery
}

// String names the operation as the reference does: "POST /contact".
func (o *Operation) String() string { return o.Method + " " + o.Path }

// Parameter is a query parameter.
type Parameter struct {
	Provenance `yaml:",inline"`
	Name       string  `yaml:"name"`
	In         string  `yaml:"in"`
	Required   bool    `yaml:"required"`
	Schema     *Schema `yaml:"schema"`
}

// RequestBody is the body of a request. Only that of a DELETE has a source of
// its own.
type RequestBody struct {
	Provenance `yaml:",inline"`
	Body       `yaml:",inline"`
}

// JSON returns the schema of the body's JSON form, or nil.
func (b *RequestBody) JSON() *Schema {
	if b == nil {
		return nil
	}
	return b.Body.JSON()
}

// Field is a field of a request body.
type Field struct {
	*Schema
	Name     string
	Required bool
}

// Signature says how a delivery is signed.
type Signature struct {
	Provenance `yaml:",inline"`
	Algorithm  string `yaml:"algorithm"`
	Message    string `yaml:"message"`
	Key        string `yaml:"key"`
	Encoding   string `yaml:"encoding"`
	Header     struct {
		Provenance  `yaml:",inline"`
		Description string `yaml:"description"`
	} `yaml:"header"`
}

// Response is what a status comes with.
type Response struct {
	Provenance  `yaml:",inline"`
	Ref         string        `yaml:"$ref"`
	Description string        `yaml:"description"`
	Codes       Map[string]   `yaml:"x-codes"` // code → source
	Headers     Map[struct{}] `yaml:"headers"` // that may be there, by name
	Body        `yaml:",inline"`
}

// Lists reports whether the response can carry a code.
func (r *Response) Lists(code string) bool {
	_, ok := r.Codes.Get(code)
	return ok
}

// Body is the content of a request or response.
type Body struct {
	Content Map[struct {
		Schema *Schema `yaml:"schema"`
	}] `yaml:"content"`
}

// JSON returns the schema of the body's JSON form, or nil.
func (b *Body) JSON() *Schema {
	if b == nil {
		return nil
	}
	media, _ := b.Content.Get("application/json")
	return media.Schema
}

// Schema is the shape of a value. Its references stay as they are: Ref tells
// the name.
type Schema struct {
	Provenance  `yaml:",inline"`
	Ref         string       `yaml:"$ref"`
	Description string       `yaml:"description"`
	Types       Types        `yaml:"type"`
	Format      string       `yaml:"format"`
	Required    []string     `yaml:"required"`
	Properties  Map[*Schema] `yaml:"properties"`
	Items       *Schema      `yaml:"items"`
	AllOf       []*Schema    `yaml:"allOf"`
	AnyOf       []*Schema    `yaml:"anyOf"`
	Minimum     *int         `yaml:"minimum"`
	Maximum     *int         `yaml:"maximum"`
	MaxLength   *int         `yaml:"maxLength"`
	Default     *string      `yaml:"default"`        // as it is written
	KnownValues []string     `yaml:"x-known-values"` // as they are written
}

// Name returns the name of the component that the schema refers to, or "".
func (s *Schema) Name() string { return refName(s.Ref) }

// Parse reads a document.
func Parse(data []byte) (*Document, error) {
	doc := new(Document)
	err := yaml.Unmarshal(data, doc)
	if err == nil {
		doc.Operations, err = doc.flatten(doc.Paths)
	}
	if err == nil {
		doc.Deliveries, err = doc.flatten(doc.Webhooks)
	}
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	return doc, nil
}

func (d *Document) flatten(paths Map[Map[*Operation]]) ([]*Operation, error) {
	var found []*Operation
	for _, path := range paths {
		for _, item := range path.Value {
			op := item.Value
			if op == nil {
				return nil, fmt.Errorf("%s %s is empty", strings.ToUpper(item.Key), path.Key)
			}
			op.Method, op.Path = strings.ToUpper(item.Key), path.Key
			if err := d.resolve(op); err != nil {
				return nil, fmt.Errorf("%s: %w", op, err)
			}
			found = append(found, op)
		}
	}
	return found, nil
}

func (d *Document) resolve(op *Operation) error {
	for i, r := range op.Responses {
		if r.Value.Ref == "" {
			continue
		}
		target, ok := d.Components.Responses.Get(refName(r.Value.Ref))
		if !ok {
			return fmt.Errorf("no response %s", r.Value.Ref)
		}
		op.Responses[i].Value = target
	}
	return nil
}

// Fields returns the fields of an operation's request body, in the document's
// order.
func (d *Document) Fields(op *Operation) []Field {
	schema := d.Resolve(op.RequestBody.JSON())
	if schema == nil {
		return nil
	}
	var fields []Field
	for _, p := range schema.Properties {
		fields = append(fields, Field{p.Value, p.Key, slices.Contains(schema.Required, p.Key)})
	}
	return fields
}

// OneOf returns the parameters and fields of which an operation requires at
// least one.
func (d *Document) OneOf(op *Operation) []string {
	names := slices.Clone(op.RequireOneOf)
	if schema := d.Resolve(op.RequestBody.JSON()); schema != nil {
		for _, alternative := range schema.AnyOf {
			names = append(names, alternative.Required...)
		}
	}
	return names
}

// Data returns the schema of `data` in a response, or nil if the response
// promises none.
func (d *Document) Data(r *Response) *Schema {
	schema := r.JSON()
	if schema == nil {
		return nil
	}
	for _, part := range schema.AllOf {
		if data, ok := part.Properties.Get("data"); ok {
			return data
		}
	}
	return nil
}

// Paged reports whether a response is a page of a list, with `meta`.
func (d *Document) Paged(r *Response) bool {
	schema := r.JSON()
	return schema != nil && slices.ContainsFunc(schema.AllOf, func(part *Schema) bool { return part.Name() == "PageEnvelope" })
}

// Resolve returns the component that a schema refers to, or the schema itself.
// It returns nil for nil and for a reference to no component.
func (d *Document) Resolve(s *Schema) *Schema {
	if s == nil || s.Ref == "" {
		return s
	}
	target, _ := d.Components.Schemas.Get(s.Name())
	return target
}

func refName(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }
