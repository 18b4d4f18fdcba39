package funnel_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/internal/apitest"
)

// declaredCodes returns all constants of type Code.
func declaredCodes(t *testing.T) []funnel.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var codes []funnel.Code
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if ident, ok := spec.Type.(*ast.Ident); ok && ident.Name == "Code" {
				code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				require.NoError(t, err)
				codes = append(codes, funnel.Code(code))
			}
		}
		return true
	})
	require.Contains(t, codes, funnel.ErrUnauthorized)
	return codes
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
	for _, code := range append(declaredCodes(t), "UNKNOWN_TO_THE_SDK") {
		for how, wrap := range wraps {
			t.Run(string(code)+"/"+how, func(t *testing.T) {
				t.Parallel()
				for _, carrier := range []error{
					code,
					&funnel.APIError{Code: code},
					&funnel.ValidationError{APIError: funnel.APIError{Code: code}},
					&funnel.RateLimitError{APIError: funnel.APIError{Code: code}},
				} {
					err := wrap(carrier)
					require.ErrorIs(t, err, code)
					require.ErrorContains(t, err, string(code))
					require.NotErrorIs(t, err, funnel.Code("ANOTHER"))
					require.NotErrorIs(t, err, funnel.Code(strings.ToLower(string(code))))
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

func TestErrors_Text(t *testing.T) {
	t.Parallel()
	api := funnel.APIError{Code: funnel.ErrValidation, Message: "Invalid", StatusCode: 422, Method: "POST", Path: "/contact", Attempts: 1}
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"Code":         {funnel.ErrNotFound, "NOT_FOUND"},
		"unknown Code": {funnel.Code("SOMETHING_NEW"), "SOMETHING_NEW"},
		"zero Code":    {funnel.Code(""), ""},
		"blank Code":   {funnel.Code("\n"), ""},

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

		"zero RequestError": {&funnel.RequestError{}, "funnel: no complete response"},
		"RequestError": {
			&funnel.RequestError{Method: "PUT", Path: "/tag", Attempts: 3, MayHaveBeenApplied: true, Err: io.ErrUnexpectedEOF},
			"funnel: PUT /tag: unexpected EOF (after 3 attempts, may have been applied)",
		},
		"without a cause":        {&funnel.RequestError{Method: "PUT", Path: "/tag"}, "funnel: PUT /tag: no complete response"},
		"a cause without a text": {&funnel.RequestError{Err: errors.New("")}, "funnel: no complete response"},
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

// Every joined error counts, in any order.
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

// TestErrorTable_EveryCode is the table of error codes of the API's reference. Each row
// makes the fake return the code and its status for an operation that the reference
// names.
func TestErrorTable_EveryCode(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	type errorTableRow struct {
		code         funnel.Code
		status       int
		method, path string
		provoke      func(*testing.T, *funneltest.Server, *funnel.Client) error
	}
	rows := []errorTableRow{
		{"UNAUTHORIZED", 401, "GET", "/contacts", func(t *testing.T, s *funneltest.Server, _ *funnel.Client) error {
			client, err := funnel.New("another key", funnel.WithBaseURL("https://funnel.test"), funnel.WithHTTPClient(&http.Client{Transport: s.Transport()}))
			require.NoError(t, err)
			_, err = client.Contacts.List(ctx, funnel.ContactListParams{})
			return err
		}},
		{"FORBIDDEN", 403, "GET", "/funnels", func(_ *testing.T, s *funneltest.Server, c *funnel.Client) error {
			s.Fail(funneltest.Fault{Code: "FORBIDDEN", Path: "/funnels"})
			_, err := c.Funnels.List(ctx, funnel.FunnelListParams{})
			return err
		}},
		{"NOT_FOUND", 404, "GET", "/contact", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			_, err := c.Contacts.Get(ctx, funnel.ContactID(7))
			return err
		}},
		{"NOT_FOUND", 404, "DELETE", "/tag", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			return c.Tags.Delete(ctx, 7)
		}},
		{"CONTACT_EXISTS", 409, "POST", "/contact", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			return second(t, func() error {
				_, err := c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
				return err
			})
		}},
		{"TAG_EXISTS", 409, "POST", "/tag", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			return second(t, func() error {
				_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
				return err
			})
		}},
		{"TAG_EXISTS", 409, "PUT", "/tag", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
			require.NoError(t, err)
			tag, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "beta"})
			require.NoError(t, err)
			return c.Tags.Update(ctx, tag.ID, funnel.TagUpdateParams{Name: funnel.Ptr("vip")})
		}},
		{"WEBHOOK_EXISTS", 409, "POST", "/webhook", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			return second(t, func() error {
				_, err := c.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"})
				return err
			})
		}},
		{"PATH_TAKEN", 409, "PUT", "/funnel-step", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			created, err := c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Spring"})
			require.NoError(t, err)
			var steps []*funnel.Step
			for _, name := range []string{"Landing", "Thanks"} {
				step, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: created.ID, Name: name})
				require.NoError(t, err)
				steps = append(steps, step)
			}
			return c.Funnels.UpdateStep(ctx, steps[0].ID, funnel.StepUpdateParams{Path: funnel.Ptr(steps[1].Path)})
		}},
		{"CAMPAIGN_SCHEDULED", 409, "DELETE", "/campaign", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			id := draft(t, c)
			require.NoError(t, c.Campaigns.Schedule(ctx, id, time.Now().Add(time.Hour)))
			return c.Campaigns.Delete(ctx, id)
		}},
		{"INVALID_STATUS", 400, "GET", "/campaigns", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			_, err := c.Campaigns.List(ctx, funnel.CampaignListParams{Status: "odd"})
			return err
		}},
		{"INVALID_STATUS", 400, "GET", "/orders", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			_, err := c.Orders.List(ctx, funnel.OrderListParams{Status: "odd"})
			return err
		}},
		{"INVALID_PERIOD", 400, "GET", "/contacts", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			_, err := c.Contacts.List(ctx, funnel.ContactListParams{Period: "fortnight"})
			return err
		}},
		{"INVALID_PERIOD", 400, "GET", "/sales-amount", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			_, err := c.Orders.SalesAmount(ctx, funnel.PeriodParams{Period: "fortnight"})
			return err
		}},
		{"INVALID_PERIOD", 400, "GET", "/transactions", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			// The SDK refuses a period "between" without a range.
			return c.Call(ctx, http.MethodGet, "/transactions", url.Values{"period": {"between"}}, nil, nil)
		}},
		{"INVALID_DATE", 400, "POST", "/campaign-schedule", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			return c.Campaigns.Schedule(ctx, draft(t, c), time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
		}},
		{"NO_SUBDOMAIN", 400, "POST", "/funnel", func(t *testing.T, _ *funneltest.Server, _ *funnel.Client) error {
			server := funneltest.NewServer(funneltest.WithoutSubdomain())
			t.Cleanup(server.Close)
			_, err := server.Client().Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Spring"})
			return err
		}},
		{"STAGE_NOT_EMAIL", 422, "PUT", "/sequence-stage-content", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			sequence, err := c.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
			require.NoError(t, err)
			stage, err := c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID, StageType: funnel.StageSendSMS})
			require.NoError(t, err)
			return c.Sequences.UpdateStageContent(ctx, stage.ID, funnel.StageContentParams{Subject: "Hi", Body: "Hello"})
		}},
		{"SEQUENCE_HAS_NO_STAGES", 422, "POST", "/contact-sequence", func(t *testing.T, s *funneltest.Server, c *funnel.Client) error {
			s.SeedContacts(1)
			sequence, err := c.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
			require.NoError(t, err)
			return c.Sequences.Enroll(ctx, sequence.ID, funnel.ContactID(1))
		}},
		{"VALIDATION_ERROR", 400, "POST", "/contact", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			// The SDK's types cannot express a malformed list.
			return c.Call(ctx, http.MethodPost, "/contact", nil, map[string]any{"email": "ada@example.com", "tag_ids": "1;2"}, nil)
		}},
		{"VALIDATION_ERROR", 422, "GET", "/contact", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			return c.Call(ctx, http.MethodGet, "/contact", nil, nil, nil) // neither contact_id nor email
		}},
		{"SERVER_ERROR", 500, "GET", "/webhooks", func(_ *testing.T, s *funneltest.Server, c *funnel.Client) error {
			s.Fail(funneltest.Fault{Code: "SERVER_ERROR"})
			_, err := c.Webhooks.List(funnel.WithoutRetry(ctx))
			return err
		}},
	}
	codes := declaredCodes(t)
	for _, code := range codes {
		if code != funnel.ErrRateLimited { // which the API does not send
			require.True(t, slices.ContainsFunc(rows, func(row errorTableRow) bool { return row.code == code }), "%s has no row", code)
		}
	}
	for _, row := range rows {
		t.Run(string(row.code)+" of "+row.method+" "+row.path, func(t *testing.T) {
			t.Parallel()
			server := funneltest.NewServer()
			defer server.Close()
			err := row.provoke(t, server, server.Client())
			require.ErrorIs(t, err, row.code)
			for _, code := range codes {
				require.Equal(t, code == row.code, errors.Is(err, code), code)
			}
			responded := apitest.AsError[*funnel.APIError](t, err)
			require.Equal(t, row.status, responded.StatusCode)
			require.Equal(t, apitest.Failure{Method: row.method, Path: row.path, Attempts: 1, MayHaveBeenApplied: row.status >= 500 && row.method != http.MethodGet}, apitest.FailureOf(t, err))
			require.NotEmpty(t, responded.Message)
			require.NotEmpty(t, responded.RequestID)
			require.ErrorContains(t, err, "funnel: "+row.method+" "+row.path+": ")
			require.ErrorContains(t, err, string(row.code)+": "+responded.Message)
			if row.code != funnel.ErrValidation {
				require.NotErrorAs(t, err, new(*funnel.ValidationError))
				return
			}
			details := apitest.AsError[*funnel.ValidationError](t, err).Details
			if row.status == http.StatusBadRequest {
				require.Empty(t, details)
				return
			}
			require.NotEmpty(t, details["contact_id"])
			require.NotEmpty(t, details["email"])
		})
	}
}

