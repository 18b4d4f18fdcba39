package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A deviation is one way in which a server may differ from the contract.
type deviation struct {
	name     string
	request  func(*message)
	response func(*message)
	writes   bool // it shows only with -write
	want     []string

	left bool // the deviation keeps the doctor from deleting something
}

// on limits a change to operations.
func on(change func(*message), operations ...string) func(*message) {
	return func(m *message) {
		if slices.Contains(operations, m.operation) {
			change(m)
		}
	}
}

func each(change func(node), operations ...string) func(*message) {
	return on(func(m *message) { m.items(change) }, operations...)
}

var deviations = []deviation{
	{
		name:     "a renamed field",
		response: each(func(n node) { rename(n, "name", "label") }, "GET /tags"),
		want:     []string{"GET /tags: data[].name: expected string, found nothing (unknown fields here: label)"},
	},
	{
		name:     "a field in camel case",
		response: each(func(n node) { rename(n, "created_at", "createdAt") }, "GET /orders"),
		want:     []string{"GET /orders: data[].created_at: expected string (date-time) or null, found nothing (unknown fields here: createdAt)"},
	},
	{
		name:     "a field whose new name has a value in it",
		response: each(func(n node) { rename(n, "name", "name-0612345678") }, "GET /tags"),
		want:     []string{"GET /tags: data[].name: expected string, found nothing"},
	},
	{
		name:     "the old name of gdpr",
		response: each(func(n node) { rename(n, "gdpr", "GDPR") }, "GET /contact"),
		want: []string{
			"GET /contact (by id): data.gdpr: expected boolean, found nothing (unknown fields here: GDPR)",
			"GET /contact (by e-mail): data.gdpr: expected boolean, found nothing (unknown fields here: GDPR)",
		},
	},
	{
		name:     "ids that are strings",
		response: each(func(n node) { n["id"] = fmt.Sprint(n["id"]) }, "GET /contacts"),
		want: []string{
			"GET /contacts: data[].id: expected integer ≥ 1, found string",
			"GET /contacts (page=2, per_page=1): data[].id: expected integer ≥ 1, found string",
		},
	},
	{
		name:     "an id that is 0",
		response: each(func(n node) { n["id"] = 0 }, "GET /webhooks"),
		want:     []string{"GET /webhooks: data[].id: expected integer ≥ 1, found another integer"},
	},
	{
		name: "tags of a contact as strings",
		response: each(func(n node) {
			tags, _ := n["tags"].([]any)
			for i := range tags {
				tags[i] = fmt.Sprint(tags[i])
			}
		}, "GET /contact"),
		want: []string{
			"GET /contact (by id): data.tags[]: expected integer ≥ 1, found string [B4]",
			"GET /contact (by e-mail): data.tags[]: expected integer ≥ 1, found string [B4]",
		},
	},
	{
		name: "a list inside of data",
		response: on(func(m *message) {
			data := below(m.body)
			data["data"] = node{"items": data["data"]}
		}, "GET /orders"),
		want: []string{"GET /orders: data: expected array, found object"},
	},
	{
		name:     "a list without an envelope",
		response: on(func(m *message) { m.body = below(m.body)["data"] }, "GET /webhooks"),
		want:     []string{"GET /webhooks: body: expected object, found array"},
	},
	{
		name: "a list as a map",
		response: on(func(m *message) {
			keyed := node{}
			m.items(func(n node) { keyed[fmt.Sprint(n["name"])] = n })
			below(m.body)["data"] = keyed
		}, "GET /tags", "GET /custom-fields"),
		want: []string{
			"GET /custom-fields: data: expected array, found object",
			"GET /tags: data: expected array, found object",
		},
	},
	{
		name: "a result inside of another object",
		response: on(func(m *message) {
			data := below(m.body)
			data["data"] = node{"sales": data["data"]}
		}, "GET /sales-amount"),
		want: []string{"GET /sales-amount: data.amount: expected number or string, found nothing (unknown fields here: sales)"},
	},
	{
		name:     "a body that is an array",
		response: on(func(m *message) { m.body = []any{below(m.body)["data"]} }, "GET /sales-amount"),
		want: []string{
			"GET /sales-amount: body: expected object, found array",
			"GET /sales-amount (unknown period): body: expected object, found array [B11]",
		},
	},
	{
		name:     "no success",
		response: on(func(m *message) { delete(below(m.body), "success") }, "GET /webhooks"),
		want:     []string{"GET /webhooks: success: expected true, found nothing"},
	},
	{
		name:     "an amount that is an object",
		response: each(func(n node) { n["amount"] = node{"value": n["amount"], "currency": "EUR"} }, "GET /order"),
		want:     []string{"GET /order: data.amount: expected number or string, found object [B4]"},
	},
	{
		name:     "no meta",
		response: on(func(m *message) { delete(below(m.body), "meta") }, "GET /tags-contacts"),
		want:     []string{"GET /tags-contacts: meta: expected object, found nothing"},
	},
	{
		name:     "sequences without pages",
		response: on(func(m *message) { delete(below(m.body), "meta") }, "GET /sequences"),
		want:     []string{"GET /sequences: meta: expected object, found nothing [B10]"},
	},
	{
		name: "pages by cursor",
		response: on(func(m *message) {
			below(m.body)["meta"] = node{"per_page": 50, "next_cursor": "zqx7369"}
		}, "GET /transactions"),
		want: []string{
			"GET /transactions: meta.current_page: expected integer ≥ 1, found nothing (unknown fields here: next_cursor)",
			"GET /transactions: meta.last_page: expected integer ≥ 1, found nothing (unknown fields here: next_cursor)",
			"GET /transactions: meta.total: expected integer ≥ 0, found nothing (unknown fields here: next_cursor)",
		},
	},
	{
		name:    "pages that do not turn",
		request: on(func(m *message) { m.query.Del("page") }, "GET /contacts"),
		want:    []string{"GET /contacts (page=2, per_page=1): meta.current_page: expected 2, found another page"},
	},
	{
		name:     "times in another form",
		response: each(func(n node) { n["created_at"] = "13/07/2019 18:31" }, "GET /subscriptions"),
		want:     []string{"GET /subscriptions: data[].created_at: expected string (date-time) or null, found another string"},
	},
	{
		name:     "times in seconds",
		response: each(func(n node) { n["created_at"] = 1563005000 }, "GET /tags"),
		want:     []string{`GET /tags: data[].created_at: expected string (^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$) or null, found integer [B6]`},
	},
	{
		name:     "another path",
		response: on((*message).noRoute, "GET /contact"),
		want:     []string{"GET /contact (by id): route: expected the operation, found 404"},
	},
	{
		name:     "another path of an assumed operation",
		response: on((*message).noRoute, "GET /sequences"),
		want:     []string{"GET /sequences: route: expected the operation, found 404 [B10]"},
	},
	{
		name: "Laravel's 422",
		response: func(m *message) {
			if m.status == http.StatusUnprocessableEntity {
				m.body = node{"message": "The zqx is 7369.", "errors": below(m.body, "error")["details"]}
			}
		},
		want: []string{
			"GET /contact (neither id nor e-mail): error: expected object, found nothing (unknown fields here: errors, message)",
			"GET /contact (neither id nor e-mail): success: expected false, found nothing (unknown fields here: errors, message)",
			"GET /contacts (per_page=101): error: expected object, found nothing (unknown fields here: errors, message)",
			"GET /contacts (per_page=101): success: expected false, found nothing (unknown fields here: errors, message)",
		},
	},
	{
		name: "errors as HTML",
		response: func(m *message) {
			if m.status == http.StatusBadRequest {
				m.html()
			}
		},
		want: []string{
			"GET /contacts (unknown period): body: expected JSON, found text/html",
			"GET /contacts (period between without a range): body: expected JSON, found text/html",
			"GET /sales-amount (unknown period): body: expected JSON, found text/html [B11]",
			"GET /campaigns (unknown status): body: expected JSON, found text/html",
		},
	},
	{
		name: "another error code",
		response: func(m *message) {
			if m.status == http.StatusUnauthorized {
				below(m.body, "error")["code"] = "ZQX"
			}
		},
		want: []string{"GET /tags (wrong API key): error.code: expected UNAUTHORIZED, found another error code"},
	},
	{
		name: "a status instead of an error",
		response: func(m *message) {
			if m.status >= http.StatusBadRequest && m.query.Get("period") == "fortnight" {
				m.status = http.StatusOK
			}
		},
		want: []string{
			"GET /contacts (unknown period): status: expected 400 INVALID_PERIOD, found 200",
			"GET /sales-amount (unknown period): status: expected 400 INVALID_PERIOD, found 200 [B11]",
		},
	},
	{
		name:     "no quota headers",
		response: func(m *message) { m.header.Del("X-RateLimit-Limit"); m.header.Del("X-RateLimit-Remaining") },
		want: []string{
			"response headers: header X-RateLimit-Limit: expected integer, found nothing [B7]",
			"response headers: header X-RateLimit-Remaining: expected integer, found nothing [B7]",
		},
	},
	{
		name: "other quota headers",
		response: func(m *message) {
			m.header.Set("RateLimit-Limit", m.header.Get("X-RateLimit-Limit"))
			m.header.Del("X-RateLimit-Limit")
		},
		want: []string{"response headers: header X-RateLimit-Limit: expected integer, found nothing (unknown fields here: Ratelimit-Limit) [B7]"},
	},
	{
		name:     "another content type",
		response: on(func(m *message) { m.header.Set("Content-Type", "text/plain") }, "GET /campaigns"),
		want: []string{
			"GET /campaigns: header Content-Type: expected application/json, found text/plain",
			"GET /campaigns (unknown status): header Content-Type: expected application/json, found text/plain",
		},
	},
	{
		name: "an operation that fails",
		response: on(func(m *message) {
			m.status = http.StatusInternalServerError
			m.html()
		}, "GET /funnels"),
		want: []string{"GET /funnels: status 500"},
	},

	// With -write.
	{
		name: "DELETE by query", writes: true, left: true,
		request: func(m *message) {
			if strings.HasPrefix(m.operation, "DELETE ") {
				m.body = nil
			}
		},
		want: []string{"DELETE /tag (first tag): status: expected 200, found 422 with VALIDATION_ERROR [B1]"},
	},
	{
		name: "DELETE without an effect", writes: true, left: true,
		response: on(func(m *message) {
			if m.query.Get("tag_id") != "7369001" {
				m.status, m.body = http.StatusOK, node{"success": true, "data": []any{}, "meta": node{"current_page": 1, "last_page": 1, "per_page": 50, "total": 0}}
			}
		}, "GET /tags-contacts"),
		want: []string{"GET /tags-contacts (deleted tag): status: expected 404 NOT_FOUND, found 200 [B1]"},
	},
	{
		name: "tag_ids as an array", writes: true,
		response: on(func(m *message) {
			m.status = http.StatusBadRequest
			m.body = node{"success": false, "error": node{"code": "VALIDATION_ERROR", "message": "zqx"}}
		}, "POST /contact"),
		want: []string{"POST /contact: status: expected 201, found 400 with VALIDATION_ERROR [B2]"},
	},
	{
		name: "tag_ids without an effect", writes: true,
		request: on(func(m *message) { delete(m.body.(node), "tag_ids") }, "POST /contact"),
		want: []string{
			"GET /contact (what was stored): data.tags: expected the value that was sent, found another [B2]",
			"GET /contacts-tags (what was stored): data: expected the value that was sent, found another [B2]",
		},
	},
	{
		name: "fields that PUT /contact ignores", writes: true,
		request: on(func(m *message) { delete(m.body.(node), "gdpr") }, "PUT /contact"),
		want:    []string{"GET /contact (what was stored): data.gdpr: expected the value that was sent, found another [B3]"},
	},
	{
		name: "PATCH instead of PUT", writes: true,
		response: on(func(m *message) {
			m.status, m.body = http.StatusMethodNotAllowed, node{"message": "The PUT method is not supported for zqx."}
		}, "PUT /sequence"),
		want: []string{"PUT /sequence: route: expected the operation, found 405 [B5]"},
	},
	{
		name: "times of another zone", writes: true,
		response: each(func(n node) {
			if at, err := time.Parse(time.DateTime, fmt.Sprint(n["created_at"])); err == nil {
				n["created_at"] = at.Add(2 * time.Hour).Format(time.DateTime)
			}
		}, "GET /contacts-tags"),
		want: []string{"GET /contacts-tags (what was stored): data[].created_at: expected UTC, found a time that is 2h0m0s off [B6]"},
	},
	{
		name: "another path to schedule a campaign", writes: true,
		response: on((*message).noRoute, "POST /campaign-schedule"),
		want:     []string{"POST /campaign-schedule (no campaign): route: expected the operation, found 404 [B9]"},
	},
	{
		name: "another parameter to schedule a campaign", writes: true,
		response: on(func(m *message) {
			rename(below(m.body, "error", "details"), "scheduled_for", "send_at")
		}, "POST /campaign-schedule"),
		want: []string{"POST /campaign-schedule (no campaign): error.details.scheduled_for: expected array, found nothing [B9]"},
	},
	{
		name: "another parameter of a stage's content", writes: true,
		response: on(func(m *message) {
			m.status = http.StatusUnprocessableEntity
			m.body = node{"success": false, "error": node{"code": "VALIDATION_ERROR", "message": "zqx", "details": node{"html": []any{"zqx"}}}}
		}, "PUT /sequence-stage-content"),
		want: []string{"PUT /sequence-stage-content: status: expected 200, found 422 with VALIDATION_ERROR [B12]"},
	},
	{
		name: "200 instead of 201", writes: true,
		response: func(m *message) {
			if m.status == http.StatusCreated && m.operation != "POST /tag" {
				m.status = http.StatusOK
			}
		},
		want: []string{
			"POST /sequence: status: expected 201, found 200",
			"POST /sequence-stage: status: expected 201, found 200",
			"POST /contact: status: expected 201, found 200",
			"POST /funnel: status: expected 201, found 200",
			"POST /funnel-step: status: expected 201, found 200",
			"POST /webhook: status: expected 201, found 200",
		},
	},
	{
		name: "a creation inside of another object", writes: true, left: true,
		response: on(func(m *message) {
			if m.status == http.StatusCreated {
				below(m.body)["data"] = node{"tag": below(m.body)["data"]}
			}
		}, "POST /tag"),
		want: []string{
			"POST /tag (first tag): data.id: expected integer ≥ 1, found nothing (unknown fields here: tag)",
			"POST /tag (first tag): data.name: expected string, found nothing (unknown fields here: tag)",
		},
	},
}

