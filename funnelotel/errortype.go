package funnelotel

import (
	"net/http"
	"strconv"

	"github.com/funnel-go/funnel"
)

// attemptErrorType is the error.type of an attempt. The status of its response is
// known, the code in it not yet.
func attemptErrorType(result funnel.AttemptResult) string {
	if result.Err == nil && result.StatusCode >= http.StatusBadRequest {
		return strconv.Itoa(result.StatusCode)
	}
	return funnel.ErrorKind(result.Err)
}
