package funneltest

import (
	"net/http"

	"github.com/funnel-go/funnel"
)

// The codes are spelled out here instead of taken from the SDK's constants, so
// that a misspelled constant fails the tests that use this fake.
const (
	codeUnauthorized        funnel.Code = "UNAUTHORIZED"
	codeForbidden           funnel.Code = "FORBIDDEN"
	codeNotFound            funnel.Code = "NOT_FOUND"
	codeContactExists       funnel.Code = "CONTACT_EXISTS"
	codeTagExists           funnel.Code = "TAG_EXISTS"
	codeWebhookExists       funnel.Code = "WEBHOOK_EXISTS"
	codePathTaken           funnel.Code = "PATH_TAKEN"
	codeCampaignScheduled   funnel.Code = "CAMPAIGN_SCHEDULED"
	codeInvalidStatus       funnel.Code = "INVALID_STATUS"
	codeInvalidPeriod       funnel.Code = "INVALID_PERIOD"
	codeInvalidDate         funnel.Code = "INVALID_DATE"
	codeNoSubdomain         funnel.Code = "NO_SUBDOMAIN"
	codeStageNotEmail       funnel.Code = "STAGE_NOT_EMAIL"
	codeSequenceHasNoStages funnel.Code = "SEQUENCE_HAS_NO_STAGES"
	codeValidation          funnel.Code = "VALIDATION_ERROR"
	codeServer              funnel.Code = "SERVER_ERROR"
)

// documented holds the status and the message of each code. VALIDATION_ERROR is
// a 422 here; malformed makes the 400.
var documented = map[funnel.Code]struct {
	status  int
	message string
}{
	codeUnauthorized:        {http.StatusUnauthorized, "The API key is missing, invalid, or disabled"},
	codeForbidden:           {http.StatusForbidden, "The API key does not have access to the requested resource"},
	codeNotFound:            {http.StatusNotFound, "The requested resource was not found"},
	codeContactExists:       {http.StatusConflict, "A contact with that email already exists"},
	codeTagExists:           {http.StatusConflict, "A tag with that name already exists"},
	codeWebhookExists:       {http.StatusConflict, "A webhook with that URL already exists"},
	codePathTaken:           {http.StatusConflict, "The requested path is already used in this funnel"},
	codeCampaignScheduled:   {http.StatusConflict, "The campaign is scheduled and must be unscheduled first"},
	codeInvalidStatus:       {http.StatusBadRequest, "The status filter value is not in the allowed list"},
	codeInvalidPeriod:       {http.StatusBadRequest, "The period value is invalid or the range is missing for period=between"},
	codeInvalidDate:         {http.StatusBadRequest, "The scheduled_for date could not be parsed or is in the past"},
	codeNoSubdomain:         {http.StatusBadRequest, "No subdomain is configured for this account"},
	codeStageNotEmail:       {http.StatusUnprocessableEntity, "The stage is not a send_email stage"},
	codeSequenceHasNoStages: {http.StatusUnprocessableEntity, "The sequence has no stages and cannot enrol contacts"},
	codeValidation:          {http.StatusUnprocessableEntity, "The given data was invalid"},
	codeServer:              {http.StatusInternalServerError, "An unexpected error occurred"},
}

// An apiError is an error response of the API.
type apiError struct {
	status  int
	code    funnel.Code // empty: Laravel's own error, without the envelope
	message string
	details map[string][]string // by field, for a 422 VALIDATION_ERROR
	allow   string              // the header Allow of a 405
}

// newError returns the error of a code as the reference documents it.
func newError(code funnel.Code) *apiError {
	doc := documented[code]
	return &apiError{status: doc.status, code: code, message: doc.message}
}

// notFound names what was not found: "Contact", "Tag".
func notFound(what string) *apiError {
	e := newError(codeNotFound)
	e.message = what + " not found"
	return e
}

// malformed is the VALIDATION_ERROR without details.
func malformed(message string) *apiError {
	return &apiError{status: http.StatusBadRequest, code: codeValidation, message: message}
}

// invalid is the VALIDATION_ERROR with messages for fields.
func invalid(details map[string][]string) *apiError {
	e := newError(codeValidation)
	e.details = details
	return e
}

// bare is an error of Laravel itself, before the API's code runs: it has no
// code and no envelope.
func bare(status int, message string) *apiError {
	return &apiError{status: status, message: message}
}