// Each deviation is reported, and nothing else is.
func TestDoctor_ReportsDeviations(t *testing.T) {
	t.Parallel()
	for _, tt := range deviations {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := &deviant{server: newServer(t).Transport(), request: tt.request, response: tt.response}
			s := settings{}
			if tt.writes {
				s = all
			}
			d := examined(t, server, s)
			require.Equal(t, tt.want, differences(d.report))
			require.Equal(t, tt.left, len(d.left) > 0, "%v", d.left)
			require.Equal(t, tt.left, !d.report.Complete)
			requirePrivate(t, printed(t, d))
			isAssumed := regexp.MustCompile(` \[(B\d+)\]$`)
			wrong := map[string]bool{}
			holds := true
			for _, want := range tt.want {
				if match := isAssumed.FindStringSubmatch(want); match != nil {
					wrong[match[1]] = true
				} else {
					holds = false
				}
			}
			require.Equal(t, holds, d.report.Holds)
			for _, v := range d.report.Assumptions {
				require.Equal(t, wrong[v.Name], v.State == "wrong", v.Name)
			}
		})
	}
}

// sdk returns the directory of the SDK's module.
func sdk(t *testing.T) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/funnel-go/funnel")
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly") // it must not change go.sum in the module cache
	out, err := cmd.Output()
	dir := strings.TrimSpace(string(out))
	if _, statErr := os.Stat("../options.go"); statErr != nil && dir == "" {
		t.Skip("this module is in the module cache, and does not know where the library is")
	}
	require.NoError(t, err)
	return dir
}

