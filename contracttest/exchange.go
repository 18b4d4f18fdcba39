package contracttest

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

// Exchange is a request and what came of it, or a delivery.
type Exchange struct {
	Method, Path string // the path is without the base path; that of a delivery is the event
	Operation    string // the operationId, or "" where the contract has no such operation
	Status       int    // 0 where no response came
	Code         string // error.code, where the response carries one
	Violations   []Violation
	Parts        []string // what it exercises of the contract: see [Recorder.Unexercised]
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

// Recorder keeps what a [Validator] or [Receiver] reports. Its zero value is ready for use,
// and it is safe for concurrent use.
type Recorder struct {
	mu         sync.Mutex
	violations []Violation
	operations map[string]int
	codes      map[string]int
	parts      map[string]bool
}

// Record keeps an exchange; it is what [NewValidator] and [NewReceiver] want for
// their report.
func (r *Recorder) Record(x Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.operations == nil {
		r.operations, r.codes, r.parts = make(map[string]int), make(map[string]int), make(map[string]bool)
	}
	r.violations = append(r.violations, x.Violations...)
	if x.Operation != "" && x.Status != 0 {
		r.operations[x.Operation]++
	}
	if x.Code != "" {
		r.codes[x.Code]++
	}
	for _, part := range x.Parts {
		r.parts[part] = true
	}
}

// Violations returns every breach so far, in the order in which they came.
func (r *Recorder) Violations() []Violation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.violations)
}

// Operations returns how many responses each operation has given, by
// operationId.
func (r *Recorder) Operations() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.operations)
}

// Codes returns how often each error code has come.
func (r *Recorder) Codes() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.codes)
}

// Unexercised names the parts of a contract that no exchange has exercised so
// far: operations and codes, and down to single parameters, fields, headers and
// known values. A part of a request counts where the request was taken, a field
// of a response or delivery where it was not empty.
func (r *Recorder) Unexercised(contract *openapi.Document) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(parts(contract), func(part string) bool { return r.parts[part] })
}
