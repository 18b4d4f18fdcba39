package contracttest

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi/datamodel"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// Contract is the compiled contract. It is safe for concurrent use. Compiling is
// expensive, so load it once.
type Contract struct {
	document   *openapi.Document
	operations map[string]*openapi.Operation // by "METHOD /path"
	validator  validator.Validator
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
	quiet := datamodel.NewDocumentConfiguration()
	quiet.Logger = slog.New(slog.DiscardHandler) // the errors are returned too
	parsed, err := libopenapi.NewDocumentWithConfiguration(closed, quiet)
	if err != nil {
		return nil, err
	}
	model, err := parsed.BuildV3Model()
	if err != nil {
		return nil, err
	}
	c := &Contract{
		document:   document,
		operations: make(map[string]*openapi.Operation),
		validator:  validator.NewValidatorFromV3Model(&model.Model, config.WithFormatAssertions(), config.WithRejectUndeclaredRequestBody()),
	}
	for _, op := range document.Operations {
		c.operations[op.String()] = op
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

// checkRequest returns what is wrong with a request. It consumes the body.
func (c *Contract) checkRequest(r *http.Request) []string {
	op, ok := c.operation(r)
	if !ok {
		return []string{"the contract has no such operation"}
	}
	_, errs := c.validator.ValidateHttpRequestSync(r)
	return append(checkQuery(op, r.URL.RawQuery), problems(errs)...)
}

// checkResponse returns what is wrong with the response to a request. The body of
// the response is passed separately. If the request is no operation, nothing is
// checked.
func (c *Contract) checkResponse(r *http.Request, res *http.Response, body []byte) []string {
	op, ok := c.operation(r)
	if !ok {
		return nil
	}
	listed, ok := op.Responses.Get(strconv.Itoa(res.StatusCode))
	if !ok {
		return []string{"the contract has no such status here"}
	}
	if len(body) == 0 && res.StatusCode < http.StatusBadRequest && c.document.Data(listed) == nil {
		return nil // a write may succeed with an empty body
	}
	if len(body) == 0 {
		return []string{"no body"} // the validator accepts it
	}
	checked := *res
	checked.Body = io.NopCloser(bytes.NewReader(body))
	_, errs := c.validator.ValidateHttpResponse(r, &checked)
	found := problems(errs)
	if code := errorCode(body); code != "" && !listed.Lists(code) {
		found = append(found, "the contract has no error.code "+code+" for this response")
	}
	return found
}
