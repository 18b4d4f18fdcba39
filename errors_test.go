package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// The codes as the reference spells them, the SDK's own, and one that it does
// not know.
var codes = map[string]funnel.Code{
	"UNAUTHORIZED":           funnel.ErrUnauthorized,
	"FORBIDDEN":              funnel.ErrForbidden,
	"NOT_FOUND":              funnel.ErrNotFound,
	"CONTACT_EXISTS":         funnel.ErrContactExists,
	"TAG_EXISTS":             funnel.ErrTagExists,
	"WEBHOOK_EXISTS":         funnel.ErrWebhookExists,
	"PATH_TAKEN":             funnel.ErrPathTaken,
	"CAMPAIGN_SCHEDULED":     funnel.ErrCampaignScheduled,
	"INVALID_STATUS":         funnel.ErrInvalidStatus,
	"INVALID_PERIOD":         funnel.ErrInvalidPeriod,
	"INVALID_DATE":           funnel.ErrInvalidDate,
	"NO_SUBDOMAIN":           funnel.ErrNoSubdomain,
	"STAGE_NOT_EMAIL":        funnel.ErrStageNotEmail,
	"SEQUENCE_HAS_NO_STAGES": funnel.ErrSequenceHasNoStages,
	"VALIDATION_ERROR":       funnel.ErrValidation,
	"SERVER_ERROR":           funnel.ErrServer,
	"RATE_LIMITED":           funnel.ErrRateLimited,
	"SOMETHING_NEW":          "SOMETHING_NEW",
}

// The ways in which users' programs, and the SDK itself, wrap an error.
var wraps = map[string]func(error) error{
	"not":          func(err error) error { return err },
	"fmt":          func(err error) error { return fmt.Errorf("import: %w", err) },
	"fmt, two":     func(err error) error { return fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err) },
	"join":         func(err error) error { return errors.Join(io.ErrUnexpectedEOF, err) },
	"RequestError": func(err error) error { return &funnel.RequestError{Err: err} },
	"all of them": func(err error) error {
		return errors.Join(nil, fmt.Errorf("x: %w", &funnel.RequestError{Err: errors.Join(err)}))
	},
	"fmt, ten times": func(err error) error { return wrapTimes(10, err) },
}

func wrapTimes(n int, err error) error {
	for range n {
		err = fmt.Errorf("again: %w", err)
	}
	return err
}

func TestCode_MatchesThroughWrapping(t *testing.T) {
	t.Parallel()
	for spelled, code := range codes {
		for how, wrap := range wraps {
			t.Run(spelled+"/"+how, func(t *testing.T) {
				t.Parallel()
				require.Equal(t, funnel.Code(spelled), code)
				for _, carrier := range []error{
					code,
					&funnel.APIError{Code: code},
					&funnel.ValidationError{APIError: funnel.APIError{Code: code}},
					&funnel.RateLimitError{APIError: funnel.APIError{Code: code}},
				} {
					err := wrap(carrier)
					require.ErrorIs(t, err, code)
					require.ErrorIs(t, err, funnel.Code(spelled))
					require.ErrorContains(t, err, spelled)
					require.NotErrorIs(t, err, funnel.Code("ANOTHER"))
					require.NotErrorIs(t, err, funnel.Code(strings.ToLower(spelled)))
					require.NotErrorIs(t, err, funnel.Code(""))
				}
			})
		}
	}
}

