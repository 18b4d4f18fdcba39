package contracttest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	"github.com/pb33f/libopenapi/datamodel/high/base"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// Contract is the contract, compiled. It is safe for concurrent use, and
// compiling it is the expensive part: load it once.
type Contract struct {
	document   *openapi.Document
	operations map[string]*openapi.Operation // by "METHOD /path"
	shapes     map[string]*openapi.Schema    // by name
	validator  validator.Validator
	events     map[string]*openapi.Operation // deliveries, by event
	deliveries map[string]*base.Schema       // their bodies, by event
	schemas    schema_validation.SchemaValidator
}

// Load compiles a contract, an OpenAPI document in YAML.
func Load(data []byte) (*Contract, error) {
	contract, err := compile(data)
	if err != nil {
		return nil, fmt.Errorf("contracttest: %w", err)
	}
	return contract, nil
}

func compile(data []byte) (*Contract, error) {
	document, err := openapi.Parse(data)
	if err != nil {
		return nil, err
	}
	closed, err := closeBodies(data)
	if err != nil {
		return nil, err
	}
	parsed, err := libopenapi.NewDocument(closed)
	if err != nil {
		return nil, err
	}
	model, err := parsed.BuildV3Model()
	if err != nil {
		return nil, err
	}
	options := []config.Option{config.WithFormatAssertions(), config.WithRejectUndeclaredRequestBody()}
	c := &Contract{
		document:   document,
		operations: make(map[string]*openapi.Operation),
		shapes:     schemasOf(document),
		validator:  validator.NewValidatorFromV3Model(&model.Model, options...),
		events:     make(map[string]*openapi.Operation),
		deliveries: make(map[string]*base.Schema),
		schemas:    schema_validation.NewSchemaValidator(options...),
	}
	for _, op := range document.Operations {
		c.operations[op.String()] = op
	}
	for _, delivery := range document.Deliveries {
		c.events[delivery.Path] = delivery
	}
	for event, item := range model.Model.Webhooks.FromOldest() {
		c.deliveries[event] = item.Post.RequestBody.Content.GetOrZero("application/json").Schema.Schema()
	}
	return c, nil
}

// Document returns the contract as it is written.
func (c *Contract) Document() *openapi.Document { return c.document }

// operation finds the operation of a request whose URL has no base path.
func (c *Contract) operation(r *http.Request) (*openapi.Operation, bool) {
	op, ok := c.operations[r.Method+" "+r.URL.Path]
	return op, ok
}

// checkRequest returns what is wrong with a request, whose body it consumes.
func (c *Contract) checkRequest(r *http.Request) []string {
	op, ok := c.operation(r)
	if !ok {
		return []string{"the contract has no such operation"}
	}
	_, errs := c.validator.ValidateHttpRequestSync(r)
	return append(checkQuery(op, r.URL.RawQuery), problems(errs)...)
}

// checkResponse returns what is wrong with the response to a request. The
// response's body is given apart from it, and no body is consumed. No response
// is held against a request that is no operation.
func (c *Contract) checkResponse(r *http.Request, res *http.Response, body []byte) []string {
	op, ok := c.operation(r)
	if !ok {
		return nil
	}
	listed, ok := op.Responses.Get(strconv.Itoa(res.StatusCode))
	if !ok {
		return []string{"the contract has no such status here"}
	}
	if len(body) == 0 {
		return []string{"no body"} // which the validator lets pass
	}
	checked := *res
	checked.Body = io.NopCloser(bytes.NewReader(body))
	_, errs := c.validator.ValidateHttpResponse(r, &checked)
	found := problems(errs)
	if code := errorCode(body); code != "" && !listed.Lists(code) {
		found = append(found, "error.code "+code+" is none of this response's")
	}
	return found
}