// second makes a call twice and returns the error of the second time.
func second(t *testing.T, call func() error) error {
	t.Helper()
	require.NoError(t, call())
	return call()
}

// draft creates a campaign.
func draft(t *testing.T, c *funnel.Client) funnel.CampaignID {
	t.Helper()
	id, err := c.Campaigns.Create(t.Context(), funnel.CampaignCreateParams{Name: "May"})
	require.NoError(t, err)
	return id
}

// The error has the whole response, also if the SDK does not know the code.
func TestErrorTable_ErrorHasTheWholeResponse(t *testing.T) {
	t.Parallel()
	for code, status := range map[funnel.Code]int{funnel.ErrNotFound: 404, "SOMETHING_NEW": 418} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			body := `{"success":false,"error":{"code":"` + string(code) + `","message":"Human-readable description"}}`
			api := newMockAPI(t).on("GET", "/contact", respond(status, body, "X-Request-Id", "r-1"))
			err := getContact.call(t.Context(), api.client(t))
			require.Len(t, api.requests(), 1)
			require.ErrorIs(t, err, code)
			require.Equal(t, &funnel.APIError{
				Code:       code,
				Message:    "Human-readable description",
				StatusCode: status,
				Method:     "GET",
				Path:       "/contact",
				RequestID:  "r-1",
				Attempts:   1,
				Header:     http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {"r-1"}},
				Body:       []byte(body),
			}, apitest.AsError[*funnel.APIError](t, err))
		})
	}
}

