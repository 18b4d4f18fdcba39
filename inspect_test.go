package funnel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

func TestInspect_Errors(t *testing.T) {
	t.Parallel()
	invalid := answers(http.StatusUnprocessableEntity, `{"success":false,"error":{"code":"VALIDATION_ERROR","message":"The given data was invalid","details":{"email":["The email is odd."]}}}`)
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
		name     string
		call     func(context.Context, *funnel.Client) error
		reply    reply
		code     funnel.Code
		kind     string
		canRetry bool
		fields   map[string][]string
	}{
		{name: "code", call: get, reply: failure(404, funnel.ErrNotFound, "no"), code: funnel.ErrNotFound, kind: "NOT_FOUND"},
		{name: "exists", call: create, reply: failure(409, funnel.ErrContactExists, "no"), code: funnel.ErrContactExists, kind: "CONTACT_EXISTS"},
		{name: "invalid", call: create, reply: invalid, code: funnel.ErrValidation, kind: "VALIDATION_ERROR",
			fields: map[string][]string{"email": {"The email is odd."}}},
		{name: "unauthorized", call: get, reply: failure(401, funnel.ErrUnauthorized, "no"), code: funnel.ErrUnauthorized, kind: "UNAUTHORIZED"},
		{name: "rate limit", call: createFunnel, reply: tooMany(), code: funnel.ErrRateLimited, kind: "RATE_LIMITED", canRetry: true},
		{name: "5xx of a read", call: get, reply: failure(500, funnel.ErrServer, "no"), code: funnel.ErrServer, kind: "SERVER_ERROR", canRetry: true},
		{name: "5xx of a create with a unique key", call: create, reply: htmlPage(502, "Bad Gateway"), kind: "502", canRetry: true},
		{name: "5xx of a create without one", call: createFunnel, reply: htmlPage(502, "Bad Gateway"), kind: "502"},
		{name: "lost response of a read", call: get, reply: breaks(io.ErrUnexpectedEOF), kind: "connection_lost", canRetry: true},
		{name: "lost response of a create with a unique key", call: create, reply: breaks(io.EOF), kind: "connection_lost", canRetry: true},
		{name: "lost response of a create without one", call: createFunnel, reply: breaks(io.EOF), kind: "connection_lost"},
		{name: "certainly not sent", call: createFunnel, reply: unsent(&net.OpError{Op: "dial", Err: errors.New("no route")}), kind: "connection_failed", canRetry: true},
		{name: "another format", call: get, reply: answers(200, `{"id":7}`), kind: "invalid_response"},
		{name: "no JSON", call: get, reply: answers(200, "<html>"), kind: "invalid_response", canRetry: true},
		{name: "redirect", call: get, reply: answers(302, ""), kind: "302"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := clientOver(t, roundTripFunc(tt.reply))
			err := fmt.Errorf("wrapped: %w", tt.call(funnel.WithoutRetry(t.Context()), client))
			require.Equal(t, tt.code, funnel.CodeOf(err))
			require.Equal(t, tt.kind, funnel.ErrorKind(err))
			require.Equal(t, tt.canRetry, funnel.CanRetry(err))
			require.Equal(t, tt.fields, funnel.FieldErrors(err))
		})
	}
}

func TestInspect_OtherErrors(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	client := clientOver(t, roundTripFunc(data(seven)))
	ended := getContact.call(canceled, client)
	_, refused := client.Contacts.Create(t.Context(), funnel.ContactCreateParams{})
	for _, tt := range []struct {
		name     string
		err      error
		kind     string
		canRetry bool
		fields   map[string][]string
	}{
		{"nil", nil, "", false, nil},
		{"not sent, canceled", ended, "canceled", true, nil},
		{"argument", refused, "invalid_argument", false, map[string][]string{"email": {"The email is required."}}},
		{"argument of two words", &funnel.ArgumentError{Field: "first_name", Message: "is odd: mend it"}, "invalid_argument", false,
			map[string][]string{"first_name": {"The first name is odd: mend it."}}},
		{"not the SDK's", io.ErrClosedPipe, "other", false, nil},
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

func TestInspect_LogValue(t *testing.T) {
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
	client := clientOver(t, roundTripFunc(answers(409, said, "X-Request-Id", "r-1")))
	_, err := client.Tags.Create(t.Context(), funnel.TagCreateParams{Name: "vip"})
	require.Equal(t, `err.kind=TAG_EXISTS err.operation="POST /tag" err.code=TAG_EXISTS err.status=409 err.request_id=r-1 err.attempts=1 err.may_have_been_applied=false`+"\n", logged(err))
	require.Contains(t, err.Error(), "(request r-1)")

	client = clientOver(t, roundTripFunc(breaks(io.EOF)))
	_, err = client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Spring"})
	require.Equal(t, `err.kind=connection_lost err.operation="POST /funnel" err.attempts=1 err.may_have_been_applied=true`+"\n", logged(err))

	_, err = client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com "})
	require.Equal(t, "err.kind=invalid_argument err.field=email err.message=\"has white space around it: trim it\"\n", logged(err))

	client = clientOver(t, roundTripFunc(answers(400, `{}`, "X-Request-Id", "ada@example.com")))
	err = client.Call(t.Context(), http.MethodGet, "/contact/ada@example.com", nil, nil, nil)
	require.Equal(t, `err.kind=400 err.operation="GET /contact/[hidden]" err.status=400 err.attempts=1 err.may_have_been_applied=false`+"\n", logged(err))
}
