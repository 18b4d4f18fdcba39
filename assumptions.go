package funnel

import (
	"fmt"

	"github.com/funnel-go/funnel/internal/text"
)

// assumed are the operations whose method or path no page of the reference shows,
// with the assumption that each rests on. They are those of api/openapi.yaml.
var assumed = map[string]string{
	"PUT /contact":              "B3",
	"DELETE /contact":           "B5",
	"POST /contact-tag":         "B5",
	"DELETE /contact-tag":       "B5",
	"DELETE /contact-sequence":  "B5",
	"DELETE /tag":               "B5",
	"PUT /sequence":             "B5",
	"DELETE /sequence":          "B5",
	"DELETE /sequence-stage":    "B5",
	"PUT /funnel":               "B5",
	"DELETE /funnel":            "B5",
	"DELETE /funnel-step":       "B5",
	"PUT /campaign":             "B5",
	"POST /campaign":            "B8",
	"POST /campaign-schedule":   "B9",
	"DELETE /campaign-schedule": "B9",
	"GET /sequences":            "B10",
	"PUT /sequence-stage":       "B12",
}

// doubt adds to the message of an error that the request's operation is assumed, if
// it is: the response suggests that the API has another one.
func (r request) doubt(message string) string {
	name := assumed[r.method+" "+r.path]
	if name == "" {
		return message
	}
	return fmt.Sprintf("%s; this operation's shape is assumed (%s): run funnel-doctor", text.Clip(message, maxErrorText/2), name)
}
