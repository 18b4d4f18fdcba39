package contracttest

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"strings"
)

// Validator is an [http.RoundTripper] that checks the traffic that passes through
// it. It changes nothing: violations are reported, and the traffic is passed on.
type Validator struct {
	contract *Contract
	next     http.RoundTripper
	basePath string
	report   func(Exchange)
}

// NewValidator returns a validator between a client and next. The basePath is that
// of the client's base URL, such as "/v1", or "". report is called once for each
// request, by the goroutine that sends it, before RoundTrip returns.
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
	wrong := v.contract.checkRequest(checked)
	if !strings.HasPrefix(r.URL.Path, v.basePath+"/") {
		wrong = append(wrong, "the path is not below "+v.basePath)
	}
	switch {
	case !intends(r.Context(), badRequest):
		x.add(0, wrong...)
	case len(wrong) == 0:
		x.add(0, "is marked as breaking the contract, and does not break it")
	}
	return x
}

// checkResponse checks a response. Afterwards its body can still be read.
func (v *Validator) checkResponse(x *Exchange, r *http.Request, sent []byte, res *http.Response) {
	x.Status = res.StatusCode
	if intends(r.Context(), badRequest) && res.StatusCode < http.StatusBadRequest {
		x.add(res.StatusCode, "a request that breaks the contract succeeds")
	}
	if intends(r.Context(), anyResponse) {
		return
	}
	body, err := drain(res.Body)
	res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failure{err}))
	if err != nil {
		return // the network failed, not the server
	}
	x.Code = errorCode(body)
	viewed := v.view(r, sent)
	x.add(res.StatusCode, v.contract.checkResponse(viewed, res, body)...)
	if op, ok := v.contract.operation(viewed); ok {
		v.contract.use(x, op, viewed, sent, res, body)
	}
}

// view returns a copy of a request without the base path, with a body of its own.
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

// failure is an empty reader that returns an error, or io.EOF if there is none.
type failure struct{ err error }

func (f failure) Read([]byte) (int, error) { return 0, cmp.Or(f.err, io.EOF) }