func TestErrorTable_ValidationDetails(t *testing.T) {
	t.Parallel()
	reference := `{
		"email": ["The email field is required."],
		"per_page": ["The per page must be between 1 and 100."]
	}`
	tests := []struct {
		name, details string
		want          map[string][]string
		says          string
	}{
		{"as in the reference", reference, map[string][]string{
			"email":    {"The email field is required."},
			"per_page": {"The per page must be between 1 and 100."},
		}, "The given data was invalid – email: The email field is required.; per_page: The per page must be between 1 and 100."},
		{"several messages", `{"email":["One.","Two."]}`, map[string][]string{"email": {"One.", "Two."}}, "email: One. Two."},
		{"empty list, PHP's empty map", `[]`, map[string][]string{}, "The given data was invalid"},
		{"null", `null`, map[string][]string{}, "The given data was invalid"},
		{"empty map", `{}`, map[string][]string{}, "The given data was invalid"},
		{"a field without messages", `{"email":[]}`, map[string][]string{}, "The given data was invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("POST", "/contact", respond(422,
				`{"success":false,"error":{"code":"VALIDATION_ERROR","message":"The given data was invalid","details":`+tt.details+`}}`))
			_, err := api.client(t).Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com"})
			require.ErrorIs(t, err, funnel.ErrValidation)
			refused := apitest.AsError[*funnel.ValidationError](t, err)
			require.Equal(t, tt.want, refused.Details)
			require.Equal(t, 422, refused.StatusCode)
			require.Equal(t, "The given data was invalid", refused.Message)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

// A 429 is recognized by its status, whatever its body.
func TestErrorTable_429(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body, message string
	}{
		{"as in the reference", `{"message": "Too Many Attempts."}`, "Too Many Attempts."},
		{"in the envelope", `{"success":false,"error":{"code":"THROTTLED","message":"Slow down"}}`, "Slow down"},
		{"of a proxy", "<html><title>429</title></html>", "the response is not in the API's format: application/json: 429"},
		{"empty", "", "the response is not in the API's format: it is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on("GET", "/contact", respond(429, tt.body, "Retry-After", "90"))
				err := getContact.call(funnel.WithoutRetry(t.Context()), api.client(t))
				require.ErrorIs(t, err, funnel.ErrRateLimited)
				refused := apitest.AsError[*funnel.RateLimitError](t, err)
				require.Equal(t, 90*time.Second, refused.RetryAfter)
				require.Equal(t, funnel.ErrRateLimited, refused.Code)
				require.Equal(t, 429, refused.StatusCode)
				require.Equal(t, tt.message, refused.Message)
				require.Equal(t, tt.body, string(refused.Body))
				require.ErrorContains(t, err, "retry after 1m30s")
			})
		})
	}
}

