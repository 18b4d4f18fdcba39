package contracttest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
)

// Validator is an [http.RoundTripper] that checks what passes through it. It
// alters nothing: what breaks the contract is reported, and passed on.
type Validator struct {
	contract *Contract
	next     http.RoundTripper
	basePath string
	report   func(Exchange)
}

// NewValidator returns a validator between a client and next. The basePath is
// that of the client's base URL, such as "/api/v1", or "". The report is called
// once for each request, by the goroutine that sends it, before it has the
// response.
func NewValidator(contract *Contract, next http.RoundTripper, basePath string, report func(Exchange)) *Validator {
	return &Validator{contract: contract, next: next, basePath: strings.TrimSuffix(basePath, "/"), report: report}
}

// RoundTrip implements [http.RoundTripper].
func (v *Validator) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := drain(r.Body)
	if err != nil {
		return nil, err
	}
	x := v.checkRequest(r, body)
	sent := r.Clone(r.Context())
	if r.Body != nil {
		sent.Body = io.NopCloser(bytes.NewReader(body))
	}
	res, err := v.next.RoundTrip(sent)
	if err == nil {
		v.checkResponse(x, r, body, res)
	}
	v.report(*x)
	return res, err
}

func (v *Validator) checkRequest(r *http.Request, body []byte) *Exchange {
	checked := v.view(r, body)
	x := &Exchange{Method: r.Method, Path: checked.URL.Path}
	if op, ok := v.contract.operation(checked); ok {
		x.Operation = op.ID
	}
	wrong := v.contract.checkRequest(checked)
	if !strings.HasPrefix(r.URL.Path, v.basePath+"/") {
		wrong = append(wrong, "the path is not below "+v.basePath)
	}
	switch {
	case !intends(r.Context(), badRequest):
		x.add(0, wrong...)
	case len(wrong) == 0:
		x.add(0, "keeps the contract, but is marked as breaking it")
	}
	return x
}

// checkResponse checks a response, and leaves it as it came. A body that cannot
// be read to its end breaks no contract: that was the network.
func (v *Validator) checkResponse(x *Exchange, r *http.Request, sent []byte, res *http.Response) {
	x.Status = res.StatusCode
	if intends(r.Context(), badRequest) && res.StatusCode < http.StatusBadRequest {
		x.add(res.StatusCode, "takes a request that breaks the contract")
	}
	if intends(r.Context(), anyResponse) {
		return
	}
	body, err := drain(res.Body)
	res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failure{err}))
	if err != nil {
		return
	}
	x.Code = errorCode(body)
	viewed := v.view(r, sent)
	x.add(res.StatusCode, v.contract.checkResponse(viewed, res, body)...)
	if op, ok := v.contract.operation(viewed); ok {
		v.contract.exercise(x, op, viewed, sent, res, body)
	}
}

// view returns a copy of a request for the contract to read: without the base
// path, and with a body of its own.
func (v *Validator) view(r *http.Request, body []byte) *http.Request {
	c := r.Clone(r.Context())
	c.URL.Path = strings.TrimPrefix(r.URL.Path, v.basePath)
	c.URL.RawPath = ""
	c.Body = http.NoBody
	if len(body) > 0 {
		c.Body = io.NopCloser(bytes.NewReader(body))
	}
	return c
}

// drain reads a body to its end and closes it.
func drain(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	defer body.Close()
	return io.ReadAll(body)
}

// failure is a reader of nothing that ends with an error, or well where there
// is none.
type failure struct{ err error }

func (f failure) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}
