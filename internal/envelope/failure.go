package envelope

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// A Failure is what a failed call's response says of itself. Whatever it does
// not say is empty.
type Failure struct {
	Code    string
	Message string
	Details map[string][]string // messages for each field
}

func (f *Failure) Error() string { return f.Message }

// ParseFailure reads a response that is known to be a failure: the envelope
// {"error": {"code", "message", "details"}}, Laravel's own {"message"} or
// {"message", "errors"}, or anything else. It never fails: what is not understood stays empty.
func ParseFailure(body []byte) *Failure {
	var answer struct {
		Error   any `json:"error"`
		Message any `json:"message"`
		Errors  any `json:"errors"`
	}
	f := &Failure{}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if holdsTooMany(body) || !json.Valid(body) || dec.Decode(&answer) != nil {
		return f
	}
	switch e := answer.Error.(type) {
	case map[string]any:
		f.Code = scalar(e["code"])
		f.Message = scalar(e["message"])
		f.Details = details(e["details"])
	default:
		f.Message = scalar(e)
	}
	if f.Message == "" {
		f.Message = scalar(answer.Message)
	}
	if f.Details == nil {
		f.Details = details(answer.Errors)
	}
	return f
}

// details reads the messages for each field. PHP sends an empty map as [], and
// a message may stand where a list of them is documented. A message without a
// field gets the empty one.
func details(v any) map[string][]string {
	fields := map[string][]string{}
	switch v := v.(type) {
	case map[string]any:
		for field, messages := range v {
			if list := flatten(messages); len(list) > 0 {
				fields[field] = list
			}
		}
	default:
		if list := flatten(v); len(list) > 0 {
			fields[""] = list
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return fields
}

func flatten(v any) []string {
	var list []string
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			list = append(list, flatten(item)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			list = append(list, flatten(v[key])...)
		}
	default:
		if s := scalar(v); s != "" {
			list = append(list, s)
		}
	}
	return list
}

// scalar returns a string as it is, a number or boolean as JSON writes it, and
// "" for all else.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}