// A response without the envelope has no code: sentinels never match a status alone.
func TestErrorTable_ResponsesWithoutEnvelope(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		responder responder
		want      string // text of the error
	}{
		{"HTML 404", htmlPage(404, "Not Found | nginx"),
			"funnel: GET /contact: 404 Not Found: the response is not in the API's format: text/html: Not Found | nginx; is the path of the base URL right? The vendor's is /v1"},
		{"another server's 404", respond(404, `{"message":"No such page."}`),
			"funnel: GET /contact: 404 Not Found: No such page; is the path of the base URL right? The vendor's is /v1"},
		{"HTML 200", htmlPage(200, "Welcome"),
			"funnel: GET /contact: 200 OK: the response is not readable: it is not JSON: invalid character '<' looking for beginning of value: " +
				"text/html: Welcome; is the path of the base URL right? The vendor's is /v1"},
		{"HTML 502", htmlPage(502, "Bad Gateway"),
			"funnel: GET /contact: 502 Bad Gateway: the response is not in the API's format: text/html: Bad Gateway"},
		{"HTML 409", htmlPage(409, "Conflict"),
			"funnel: GET /contact: 409 Conflict: the response is not in the API's format: text/html: Conflict"},
		{"HTML without a title", respond(403, "<h1>Blocked</h1>\n<p>by your firewall</p>", "Content-Type", "text/html"),
			"funnel: GET /contact: 403 Forbidden: the response is not in the API's format: text/html: <h1>Blocked</h1> <p>by your firewall</p>"},
		{"empty 401", respond(401, ""),
			"funnel: GET /contact: 401 Unauthorized: the response is not in the API's format: it is empty"},
		{"Laravel's bare message", respond(401, `{"message":"Unauthenticated."}`),
			"funnel: GET /contact: 401 Unauthorized: Unauthenticated."},
		{"error as a string", respond(400, `{"error":"bad request"}`),
			"funnel: GET /contact: 400 Bad Request: the response is not in the API's format: application/json: {\"error\":\"bad request\"}"},
		{"error without a message", respond(404, `{"success":false,"error":{"code":"NOT_FOUND"}}`),
			"funnel: GET /contact: 404 NOT_FOUND"},
		{"unknown status", respond(599, `{}`),
			"funnel: GET /contact: 599 request failed: the response is not in the API's format: application/json: {}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contact", tt.responder)
			err := getContact.call(funnel.WithoutRetry(t.Context()), api.client(t))
			require.EqualError(t, err, tt.want)
			apiErr := apitest.AsError[*funnel.APIError](t, err)
			if apiErr.Code == "" {
				for _, sentinel := range []funnel.Code{funnel.ErrNotFound, funnel.ErrUnauthorized, funnel.ErrForbidden, funnel.ErrServer, ""} {
					require.NotErrorIs(t, err, sentinel)
				}
			}
		})
	}
}

