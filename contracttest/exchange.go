package contracttest

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"
)

// Exchange is a request and what came of it.
type Exchange struct {
	Method, Path string // the path is without the base path
	Operation    string // the operationId, or "" where the contract has no such operation
	Status       int    // 0 where no response came
	Code         string // error.code, where the response carries one
	Violations   []Violation
}

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

// Recorder keeps what a [Validator] reports. Its zero value is ready for use,
// and it is safe for concurrent use.
type Recorder struct {
	mu         sync.Mutex
	violations []Violation
	operations map[string]int
	codes      map[string]int
}

// Record keeps an exchange; it is what [NewValidator] wants for its report.
func (r *Recorder) Record(x Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.operations == nil {
		r.operations, r.codes = make(map[string]int), make(map[string]int)
	}
	r.violations = append(r.violations, x.Violations...)
	if x.Operation != "" && x.Status != 0 {
		r.operations[x.Operation]++
	}
	if x.Code != "" {
		r.codes[x.Code]++
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
