package funnel_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// TestErrorTable is the table of error codes of the API's reference: each code with
// its status, provoked against the fake by the operation that the reference names.
func TestErrorTable(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	rows := []struct {
		code         funnel.Code
		sentinel     funnel.Code
		status       int
		method, path string
		provoke      func(*testing.T, *funneltest.Server, *funnel.Client) error
	}{
		{"UNAUTHORIZED", funnel.ErrUnauthorized, 401, "GET", "/contacts", func(t *testing.T, s *funneltest.Server, _ *funnel.Client) error {
			client, err := funnel.New("another key", funnel.WithBaseURL("https://funnel.test"), funnel.WithHTTPClient(&http.Client{Transport: s.Transport()}))
			require.NoError(t, err)
			_, err = client.Contacts.List(ctx, funnel.ContactListParams{})
			return err
		}},
		{"FORBIDDEN", funnel.ErrForbidden, 403, "GET", "/funnels", func(_ *testing.T, s *funneltest.Server, c *funnel.Client) error {
			s.Fail(funneltest.Fault{Code: "FORBIDDEN", Path: "/funnels"})
			_, err := c.Funnels.List(ctx, funnel.FunnelListParams{})
			return err
		}},
		{"NOT_FOUND", funnel.ErrNotFound, 404, "GET", "/contact", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			_, err := c.Contacts.Get(ctx, funnel.ContactID(7))
			return err
		}},
		{"NOT_FOUND", funnel.ErrNotFound, 404, "DELETE", "/tag", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			return c.Tags.Delete(ctx, 7)
		}},
		{"CONTACT_EXISTS", funnel.ErrContactExists, 409, "POST", "/contact", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			return second(t, func() error {
				_, err := c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
				return err
			})
		}},
		{"TAG_EXISTS", funnel.ErrTagExists, 409, "POST", "/tag", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			return second(t, func() error {
				_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
				return err
			})
		}},
		{"TAG_EXISTS", funnel.ErrTagExists, 409, "PUT", "/tag", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
			require.NoError(t, err)
			tag, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "beta"})
			require.NoError(t, err)
			return c.Tags.Update(ctx, tag.ID, funnel.TagUpdateParams{Name: funnel.Ptr("vip")})
		}},
		{"WEBHOOK_EXISTS", funnel.ErrWebhookExists, 409, "POST", "/webhook", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			return second(t, func() error {
				_, err := c.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"})
				return err
			})
		}},
		{"PATH_TAKEN", funnel.ErrPathTaken, 409, "PUT", "/funnel-step", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
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
		{"CAMPAIGN_SCHEDULED", funnel.ErrCampaignScheduled, 409, "DELETE", "/campaign", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			id := draft(t, c)
			require.NoError(t, c.Campaigns.Schedule(ctx, id, time.Now().Add(time.Hour)))
			return c.Campaigns.Delete(ctx, id)
		}},
		{"INVALID_STATUS", funnel.ErrInvalidStatus, 400, "GET", "/campaigns", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			_, err := c.Campaigns.List(ctx, funnel.CampaignListParams{Status: "odd"})
			return err
		}},
		{"INVALID_STATUS", funnel.ErrInvalidStatus, 400, "GET", "/orders", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			_, err := c.Orders.List(ctx, funnel.OrderListParams{Status: "odd"})
			return err
		}},
		{"INVALID_PERIOD", funnel.ErrInvalidPeriod, 400, "GET", "/contacts", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			_, err := c.Contacts.List(ctx, funnel.ContactListParams{Period: "fortnight"})
			return err
		}},
		{"INVALID_PERIOD", funnel.ErrInvalidPeriod, 400, "GET", "/sales-amount", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			_, err := c.Orders.SalesAmount(ctx, funnel.PeriodParams{Period: "fortnight"})
			return err
		}},
		{"INVALID_PERIOD", funnel.ErrInvalidPeriod, 400, "GET", "/transactions", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			// The SDK refuses a period "between" without a range.
			return c.Call(ctx, http.MethodGet, "/transactions", url.Values{"period": {"between"}}, nil, nil)
		}},
		{"INVALID_DATE", funnel.ErrInvalidDate, 400, "POST", "/campaign-schedule", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			return c.Campaigns.Schedule(ctx, draft(t, c), time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
		}},
		{"NO_SUBDOMAIN", funnel.ErrNoSubdomain, 400, "POST", "/funnel", func(t *testing.T, _ *funneltest.Server, _ *funnel.Client) error {
			server := funneltest.NewServer(funneltest.WithoutSubdomain())
			t.Cleanup(server.Close)
			_, err := server.Client().Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Spring"})
			return err
		}},
		{"STAGE_NOT_EMAIL", funnel.ErrStageNotEmail, 422, "PUT", "/sequence-stage-content", func(t *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			sequence, err := c.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
			require.NoError(t, err)
			stage, err := c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID, StageType: funnel.StageSendSMS})
			require.NoError(t, err)
			return c.Sequences.UpdateStageContent(ctx, stage.ID, funnel.StageContentParams{Subject: "Hi", Body: "Hello"})
		}},
		{"SEQUENCE_HAS_NO_STAGES", funnel.ErrSequenceHasNoStages, 422, "POST", "/contact-sequence", func(t *testing.T, s *funneltest.Server, c *funnel.Client) error {
			s.SeedContacts(1)
			sequence, err := c.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
			require.NoError(t, err)
			return c.Sequences.Enroll(ctx, sequence.ID, funnel.ContactID(1))
		}},
		{"VALIDATION_ERROR", funnel.ErrValidation, 400, "POST", "/contact", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			// The SDK's types cannot express a malformed list.
			return c.Call(ctx, http.MethodPost, "/contact", nil, map[string]any{"email": "ada@example.com", "tag_ids": "1;2"}, nil)
		}},
		{"VALIDATION_ERROR", funnel.ErrValidation, 422, "GET", "/contact", func(_ *testing.T, _ *funneltest.Server, c *funnel.Client) error {
			return c.Call(ctx, http.MethodGet, "/contact", nil, nil, nil) // neither contact_id nor email
		}},
		{"SERVER_ERROR", funnel.ErrServer, 500, "GET", "/webhooks", func(_ *testing.T, s *funneltest.Server, c *funnel.Client) error {
			s.Fail(funneltest.Fault{Code: "SERVER_ERROR"})
			_, err := c.Webhooks.List(funnel.WithoutRetry(ctx))
			return err
		}},
	}
	documented := map[funnel.Code]bool{}
	for _, row := range rows {
		documented[row.code] = true
	}
	require.Len(t, documented, 16)
	for _, row := range rows {
		t.Run(string(row.code)+" of "+row.method+" "+row.path, func(t *testing.T) {
			t.Parallel()
			server := funneltest.NewServer()
			defer server.Close()
			err := row.provoke(t, server, server.Client())
			require.ErrorIs(t, err, row.sentinel)
			for code := range documented {
				require.Equal(t, code == row.code, errors.Is(err, code), code)
			}
			responded := asError[*funnel.APIError](t, err)
			require.Equal(t, row.status, responded.StatusCode)
			require.Equal(t, callFailure{row.method, row.path, 1, row.status >= 500 && row.method != http.MethodGet}, failureOf(t, err))
			require.NotEmpty(t, responded.Message)
			require.NotEmpty(t, responded.RequestID)
			require.ErrorContains(t, err, "funnel: "+row.method+" "+row.path+": ")
			require.ErrorContains(t, err, string(row.code)+": "+responded.Message)
			if row.code != funnel.ErrValidation {
				require.NotErrorAs(t, err, new(*funnel.ValidationError))
				return
			}
			details := asError[*funnel.ValidationError](t, err).Details
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

// The error has everything that the response says, also with a code that the SDK
// does not know.
func TestErrorTable_ErrorHasTheWholeResponse(t *testing.T) {
	t.Parallel()
	for code, status := range map[funnel.Code]int{funnel.ErrNotFound: 404, "SOMETHING_NEW": 418} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			body := `{"success":false,"error":{"code":"` + string(code) + `","message":"Human-readable description"}}`
			api := newMockAPI(t).on("GET", "/contact", answers(status, body, "X-Request-Id", "r-1"))
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
			}, asError[*funnel.APIError](t, err))
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
		{"a message instead of a list", `{"email":"One."}`, map[string][]string{"email": {"One."}}, "email: One."},
		{"empty list, PHP's empty map", `[]`, map[string][]string{}, "The given data was invalid"},
		{"null", `null`, map[string][]string{}, "The given data was invalid"},
		{"empty map", `{}`, map[string][]string{}, "The given data was invalid"},
		{"a field without messages", `{"email":[]}`, map[string][]string{}, "The given data was invalid"},
		{"a bare string", `"The email field is required."`, map[string][]string{"": {"The email field is required."}}, "The email field is required."},
		{"a list of strings", `["One.","Two."]`, map[string][]string{"": {"One.", "Two."}}, "One. Two."},
		{"a number", `12`, map[string][]string{"": {"12"}}, "12"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("POST", "/contact", answers(422,
				`{"success":false,"error":{"code":"VALIDATION_ERROR","message":"The given data was invalid","details":`+tt.details+`}}`))
			_, err := api.client(t).Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com"})
			require.ErrorIs(t, err, funnel.ErrValidation)
			refused := asError[*funnel.ValidationError](t, err)
			require.Equal(t, tt.want, refused.Details)
			require.Equal(t, 422, refused.StatusCode)
			require.Equal(t, "The given data was invalid", refused.Message)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

// The body of a 429 is not the envelope, and never needed.
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
				api := newMockAPI(t).on("GET", "/contact", answers(429, tt.body, "Retry-After", "90"))
				err := getContact.call(funnel.WithoutRetry(t.Context()), api.client(t))
				require.ErrorIs(t, err, funnel.ErrRateLimited)
				refused := asError[*funnel.RateLimitError](t, err)
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

// What is no envelope is no code: sentinels never match a status alone.
func TestErrorTable_AnswersThatAreNoEnvelope(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		reply reply
		want  string // text of the error
	}{
		{"HTML 404", htmlPage(404, "Not Found | nginx"),
			"funnel: GET /contact: 404 Not Found: the response is not in the API's format: text/html: Not Found | nginx"},
		{"HTML 502", htmlPage(502, "Bad Gateway"),
			"funnel: GET /contact: 502 Bad Gateway: the response is not in the API's format: text/html: Bad Gateway"},
		{"HTML 409", htmlPage(409, "Conflict"),
			"funnel: GET /contact: 409 Conflict: the response is not in the API's format: text/html: Conflict"},
		{"HTML without a title", answers(403, "<h1>Blocked</h1>\n<p>by your firewall</p>", "Content-Type", "text/html"),
			"funnel: GET /contact: 403 Forbidden: the response is not in the API's format: text/html: <h1>Blocked</h1> <p>by your firewall</p>"},
		{"empty 401", answers(401, ""),
			"funnel: GET /contact: 401 Unauthorized: the response is not in the API's format: it is empty"},
		{"Laravel's bare message", answers(401, `{"message":"Unauthenticated."}`),
			"funnel: GET /contact: 401 Unauthorized: Unauthenticated."},
		{"error as a string", answers(400, `{"error":"bad request"}`),
			"funnel: GET /contact: 400 Bad Request: bad request"},
		{"error without a message", answers(404, `{"success":false,"error":{"code":"NOT_FOUND"}}`),
			"funnel: GET /contact: 404 NOT_FOUND"},
		{"unknown status", answers(599, `{}`),
			"funnel: GET /contact: 599 request failed: the response is not in the API's format: application/json: {}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := newMockAPI(t).on("GET", "/contact", tt.reply)
			err := getContact.call(funnel.WithoutRetry(t.Context()), api.client(t))
			require.EqualError(t, err, tt.want)
			answered := asError[*funnel.APIError](t, err)
			if answered.Code == "" {
				for _, sentinel := range []funnel.Code{funnel.ErrNotFound, funnel.ErrUnauthorized, funnel.ErrForbidden, funnel.ErrServer, ""} {
					require.NotErrorIs(t, err, sentinel)
				}
			}
		})
	}
}

// A 200 is a success only where it says so.
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
		{"no success, but an error", `{"error":{"code":"NOT_FOUND","message":"Contact not found"}}`, "NOT_FOUND", "Contact not found"},
	}
	for _, tt := range tests {
		for _, op := range []operation{getContact, deleteContact} {
			t.Run(tt.name+"/"+op.name, func(t *testing.T) {
				t.Parallel()
				api := newMockAPI(t).on(op.method, op.path, answers(200, tt.body))
				err := op.call(t.Context(), api.client(t))
				answered := asError[*funnel.APIError](t, err)
				require.Equal(t, 200, answered.StatusCode)
				require.Equal(t, tt.code, answered.Code)
				require.Equal(t, tt.message, answered.Message)
				require.Len(t, api.requests(), 1)
			})
		}
	}

	for _, body := range []string{`{"data":` + seven + `}`, seven, `{}`, `{"error":null,"data":` + seven + `}`} {
		for _, op := range []operation{getContact, deleteContact} {
			t.Run("no success/"+body+"/"+op.name, func(t *testing.T) {
				t.Parallel()
				api := newMockAPI(t).on(op.method, op.path, answers(200, body))
				err := op.call(t.Context(), api.client(t))
				isAnswer(200, "")(t, err)
				require.ErrorContains(t, err, `it has no "success"`)
				require.ErrorContains(t, err, body)
				require.Equal(t, callFailure{op.method, op.path, 1, op.column != get}, failureOf(t, err))
				require.Len(t, api.requests(), 1)
			})
		}
	}
}