// A 200 is a success only if it says "success".
func TestErrorTable_200WithoutSuccess(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		code       funnel.Code
		message    string
	}{
		{"success false", `{"success":false,"error":{"code":"NOT_FOUND","message":"Contact not found"}}`, "NOT_FOUND", "Contact not found"},
		{"success false beside data", `{"success":false,"data":` + seven + `,"error":{"code":"NOT_FOUND","message":"Contact not found"}}`, "NOT_FOUND", "Contact not found"},
		{"success false without an error", `{"success":false}`, "", "the response is not in the API's format: application/json: {\"success\":false}"},
		{"success as a string", `{"success":"true","data":` + seven + `,"message":"odd"}`, "", "odd"},
		{"success as a number", `{"success":1,"data":` + seven + `,"message":"odd"}`, "", "odd"},
		{"success null", `{"success":null,"data":` + seven + `,"message":"odd"}`, "", "odd"},
	}
	for _, tt := range tests {
		for _, op := range []operation{getContact, deleteContact} {
			t.Run(tt.name+"/"+op.name, func(t *testing.T) {
				t.Parallel()
				api := newMockAPI(t).on(op.method, op.path, respond(200, tt.body))
				err := op.call(t.Context(), api.client(t))
				apiErr := apitest.AsError[*funnel.APIError](t, err)
				require.Equal(t, 200, apiErr.StatusCode)
				require.Equal(t, tt.code, apiErr.Code)
				require.Equal(t, tt.message, apiErr.Message)
				require.Len(t, api.requests(), 1)
			})
		}
	}

	for _, body := range []string{`{"data":` + seven + `}`, seven, `{}`, `{"error":null,"data":` + seven + `}`} {
		for _, op := range []operation{getContact, deleteContact} {
			t.Run("no success/"+body+"/"+op.name, func(t *testing.T) {
				t.Parallel()
				api := newMockAPI(t).on(op.method, op.path, respond(200, body))
				err := op.call(t.Context(), api.client(t))
				isAPIError(200, "")(t, err)
				require.ErrorContains(t, err, `"success" is missing`)
				require.ErrorContains(t, err, body)
				require.Equal(t, apitest.Failure{Method: op.method, Path: op.path, Attempts: 1, MayHaveBeenApplied: op.column != get}, apitest.FailureOf(t, err))
				require.Len(t, api.requests(), 1)
			})
		}
	}
}

