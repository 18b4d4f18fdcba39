package funnel_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// TestErrorTable is the table of error codes of the API's reference: each code
// with its status, for the operation that the reference names.
func TestErrorTable(t *testing.T) {
	t.Parallel()
	rows := []struct {
		code         funnel.Code
		sentinel     funnel.Code
		status       int
		method, path string
		call         func(context.Context, *funnel.Client) error
	}{
		{"UNAUTHORIZED", funnel.ErrUnauthorized, 401, "GET", "/contacts", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.List(ctx, funnel.ContactListParams{})
			return err
		}},
		{"FORBIDDEN", funnel.ErrForbidden, 403, "GET", "/funnels", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.List(ctx, funnel.FunnelListParams{})
			return err
		}},
		{"NOT_FOUND", funnel.ErrNotFound, 404, "GET", "/contact", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Get(ctx, 7)
			return err
		}},
		{"NOT_FOUND", funnel.ErrNotFound, 404, "DELETE", "/tag", func(ctx context.Context, c *funnel.Client) error {
			return c.Tags.Delete(ctx, 7)
		}},
		{"CONTACT_EXISTS", funnel.ErrContactExists, 409, "POST", "/contact", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
			return err
		}},
		{"TAG_EXISTS", funnel.ErrTagExists, 409, "POST", "/tag", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
			return err
		}},
		{"TAG_EXISTS", funnel.ErrTagExists, 409, "PUT", "/tag", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Tags.Update(ctx, 7, funnel.TagUpdateParams{Name: funnel.Ptr("vip")})
			return err
		}},
		{"WEBHOOK_EXISTS", funnel.ErrWebhookExists, 409, "POST", "/webhook", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"})
			return err
		}},
		{"PATH_TAKEN", funnel.ErrPathTaken, 409, "PUT", "/funnel-step", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.UpdateStep(ctx, 7, funnel.StepUpdateParams{Path: funnel.Ptr("thanks")})
			return err
		}},
		{"CAMPAIGN_SCHEDULED", funnel.ErrCampaignScheduled, 409, "DELETE", "/campaign", func(ctx context.Context, c *funnel.Client) error {
			return c.Campaigns.Delete(ctx, 7)
		}},
		{"INVALID_STATUS", funnel.ErrInvalidStatus, 400, "GET", "/campaigns", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.List(ctx, funnel.CampaignListParams{Status: "odd"})
			return err
		}},
		{"INVALID_STATUS", funnel.ErrInvalidStatus, 400, "GET", "/contacts", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.List(ctx, funnel.ContactListParams{Status: "odd"})
			return err
		}},
		{"INVALID_PERIOD", funnel.ErrInvalidPeriod, 400, "GET", "/campaign-stats", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Stats(ctx, 7, funnel.StatsParams{Period: "fortnight"})
			return err
		}},
		{"INVALID_PERIOD", funnel.ErrInvalidPeriod, 400, "GET", "/funnel-stats", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.Stats(ctx, 7, funnel.StatsParams{Period: "fortnight"})
			return err
		}},
		{"INVALID_DATE", funnel.ErrInvalidDate, 400, "POST", "/campaign-schedule", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Campaigns.Schedule(ctx, 7, time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
			return err
		}},
		{"NO_SUBDOMAIN", funnel.ErrNoSubdomain, 400, "POST", "/funnel", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Spring"})
			return err
		}},
		{"STAGE_NOT_EMAIL", funnel.ErrStageNotEmail, 422, "PUT", "/sequence-stage-content", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Sequences.UpdateStageContent(ctx, 7, funnel.StageContentParams{Subject: "Hi", Body: "Hello"})
			return err
		}},
		{"SEQUENCE_HAS_NO_STAGES", funnel.ErrSequenceHasNoStages, 422, "POST", "/contact-sequence", func(ctx context.Context, c *funnel.Client) error {
			return c.Sequences.Enroll(ctx, 5, 7)
		}},
		{"VALIDATION_ERROR", funnel.ErrValidation, 400, "GET", "/contacts", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.List(ctx, funnel.ContactListParams{TagIDs: []funnel.TagID{1, 2}})
			return err
		}},
		{"VALIDATION_ERROR", funnel.ErrValidation, 422, "POST", "/contact-sequence", func(ctx context.Context, c *funnel.Client) error {
			return c.Sequences.Enroll(ctx, 5, 7)
		}},
		{"SERVER_ERROR", funnel.ErrServer, 500, "GET", "/webhooks", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Webhooks.List(ctx, funnel.WebhookListParams{})
			return err
		}},
		{"SOMETHING_NEW", "SOMETHING_NEW", 418, "GET", "/contact", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Contacts.Get(ctx, 7)
			return err
		}},
	}
	codes := map[funnel.Code]bool{}
	for _, row := range rows {
		codes[row.code] = true
		t.Run(string(row.code)+" of "+row.method+" "+row.path, func(t *testing.T) {
			t.Parallel()
			body := `{"success":false,"error":{"code":"` + string(row.code) + `","message":"Human-readable description"}}`
			api := newMockAPI(t).on(row.method, row.path, answers(row.status, body, "X-Request-Id", "r-1"))
			err := row.call(funnel.WithoutRetry(t.Context()), api.client(t))
			require.Len(t, api.requests(), 1)
			require.ErrorIs(t, err, row.sentinel)
			require.ErrorIs(t, err, row.code)
			for other := range codes {
				if other != row.code {
					require.NotErrorIs(t, err, other)
				}
			}
			require.Equal(t, &funnel.APIError{
				Code:               row.code,
				Message:            "Human-readable description",
				StatusCode:         row.status,
				Method:             row.method,
				Path:               row.path,
				RequestID:          "r-1",
				Attempts:           1,
				MayHaveBeenApplied: false,
				Header:             http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {"r-1"}},
				Body:               []byte(body),
			}, asError[*funnel.APIError](t, err))
			require.ErrorContains(t, err, "funnel: "+row.method+" "+row.path+": ")
			require.ErrorContains(t, err, string(row.code)+": Human-readable description")
			if row.code == funnel.ErrValidation {
				require.Empty(t, asError[*funnel.ValidationError](t, err).Details)
			}
		})
	}
	require.Len(t, codes, 17) // the 16 documented ones, and one that is not
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
		{"of a proxy", "<html><title>429</title></html>", "the answer is not in the API's format: application/json: 429"},
		{"empty", "", "the answer is not in the API's format: it is empty"},
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
			"funnel: GET /contact: 404 Not Found: the answer is not in the API's format: text/html: Not Found | nginx"},
		{"HTML 502", htmlPage(502, "Bad Gateway"),
			"funnel: GET /contact: 502 Bad Gateway: the answer is not in the API's format: text/html: Bad Gateway"},
		{"HTML 409", htmlPage(409, "Conflict"),
			"funnel: GET /contact: 409 Conflict: the answer is not in the API's format: text/html: Conflict"},
		{"HTML without a title", answers(403, "<h1>Blocked</h1>\n<p>by your firewall</p>", "Content-Type", "text/html"),
			"funnel: GET /contact: 403 Forbidden: the answer is not in the API's format: text/html: <h1>Blocked</h1> <p>by your firewall</p>"},
		{"empty 401", answers(401, ""),
			"funnel: GET /contact: 401 Unauthorized: the answer is not in the API's format: it is empty"},
		{"Laravel's bare message", answers(401, `{"message":"Unauthenticated."}`),
			"funnel: GET /contact: 401 Unauthorized: Unauthenticated."},
		{"error as a string", answers(400, `{"error":"bad request"}`),
			"funnel: GET /contact: 400 Bad Request: bad request"},
		{"error without a message", answers(404, `{"success":false,"error":{"code":"NOT_FOUND"}}`),
			"funnel: GET /contact: 404 NOT_FOUND"},
		{"unknown status", answers(599, `{}`),
			"funnel: GET /contact: 599 request failed: the answer is not in the API's format: application/json: {}"},
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
		{"success false beside data", `{"success":false,"data":{"id":7},"error":{"code":"NOT_FOUND","message":"Contact not found"}}`, "NOT_FOUND", "Contact not found"},
		{"success false without an error", `{"success":false}`, "", "the answer is not in the API's format: application/json: {\"success\":false}"},
		{"success as a string", `{"success":"true","data":{"id":7},"message":"odd"}`, "", "odd"},
		{"success as a number", `{"success":1,"data":{"id":7},"message":"odd"}`, "", "odd"},
		{"success null", `{"success":null,"data":{"id":7},"message":"odd"}`, "", "odd"},
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

	t.Run("a missing success beside data is tolerated", func(t *testing.T) {
		t.Parallel()
		api := newMockAPI(t).on("GET", "/contact", answers(200, `{"data":{"id":7}}`))
		contact, err := api.client(t).Contacts.Get(t.Context(), 7)
		require.NoError(t, err)
		require.Equal(t, &funnel.Contact{ID: 7}, contact)
	})
}