func TestErrors_TypesAreFoundThroughWrapping(t *testing.T) {
	t.Parallel()
	for how, wrap := range wraps {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			var (
				api        *funnel.APIError
				validation *funnel.ValidationError
				limited    *funnel.RateLimitError
				request    *funnel.RequestError
				argument   *funnel.ArgumentError
			)
			plain := &funnel.APIError{Code: funnel.ErrTagExists, Message: "Taken."}
			require.ErrorAs(t, wrap(plain), &api)
			require.Same(t, plain, api)

			invalid := &funnel.ValidationError{APIError: *plain, Details: map[string][]string{"name": {"Taken."}}}
			require.ErrorAs(t, wrap(invalid), &validation)
			require.Same(t, invalid, validation)
			require.ErrorAs(t, wrap(invalid), &api, "a ValidationError is an APIError too")
			require.Same(t, &invalid.APIError, api)

			refused := &funnel.RateLimitError{APIError: *plain, RetryAfter: time.Minute}
			require.ErrorAs(t, wrap(refused), &limited)
			require.Same(t, refused, limited)
			require.ErrorAs(t, wrap(refused), &api, "a RateLimitError is an APIError too")
			require.Same(t, &refused.APIError, api)

			require.NotErrorAs(t, wrap(plain), &validation)
			require.NotErrorAs(t, wrap(plain), &limited)

			cancelled := &funnel.RequestError{Err: fmt.Errorf("waiting: %w", context.Canceled)}
			require.ErrorIs(t, wrap(cancelled), context.Canceled)
			require.NotErrorIs(t, wrap(cancelled), context.DeadlineExceeded)
			require.ErrorAs(t, wrap(cancelled), &request)
			require.NotErrorAs(t, wrap(cancelled), &argument)

			require.ErrorAs(t, wrap(&funnel.ArgumentError{Field: "email"}), &argument)
			require.Equal(t, "email", argument.Field)
		})
	}
}

func TestErrors_TypeAloneMatchesItsCode(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, &funnel.ValidationError{}, funnel.ErrValidation)
	require.ErrorIs(t, &funnel.RateLimitError{}, funnel.ErrRateLimited)
	require.NotErrorIs(t, &funnel.APIError{StatusCode: http.StatusNotFound}, funnel.ErrNotFound, "a status is no code")
	require.NotErrorIs(t, &funnel.APIError{}, funnel.Code(""), "no code is not a code")
	require.NotErrorIs(t, &funnel.APIError{Code: "X"}, errors.New("X"))
}

func TestRequestError_WithoutACauseMatchesNothing(t *testing.T) {
	t.Parallel()
	err := &funnel.RequestError{}
	require.NoError(t, errors.Unwrap(err))
	require.NotErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, funnel.ErrNotFound)
	var api *funnel.APIError
	require.NotErrorAs(t, err, &api)
}