// Laravel's own 422, without the envelope, has the fields' messages too.
func TestErrorTable_LaravelsOwn422(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("POST", "/tag", respond(422, `{"message":"The name field is required. (and 1 more error)","errors":{"name":["The name field is required."],"color":["The color is unknown."]}}`))
	err := createTag.call(t.Context(), api.client(t))
	invalid := apitest.AsError[*funnel.ValidationError](t, err)
	want := map[string][]string{"name": {"The name field is required."}, "color": {"The color is unknown."}}
	require.Equal(t, want, invalid.Details)
	require.Equal(t, want, funnel.FieldErrors(err))
	require.ErrorIs(t, err, funnel.ErrValidation)
	require.Empty(t, invalid.Code, "the API says none")
	require.EqualError(t, err, "funnel: POST /tag: 422 Unprocessable Entity: The name field is required. (and 1 more error) – color: The color is unknown.; name: The name field is required.")
	require.False(t, funnel.CanRetry(err))
	require.Len(t, api.requests(), 1)
}

// Without field messages, or with another status, it is not a validation error.
func TestErrorTable_LaravelsMessageWithoutFields(t *testing.T) {
	t.Parallel()
	for status, body := range map[int]string{422: `{"message":"no","errors":[]}`, 409: `{"message":"no","errors":{"name":["taken"]}}`} {
		err := createTag.call(t.Context(), newMockAPI(t).on("POST", "/tag", respond(status, body)).client(t))
		require.NotErrorIs(t, err, funnel.ErrValidation)
		require.Equal(t, "no", apitest.AsError[*funnel.APIError](t, err).Message)
	}
}

// An empty body is described once.
func TestErrorTable_EmptySuccess(t *testing.T) {
	t.Parallel()
	err := getContact.call(t.Context(), newMockAPI(t).on("GET", "/contact", respond(200, "")).client(t, funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 1})))
	require.Equal(t, 1, strings.Count(err.Error(), "is empty"), err)
}

