package envelope

import (
	"encoding/json"
	"maps"
)

// A Failure is what the response of a failed call states. Whatever it does not state
// is empty.
type Failure struct {
	Code    string
	Message string
	Details map[string][]string // messages for each field
}

func (f *Failure) Error() string { return f.Message }

// ParseFailure reads a response that is known to be a failure: the envelope
// {"error": {"code", "message", "details"}}, or Laravel's own {"message"} and
// {"message", "errors"}. It never fails: a field of any other form stays empty, such
// as an empty map of details, which PHP writes as [].
func ParseFailure(body []byte) *Failure {
	var response struct {
		Error   Failure             `json:"error"`
		Message string              `json:"message"`
		Errors  map[string][]string `json:"errors"`
	}
	if holdsTooMany(body) {
		return &Failure{}
	}
	_ = json.Unmarshal(body, &response) // reads what can be read
	f := &response.Error
	if f.Message == "" {
		f.Message = response.Message
	}
	if len(f.Details) == 0 {
		f.Details = response.Errors
	}
	maps.DeleteFunc(f.Details, func(_ string, messages []string) bool { return len(messages) == 0 })
	if len(f.Details) == 0 {
		f.Details = nil
	}
	return f
}