func TestErrors_Texts(t *testing.T) {
	t.Parallel()
	api := funnel.APIError{Code: funnel.ErrValidation, Message: "Invalid", StatusCode: 422, Method: "POST", Path: "/contact", Attempts: 1}
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"Code":         {funnel.ErrNotFound, "NOT_FOUND"},
		"unknown Code": {funnel.Code("SOMETHING_NEW"), "SOMETHING_NEW"},
		"zero Code":    {funnel.Code(""), "funnel: error without a code"},
		"blank Code":   {funnel.Code("\n"), "funnel: error without a code"},

		"zero APIError":       {&funnel.APIError{}, "funnel: request failed"},
		"APIError":            {&api, "funnel: POST /contact: 422 VALIDATION_ERROR: Invalid"},
		"only a code":         {&funnel.APIError{Code: funnel.ErrNotFound}, "funnel: NOT_FOUND"},
		"only a message":      {&funnel.APIError{Message: "Nope."}, "funnel: request failed: Nope."},
		"a blank message":     {&funnel.APIError{Message: " \n"}, "funnel: request failed"},
		"a blank code":        {&funnel.APIError{Code: " ", StatusCode: 409}, "funnel: 409 Conflict"},
		"only a status":       {&funnel.APIError{StatusCode: 502}, "funnel: 502 Bad Gateway"},
		"a status of nobody":  {&funnel.APIError{StatusCode: 599}, "funnel: 599 request failed"},
		"only a method":       {&funnel.APIError{Method: "GET"}, "funnel: GET: request failed"},
		"only a path":         {&funnel.APIError{Path: "/tags"}, "funnel: /tags: request failed"},
		"several attempts":    {&funnel.APIError{StatusCode: 500, Attempts: 4}, "funnel: 500 Internal Server Error (after 4 attempts)"},
		"may be applied":      {&funnel.APIError{StatusCode: 500, Attempts: 1, MayHaveBeenApplied: true}, "funnel: 500 Internal Server Error (may have been applied)"},
		"both":                {&funnel.APIError{StatusCode: 500, Attempts: 2, MayHaveBeenApplied: true}, "funnel: 500 Internal Server Error (after 2 attempts, may have been applied)"},
		"a page as a message": {&funnel.APIError{StatusCode: 502, Message: "<html>\r\n\t<title>Bad</title>\x00"}, "funnel: 502 Bad Gateway: <html> <title>Bad</title>"},

		"zero ValidationError":        {&funnel.ValidationError{}, "funnel: request failed"},
		"ValidationError, no details": {&funnel.ValidationError{APIError: api}, "funnel: POST /contact: 422 VALIDATION_ERROR: Invalid"},
		"fields in order": {
			&funnel.ValidationError{APIError: api, Details: map[string][]string{"z": {"Z."}, "b": {"One.", "Two."}, "a": {"A."}}},
			"funnel: POST /contact: 422 VALIDATION_ERROR: Invalid – a: A.; b: One. Two.; z: Z.",
		},
		"only fields":             {&funnel.ValidationError{Details: map[string][]string{"email": {"Required."}}}, "funnel: request failed: email: Required."},
		"a message of no field":   {&funnel.ValidationError{APIError: api, Details: map[string][]string{"": {"Odd."}, "a": {"A."}}}, "funnel: POST /contact: 422 VALIDATION_ERROR: Invalid – Odd.; a: A."},
		"a field without message": {&funnel.ValidationError{APIError: api, Details: map[string][]string{"a": nil}}, "funnel: POST /contact: 422 VALIDATION_ERROR: Invalid – a"},

		"zero RateLimitError": {&funnel.RateLimitError{}, "funnel: request failed"},
		"RateLimitError": {
			&funnel.RateLimitError{APIError: funnel.APIError{Code: funnel.ErrRateLimited, Message: "Too Many Attempts.", StatusCode: 429, Method: "GET", Path: "/tags", Attempts: 4}, RetryAfter: 61*time.Second + 300*time.Millisecond},
			"funnel: GET /tags: 429 RATE_LIMITED: Too Many Attempts.; retry after 1m1s (after 4 attempts)",
		},
		"only a time to wait": {&funnel.RateLimitError{RetryAfter: time.Minute}, "funnel: request failed: retry after 1m0s"},
		"no time to wait":     {&funnel.RateLimitError{APIError: funnel.APIError{Message: "Wait."}}, "funnel: request failed: Wait."},

		"zero RequestError": {&funnel.RequestError{}, "funnel: no usable response"},
		"RequestError": {
			&funnel.RequestError{Method: "PUT", Path: "/tag", Attempts: 3, MayHaveBeenApplied: true, Err: io.ErrUnexpectedEOF},
			"funnel: PUT /tag: unexpected EOF (after 3 attempts, may have been applied)",
		},
		"without a cause":        {&funnel.RequestError{Method: "PUT", Path: "/tag"}, "funnel: PUT /tag: no usable response"},
		"a cause without a text": {&funnel.RequestError{Err: errors.New("")}, "funnel: no usable response"},
		"a cause of our own":     {&funnel.RequestError{Method: "GET", Path: "/tags", Err: &funnel.APIError{Code: "X"}}, "funnel: GET /tags: X"},
		"joined causes":          {&funnel.RequestError{Err: errors.Join(io.EOF, context.Canceled)}, "funnel: EOF context canceled"},

		"zero ArgumentError":   {&funnel.ArgumentError{}, "funnel: argument: is invalid"},
		"ArgumentError":        {&funnel.ArgumentError{Field: "per_page", Message: "is 101"}, "funnel: per_page: is 101"},
		"a field alone":        {&funnel.ArgumentError{Field: "per_page"}, "funnel: per_page: is invalid"},
		"a message alone":      {&funnel.ArgumentError{Message: "is nil"}, "funnel: argument: is nil"},
		"a field of two lines": {&funnel.ArgumentError{Field: "per\npage", Message: "is\t101"}, "funnel: per page: is 101"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, tt.err, tt.want)
		})
	}
}