// Laravel's own 422, without the envelope, has the fields' messages too.
func TestErrorTable_LaravelsOwn422(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("POST", "/tag", answers(422, `{"message":"The name field is required. (and 1 more error)","errors":{"name":["The name field is required."],"color":"The color is unknown."}}`))
	err := createTag.call(t.Context(), api.client(t))
	invalid := asError[*funnel.ValidationError](t, err)
	want := map[string][]string{"name": {"The name field is required."}, "color": {"The color is unknown."}}
	require.Equal(t, want, invalid.Details)
	require.Equal(t, want, funnel.FieldErrors(err))
	require.ErrorIs(t, err, funnel.ErrValidation)
	require.Empty(t, invalid.Code, "the API says none")
	require.EqualError(t, err, "funnel: POST /tag: 422 Unprocessable Entity: The name field is required. (and 1 more error) – color: The color is unknown.; name: The name field is required.")
	require.False(t, funnel.CanRetry(err))
	require.Len(t, api.requests(), 1)
}

// Without field messages, or with another status, it is any other error.
func TestErrorTable_LaravelsMessageWithoutFields(t *testing.T) {
	t.Parallel()
	for status, body := range map[int]string{422: `{"message":"no","errors":[]}`, 409: `{"message":"no","errors":{"name":["taken"]}}`} {
		err := createTag.call(t.Context(), newMockAPI(t).on("POST", "/tag", answers(status, body)).client(t))
		require.NotErrorIs(t, err, funnel.ErrValidation)
		require.Equal(t, "no", asError[*funnel.APIError](t, err).Message)
	}
}

// An empty body is described once.
func TestErrorTable_EmptySuccess(t *testing.T) {
	t.Parallel()
	err := getContact.call(t.Context(), newMockAPI(t).on("GET", "/contact", answers(200, "")).client(t, funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 1})))
	require.Equal(t, 1, strings.Count(err.Error(), "is empty"), err)
}
