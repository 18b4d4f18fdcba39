package contracttest

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// Exchange is a request with its response.
type Exchange struct {
	Method, Path string // the path is without the base path
	Status       int    // 0: there was no response
	Code         string // error.code of the response, if it has one
	Violations   []Violation
	Parts        []string // the parts of the contract that it uses: see [Recorder.Unused]
}

func (x *Exchange) note(part string) { x.Parts = append(x.Parts, part) }

func (x *Exchange) add(status int, problems ...string) {
	for _, p := range problems {
		x.Violations = append(x.Violations, Violation{Method: x.Method, Path: x.Path, Status: status, Problem: p})
	}
}

// errorCode returns error.code of an envelope, or "".
func errorCode(body []byte) string {
	var envelope struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &envelope) != nil {
		return ""
	}
	return envelope.Error.Code
}

// Recorder keeps what a [Validator] reports. Its zero value is ready for use, and
// it is safe for concurrent use.
type Recorder struct {
	mu         sync.Mutex
	violations []Violation
	codes      map[string]int
	parts      map[string]bool
}

// Record keeps an exchange. It is the report function of [NewValidator].
func (r *Recorder) Record(x Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.codes == nil {
		r.codes, r.parts = make(map[string]int), make(map[string]bool)
	}
	r.violations = append(r.violations, x.Violations...)
	if x.Code != "" {
		r.codes[x.Code]++
	}
	for _, part := range x.Parts {
		r.parts[part] = true
	}
}

// Violations returns all violations so far, in order.
func (r *Recorder) Violations() []Violation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.violations)
}

// Codes returns how many responses had each error code.
func (r *Recorder) Codes() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.codes)
}

// Unused returns the parts of a contract that no exchange has used so far:
// operations, error codes, parameters, fields, headers and known values. A part of
// a request counts if the request succeeded, a field of a response if it was not
// empty.
func (r *Recorder) Unused(contract *openapi.Document) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(parts(contract), func(part string) bool { return r.parts[part] })
}
