// Package openapi reads api/openapi.yaml into plain structs, as far as this
// module needs it: with the document's own order, with its extensions, and with
// every reference to a parameter or response replaced by what it refers to.
//
// It does not validate; that is the work of a real OpenAPI validator.
package openapi

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Document is the contract.
type Document struct {
	Tags        []Tag                `yaml:"tags"`
	Assumptions Map[Assumption]      `yaml:"x-assumptions"`
	ErrorCodes  Map[ErrorCode]       `yaml:"x-error-codes"`
	Paths       Map[Map[*Operation]] `yaml:"paths"`
	Webhooks    Map[Map[*Operation]] `yaml:"webhooks"`
	Components  Components           `yaml:"components"`

	// Operations are those under Paths, and Deliveries those under Webhooks,
	// whose path is the event's name. Both are in the document's order.
	Operations []*Operation `yaml:"-"`
	Deliveries []*Operation `yaml:"-"`
}

// Tag is a group of operations.
type Tag struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
}

// Assumption is what the contract assumes, and what led to it.
type Assumption struct {
	Text      string `yaml:"assumption"`
	DrawnFrom string `yaml:"drawn-from"`
}

// ErrorCode is a value of error.code and the statuses that it comes with.
type ErrorCode struct {
	Provenance `yaml:",inline"`
	Statuses   []int `yaml:"statuses"`
}

// Components are the parts that operations share.
type Components struct {
	Parameters Map[*Parameter] `yaml:"parameters"`
	Responses  Map[*Response]  `yaml:"responses"`
	Schemas    Map[*Schema]    `yaml:"schemas"`
}

// Operation is one method of one path.
type Operation struct {
	Provenance   `yaml:",inline"`
	Method       string         `yaml:"-"` // in capitals
	Path         string         `yaml:"-"`
	ID           string         `yaml:"operationId"`
	SDK          []string       `yaml:"x-sdk"`
	Tags         []string       `yaml:"tags"`
	Summary      string         `yaml:"summary"`
	RequireOneOf []string       `yaml:"x-require-one-of"`
	Parameters   []*Parameter   `yaml:"parameters"`
	RequestBody  *Body          `yaml:"requestBody"`
	Responses    Map[*Response] `yaml:"responses"`
}

// String names the operation as the reference does: "POST /contact".
func (o *Operation) String() string { return o.Method + " " + o.Path }

// Parameter is a query parameter.
type Parameter struct {
	Provenance  `yaml:",inline"`
	Ref         string  `yaml:"$ref"`
	Name        string  `yaml:"name"`
	In          string  `yaml:"in"`
	Description string  `yaml:"description"`
	Required    bool    `yaml:"required"`
	Schema      *Schema `yaml:"schema"`
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
	Minimum     *int         `yaml:"minimum"`
	Maximum     *int         `yaml:"maximum"`
	KnownValues Map[string]  `yaml:"x-known-values"` // value → source
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
	for i, p := range op.Parameters {
		if p.Ref == "" {
			continue
		}
		target, ok := d.Components.Parameters.Get(refName(p.Ref))
		if !ok {
			return fmt.Errorf("no parameter %s", p.Ref)
		}
		op.Parameters[i] = target
	}
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

func refName(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }
