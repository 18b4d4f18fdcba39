package contracttest

import (
	"fmt"
	"slices"
	"strings"

	verrors "github.com/pb33f/libopenapi-validator/errors"
)

// Violation is one way in which a request or response breaks the contract.
type Violation struct {
	Method, Path string // of the request; the path is without the base path
	Status       int    // of the response, or 0 if the request is wrong
	Problem      string
}

// String returns the operation, the side and the problem.
func (v Violation) String() string {
	if v.Status == 0 {
		return fmt.Sprintf("%s %s: request: %s", v.Method, v.Path, v.Problem)
	}
	return fmt.Sprintf("%s %s: response %d: %s", v.Method, v.Path, v.Status, v.Problem)
}

// problems returns one line for each of the validator's findings.
func problems(errs []*verrors.ValidationError) []string {
	var found, unknown []string
	for _, e := range errs {
		if len(e.SchemaValidationErrors) == 0 {
			found = append(found, e.Message+": "+e.Reason)
		}
		for _, s := range e.SchemaValidationErrors {
			switch {
			case e.ParameterName != "":
				found = append(found, "query: "+e.ParameterName+": "+s.Reason)
			case strings.HasSuffix(s.KeywordLocation, "/unevaluatedProperties"):
				unknown = append(unknown, "body: "+s.FieldPath+": unknown field")
			case s.FieldPath != "":
				found = append(found, "body: "+s.FieldPath+": "+inOrder(s.Reason))
			default:
				found = append(found, "body: "+inOrder(s.Reason))
			}
		}
	}
	if len(found) == 0 {
		found = unknown // after another error, the validator counts all fields as unknown
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// inOrder sorts the names in "additional properties 'b', 'a' not allowed". The
// validator lists them in random order.
func inOrder(reason string) string {
	const before, after = "additional properties ", " not allowed"
	if !strings.HasPrefix(reason, before) || !strings.HasSuffix(reason, after) {
		return reason
	}
	names := strings.Split(strings.TrimSuffix(strings.TrimPrefix(reason, before), after), ", ")
	slices.Sort(names)
	return before + strings.Join(names, ", ") + after
}