func TestErrorKind_OfAPIErrors(t *testing.T) {
	t.Parallel()
	invalid := respond(http.StatusUnprocessableEntity, `{"success":false,"error":{"code":"VALIDATION_ERROR","message":"The given data was invalid","details":{"email":["The email is odd."]}}}`)
	get := func(ctx context.Context, c *funnel.Client) error { return getContact.call(ctx, c) }
	create := func(ctx context.Context, c *funnel.Client) error {
		_, err := c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
		return err
	}
	createFunnel := func(ctx context.Context, c *funnel.Client) error {
		_, err := c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Spring"})
		return err
	}
	for _, tt := range []struct {
		name      string
		call      func(context.Context, *funnel.Client) error
		responder responder
		code      funnel.Code
		kind      string
		canRetry  bool
		fields    map[string][]string
	}{
		{name: "code", call: get, responder: failure(404, funnel.ErrNotFound, "no"), code: funnel.ErrNotFound, kind: "NOT_FOUND"},
		{name: "exists", call: create, responder: failure(409, funnel.ErrContactExists, "no"), code: funnel.ErrContactExists, kind: "CONTACT_EXISTS"},
		{name: "invalid", call: create, responder: invalid, code: funnel.ErrValidation, kind: "VALIDATION_ERROR",
			fields: map[string][]string{"email": {"The email is odd."}}},
		{name: "unauthorized", call: get, responder: failure(401, funnel.ErrUnauthorized, "no"), code: funnel.ErrUnauthorized, kind: "UNAUTHORIZED"},
		{name: "a firewall's 403", call: get, responder: htmlPage(403, "Blocked"), kind: "403", canRetry: true},
		{name: "a page", call: get, responder: htmlPage(200, "Welcome"), kind: "invalid_response", canRetry: true},
		{name: "rate limit", call: createFunnel, responder: tooMany(), code: funnel.ErrRateLimited, kind: "RATE_LIMITED", canRetry: true},
		{name: "5xx of a read", call: get, responder: failure(500, funnel.ErrServer, "no"), code: funnel.ErrServer, kind: "SERVER_ERROR", canRetry: true},
		{name: "5xx of a create with a unique key", call: create, responder: htmlPage(502, "Bad Gateway"), kind: "502", canRetry: true},
		{name: "5xx of a create without one", call: createFunnel, responder: htmlPage(502, "Bad Gateway"), kind: "502"},
		{name: "lost response of a read", call: get, responder: breaks(io.ErrUnexpectedEOF), kind: "connection_lost", canRetry: true},
		{name: "lost response of a create with a unique key", call: create, responder: breaks(io.EOF), kind: "connection_lost", canRetry: true},
		{name: "lost response of a create without one", call: createFunnel, responder: breaks(io.EOF), kind: "connection_lost"},
		{name: "certainly not sent", call: createFunnel, responder: unsent(&net.OpError{Op: "dial", Err: errors.New("no route")}), kind: "connection_failed", canRetry: true},
		{name: "another format", call: get, responder: respond(200, `{"id":7}`), kind: "invalid_response"},
		{name: "no JSON", call: get, responder: respond(200, "<html>"), kind: "invalid_response", canRetry: true},
		{name: "redirect", call: get, responder: respond(302, ""), kind: "302", canRetry: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := clientOver(t, apitest.RoundTripper(tt.responder))
			err := fmt.Errorf("wrapped: %w", tt.call(funnel.WithoutRetry(t.Context()), client))
			require.Equal(t, tt.code, funnel.CodeOf(err))
			require.Equal(t, tt.kind, funnel.ErrorKind(err))
			require.Equal(t, tt.canRetry, funnel.CanRetry(err))
			require.Equal(t, tt.fields, funnel.FieldErrors(err))
		})
	}
}

func TestErrorKind_WithoutResponse(t *testing.T) {
	t.Parallel()
	lost := limiterFunc(func(context.Context) (func(funnel.Outcome), error) { return nil, io.ErrClosedPipe })
	full := limiterFunc(func(context.Context) (func(funnel.Outcome), error) { return nil, noRoomFor(time.Minute) })
	for kind, tt := range map[string]struct {
		responder responder
		option    funnel.Option
	}{
		"timeout":          {breaks(os.ErrDeadlineExceeded), nil},
		"bad_certificate":  {breaks(x509.UnknownAuthorityError{}), nil},
		"invalid_response": {data(seven), funnel.WithMaxResponseBytes(10)},
		"not_sent":         {data(seven), funnel.WithLimiter(lost)},
		"RATE_LIMITED":     {data(seven), funnel.WithLimiter(full)},
		"panicked":         {func(*http.Request) (*http.Response, error) { panic("oops") }, nil},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			var err error
			options := []funnel.Option{funnel.WithObserver(funnel.Observer{
				CallDone: func(_ context.Context, _ funnel.CallInfo, result funnel.CallResult) { err = result.Err },
			})}
			if tt.option != nil {
				options = append(options, tt.option)
			}
			client := clientOver(t, apitest.RoundTripper(tt.responder), options...)
			call := func() { _ = getContact.call(funnel.WithoutRetry(t.Context()), client) }
			if kind == "panicked" {
				require.Panics(t, call)
			} else {
				call()
			}
			require.Equal(t, kind, funnel.ErrorKind(err), err)
		})
	}
}

func TestErrorKind_OfOtherErrors(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	client := clientOver(t, apitest.RoundTripper(data(seven)))
	ended := getContact.call(canceled, client)
	_, refused := client.Contacts.Create(t.Context(), funnel.ContactCreateParams{})
	for _, tt := range []struct {
		name     string
		err      error
		kind     string
		canRetry bool
		fields   map[string][]string
	}{
		{name: "nil"},
		{name: "not sent, canceled", err: ended, kind: "canceled", canRetry: true},
		{name: "argument", err: refused, kind: "invalid_argument", fields: map[string][]string{"email": {"The email is required."}}},
		{name: "argument of two words", err: &funnel.ArgumentError{Field: "first_name", Message: "is odd: mend it"}, kind: "invalid_argument",
			fields: map[string][]string{"first_name": {"The first name is odd: mend it."}}},
		{name: "not the SDK's", err: io.ErrClosedPipe, kind: "other"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, funnel.CodeOf(tt.err))
			require.Equal(t, tt.kind, funnel.ErrorKind(tt.err))
			require.Equal(t, tt.canRetry, funnel.CanRetry(tt.err))
			require.Equal(t, tt.fields, funnel.FieldErrors(tt.err))
		})
	}
}

func TestErrors_LogValue(t *testing.T) {
	t.Parallel()
	logged := func(err error) string {
		var b bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key != "err" {
				return slog.Attr{}
			}
			return a
		}}))
		logger.Error("", "err", err)
		return b.String()
	}
	said := `{"success":false,"error":{"code":"TAG_EXISTS","message":"ada@example.com has it, says ` + testKey + `"}}`
	client := clientOver(t, apitest.RoundTripper(respond(409, said, "X-Request-Id", "r-1")))
	_, err := client.Tags.Create(t.Context(), funnel.TagCreateParams{Name: "vip"})
	require.Equal(t, `err.kind=TAG_EXISTS err.operation="POST /tag" err.code=TAG_EXISTS err.status=409 err.request_id=r-1 err.attempts=1 err.may_have_been_applied=false`+"\n", logged(err))
	require.Contains(t, err.Error(), "(request r-1)")

	client = clientOver(t, apitest.RoundTripper(failure(422, funnel.ErrValidation, "ada@example.com")))
	_, err = client.Tags.Create(t.Context(), funnel.TagCreateParams{Name: "vip"})
	require.Equal(t, `err.kind=VALIDATION_ERROR err.operation="POST /tag" err.code=VALIDATION_ERROR err.status=422 err.attempts=1 err.may_have_been_applied=false`+"\n", logged(err))

	client = clientOver(t, apitest.RoundTripper(tooMany()))
	_, err = client.Tags.Create(funnel.WithoutRetry(t.Context()), funnel.TagCreateParams{Name: "vip"})
	require.Equal(t, `err.kind=RATE_LIMITED err.operation="POST /tag" err.code=RATE_LIMITED err.status=429 err.attempts=1 err.may_have_been_applied=false`+"\n", logged(err))

	client = clientOver(t, apitest.RoundTripper(breaks(io.EOF)))
	_, err = client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Spring"})
	require.Equal(t, `err.kind=connection_lost err.operation="POST /funnel" err.attempts=1 err.may_have_been_applied=true`+"\n", logged(err))

	_, err = client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com "})
	require.Equal(t, "err.kind=invalid_argument err.field=email err.message=\"has white space around it: trim it\"\n", logged(err))

	client = clientOver(t, apitest.RoundTripper(respond(400, `{}`, "X-Request-Id", "ada@example.com")))
	err = client.Call(t.Context(), http.MethodGet, "/contact/ada@example.com", nil, nil, nil)
	require.Equal(t, `err.kind=400 err.operation="GET /contact/[hidden]" err.status=400 err.attempts=1 err.may_have_been_applied=false`+"\n", logged(err))
}