func TestErrors_TextFitsOnAScreen(t *testing.T) {
	t.Parallel()
	many := map[string][]string{}
	for i := range 5_000 {
		many[fmt.Sprintf("field%04d", i)] = []string{"Wrong.", "Very\nwrong."}
	}
	for name, long := range map[string]string{
		"text":          strings.Repeat("a", 1<<20),
		"lines":         strings.Repeat("line\r\n", 1<<18),
		"controls":      strings.Repeat("\x00\x1b[31m\x7f\u202e", 1<<17),
		"invalid UTF-8": strings.Repeat("\xff\xfe", 1<<19),
		"wide":          strings.Repeat("漢", 1<<18),
	} {
		api := funnel.APIError{
			Code: funnel.Code(long), Message: long, StatusCode: 500, Method: long, Path: "/" + long, RequestID: long,
			Attempts: 1 << 30, MayHaveBeenApplied: true, Header: http.Header{"X-Long": {long}}, Body: []byte(long),
		}
		for kind, err := range map[string]error{
			"Code":                         funnel.Code(long),
			"APIError":                     &api,
			"ValidationError":              &funnel.ValidationError{APIError: api, Details: map[string][]string{long: {long, long}}},
			"ValidationError, many fields": &funnel.ValidationError{APIError: api, Details: many},
			"RateLimitError":               &funnel.RateLimitError{APIError: api, RetryAfter: 1<<63 - 1},
			"RequestError":                 &funnel.RequestError{Method: long, Path: long, Attempts: 1 << 30, MayHaveBeenApplied: true, Err: errors.New(long)},
			"RequestError of an APIError":  &funnel.RequestError{Method: long, Path: long, Err: &api},
			"ArgumentError":                &funnel.ArgumentError{Field: long, Message: long},
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				shown := err.Error()
				require.LessOrEqual(t, utf8.RuneCountInString(shown), 1000)
				require.True(t, utf8.ValidString(shown))
				require.Equal(t, -1, strings.IndexFunc(shown, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", shown)
			})
		}
	}
}

func TestRateLimitError_LongMessageDoesNotHideTheWait(t *testing.T) {
	t.Parallel()
	err := &funnel.RateLimitError{APIError: funnel.APIError{Message: strings.Repeat("a", 1<<20)}, RetryAfter: time.Minute}
	require.True(t, strings.HasSuffix(err.Error(), "aaa…; retry after 1m0s"), err.Error())
}

func TestMayHaveBeenApplied_IsTheSameForAllTypes(t *testing.T) {
	t.Parallel()
	require.False(t, funnel.MayHaveBeenApplied(nil))
	require.False(t, funnel.MayHaveBeenApplied(errors.New("something else")))
	for _, applied := range []bool{true, false} {
		apiErr := funnel.APIError{MayHaveBeenApplied: applied}
		for _, err := range []error{
			&apiErr,
			&funnel.ValidationError{APIError: apiErr},
			&funnel.RateLimitError{APIError: apiErr},
			&funnel.RequestError{MayHaveBeenApplied: applied, Err: &funnel.APIError{MayHaveBeenApplied: !applied}},
		} {
			require.Equal(t, applied, funnel.MayHaveBeenApplied(fmt.Errorf("import: %w", err)), "%T", err)
		}
	}
}

// Of joined errors each counts, in any order.
func TestMayHaveBeenApplied_JoinedErrors(t *testing.T) {
	t.Parallel()
	applied := &funnel.APIError{Code: funnel.ErrServer, StatusCode: 500, Attempts: 4, MayHaveBeenApplied: true}
	unsent := &funnel.RequestError{Attempts: 1, Err: io.EOF}
	for _, err := range []error{errors.Join(applied, unsent), errors.Join(unsent, applied), fmt.Errorf("%w, %w", unsent, applied)} {
		require.True(t, funnel.MayHaveBeenApplied(err))
		for r := range funnel.Bulk(t.Context(), newMockAPI(t).client(t), slices.Values([]int{1}), func(context.Context, int) (int, error) {
			return 0, err
		}) {
			require.Equal(t, funnel.BulkUnknown, r.Status)
		}
	}
	require.False(t, funnel.MayHaveBeenApplied(errors.Join(unsent, unsent)))
}
