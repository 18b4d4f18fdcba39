package contracttest_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/contracttest"
	"github.com/funnel-go/funnel/contracttest/internal/openapi"
	"github.com/funnel-go/funnel/funneltest"
)

// refusalsFlow has every operation refused for each reason that all of them
// share. What it asks for is wrong itself, so that the last of the reasons is
// the request's own: a field is missing, or per_page out of bounds.
func refusalsFlow(a *account) {
	stranger := a.connect(funnel.WithAuth(func(r *http.Request) error {
		r.Header.Set("Authorization", "Bearer someone-else")
		return nil
	}))
	ctx := funnel.WithoutRetry(contracttest.BadRequest(a.ctx))
	for _, op := range a.contract.Document().Operations {
		a.ErrorIs(badCall(ctx, stranger, op), funnel.ErrUnauthorized, op)
		for _, code := range []funnel.Code{funnel.ErrForbidden, funnel.ErrServer} {
			a.server.Fail(funneltest.Fault{Code: code})
			a.ErrorIs(badCall(ctx, a.Client, op), code, op)
		}
		a.server.Fail(funneltest.Fault{Status: http.StatusTooManyRequests})
		a.ErrorIs(badCall(ctx, a.Client, op), funnel.ErrRateLimited, op)

		var invalid *funnel.ValidationError
		a.ErrorAs(badCall(ctx, a.Client, op), &invalid, op)
		a.Equal(http.StatusUnprocessableEntity, invalid.StatusCode, op)
		a.NotEmpty(invalid.Details, op)
	}
}

// badCall asks for an operation in a way that it cannot be asked for.
func badCall(ctx context.Context, client *funnel.Client, op *openapi.Operation) error {
	if op.RequestBody != nil {
		return client.Call(ctx, op.Method, op.Path, nil, struct{}{}, nil)
	}
	query := url.Values{}
	if slices.ContainsFunc(op.Parameters, func(p *openapi.Parameter) bool { return p.Name == "per_page" }) {
		query.Set("per_page", "0")
	}
	return client.Call(ctx, op.Method, op.Path, query, nil, nil)
}

// malformedListsFlow sends lists of ids that are none: the 400 without details.
// The typed methods cannot, so it takes Call.
func malformedListsFlow(a *account) {
	ada := a.newContact("ada@example.com")
	launch := a.newCampaign(funnel.CampaignCreateParams{Name: "Launch"})
	with := func(key string, value any) map[string]any { return map[string]any{"tag_ids": "x", key: value} }
	for _, call := range []struct {
		method, path string
		query        url.Values
		body         any
	}{
		{method: http.MethodGet, path: "/contacts", query: url.Values{"tag_ids": {"1,x"}}},
		{method: http.MethodGet, path: "/contacts", query: url.Values{"sequence_ids": {"x"}}},
		{method: http.MethodPost, path: "/contact", body: with("email", "grace@example.com")},
		{method: http.MethodPost, path: "/contact-tag", body: with("contact_id", ada.ID)},
		{method: http.MethodDelete, path: "/contact-tag", query: url.Values{"contact_id": {ada.ID.String()}, "tag_ids": {"x"}}},
		{method: http.MethodPost, path: "/campaign", body: with("name", "Other")},
		{method: http.MethodPut, path: "/campaign", body: with("campaign_id", launch.ID)},
	} {
		err := a.Call(contracttest.BadRequest(a.ctx), call.method, call.path, call.query, call.body, nil)
		var invalid *funnel.ValidationError
		a.ErrorAs(err, &invalid, call.path)
		a.Equal(http.StatusBadRequest, invalid.StatusCode, call.path)
		a.Empty(invalid.Details, call.path)
	}
}

// rateLimitFlow has the limit used up by another program on the same key, in an
// account that allows one request a minute.
func rateLimitFlow(a *account) {
	_, err := a.Tags.List(a.ctx, funnel.TagListParams{})
	a.NoError(err)

	other := a.connect()
	_, err = other.Tags.List(funnel.WithoutRetry(a.ctx), funnel.TagListParams{})
	var limited *funnel.RateLimitError
	a.ErrorAs(err, &limited)
	a.GreaterOrEqual(limited.RetryAfter, time.Minute)

	_, err = other.Tags.List(a.ctx, funnel.TagListParams{})
	a.NoError(err, "the client waits until it may ask again")
}