// What a report says is to be corrected is there.
func TestDoctor_NamesPlacesThatExist(t *testing.T) {
	t.Parallel()
	root := sdk(t)
	c := loaded(t)
	place := regexp.MustCompile(`^(.+) in (\S+\.go)$`)
	requirePlace := func(where string) {
		if strings.HasPrefix(where, "nothing: ") {
			return
		}
		match := place.FindStringSubmatch(where)
		require.NotNil(t, match, where)
		source, err := os.ReadFile(filepath.Join(root, match[2]))
		require.NoError(t, err)
		text := match[1]
		if name, ok := strings.CutPrefix(text, "the line marked "); ok {
			text = name
		}
		require.Contains(t, string(source), text, where)
	}
	for _, a := range c.assumptions {
		d := difference{Assumption: a.name}
		c.change(nil, &d)
		requirePlace(d.Change)
	}
	for _, op := range c.operations {
		requirePlace(op.placeOfPath())
		for status := range op.responses {
			var code int
			require.NoError(t, json.Unmarshal([]byte(status), &code))
			for _, body := range []string{`{"success": true, "data": {}, "meta": {}}`, `{"success": true, "data": [{}]}`, `{"success": false, "error": {}}`, `{}`, `[]`} {
				for _, d := range c.compare(op, code, http.Header{"Content-Type": {"application/json"}}, []byte(body)) {
					c.change(op, &d)
					if d.Field != "body" {
						requirePlace(d.Change)
					}
				}
			}
		}
	}
}
