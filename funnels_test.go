package funnel_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestFunnels_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.List(ctx, funnel.FunnelListParams{})
		},
		sends:     sentRequest{Method: "GET", Path: "/funnels"},
		responder: pageOf(funnelJSON, `{"id":9,"name":"Odd","type":7,"steps":[]}`), // a type that the SDK does not know
		want:      pageOneOf(sampleFunnelItem, funnel.Funnel{ID: 9, Name: "Odd", Type: 7, Steps: []funnel.Step{}}),
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.List(ctx, funnel.FunnelListParams{Page: 2, PerPage: 10})
		},
		sends:     sentRequest{Method: "GET", Path: "/funnels", Query: "page=2&per_page=10"},
		responder: pageOf(funnelJSON),
		want:      pageOneOf(sampleFunnelItem),
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Funnels.All(ctx, funnel.FunnelListParams{}))
		},
		sends:     sentRequest{Method: "GET", Path: "/funnels", Query: "page=1&per_page=100"},
		responder: pageOf(funnelJSON),
		want:      []funnel.Funnel{sampleFunnelItem},
	}, {
		name: "Create, name only",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop", Type: funnel.FunnelBlank})
		},
		sends:     sentRequest{Method: "POST", Path: "/funnel", Body: `{"name":"Shop"}`},
		responder: createdAs(`{"id":4,"name":"Shop","type":0}`),
		want:      &funnel.Funnel{ID: 4, Name: "Shop", Type: funnel.FunnelBlank},
	}, {
		name: "Create, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop", Type: funnel.FunnelSales})
		},
		sends:     sentRequest{Method: "POST", Path: "/funnel", Body: `{` + shopFields + `}`},
		responder: createdAs(newFunnelJSON),
		want:      &sampleNewFunnel,
	}, {
		name: "Update, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Funnels.Update(ctx, 4, funnel.FunnelUpdateParams{Name: funnel.Ptr("Shop"), Type: funnel.Ptr(funnel.FunnelSales)})
		},
		sends:     sentRequest{Method: "PUT", Path: "/funnel", Body: `{"funnel_id":4,` + shopFields + `}`},
		responder: data(newFunnelJSON),
	}, {
		name: "Update, zero is sent",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Funnels.Update(ctx, 4, funnel.FunnelUpdateParams{Type: funnel.Ptr(funnel.FunnelBlank)})
		},
		sends:     sentRequest{Method: "PUT", Path: "/funnel", Body: `{"funnel_id":4,"type":0}`},
		responder: data(newFunnelJSON),
	}, {
		name:      "Delete",
		call:      func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Funnels.Delete(ctx, 4) },
		sends:     sentRequest{Method: "DELETE", Path: "/funnel", Body: `{"funnel_id":4}`},
		responder: data(`null`),
	}, {
		name: "CreateStep, what is required",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 4, Name: "Buy now"})
		},
		sends:     sentRequest{Method: "POST", Path: "/funnel-step", Body: `{"funnel_id":4,"name":"Buy now"}`},
		responder: createdAs(newStepJSON),
		want:      &sampleNewStep,
	}, {
		name: "CreateStep, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 4, Name: "Buy now", Type: 3})
		},
		sends:     sentRequest{Method: "POST", Path: "/funnel-step", Body: `{"funnel_id":4,"name":"Buy now","type":3}`},
		responder: createdAs(newStepJSON),
		want:      &sampleNewStep,
	}, {
		name: "UpdateStep, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Funnels.UpdateStep(ctx, 41, funnel.StepUpdateParams{Name: funnel.Ptr("Buy"), Path: funnel.Ptr("a/../b?c")})
		},
		sends:     sentRequest{Method: "PUT", Path: "/funnel-step", Body: `{"step_id":41,"name":"Buy","path":"a/../b?c"}`}, // in the body a path is only text
		responder: data(newStepJSON),
	}, {
		name:      "DeleteStep",
		call:      func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Funnels.DeleteStep(ctx, 41) },
		sends:     sentRequest{Method: "DELETE", Path: "/funnel-step", Body: `{"step_id":41}`},
		responder: respond(http.StatusNoContent, ""),
	}})
}

func TestFunnels_RefuseBadInput(t *testing.T) {
	t.Parallel()
	create := func(name string) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: name})
			return err
		}
	}
	createStep := func(name string) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 4, Name: name})
			return err
		}
	}
	runBadInputTests(t, []badInput{
		{"no name", create(""), "name"},
		{"name with a line break", create("Sh\nop"), "name"},
		{"name that is not UTF-8", create("Caf\xe9"), "name"},
		{"step without a name", createStep(""), "name"},
		{"step with a blank name", createStep("  "), "name"},
		{"path that is not UTF-8", func(ctx context.Context, c *funnel.Client) error {
			return c.Funnels.UpdateStep(ctx, 41, funnel.StepUpdateParams{Path: funnel.Ptr("caf\xe9")})
		}, "path"},
	})
}

func TestFunnels_CreateNeedsASubdomain(t *testing.T) {
	t.Parallel()
	_, client := fakeAPI(t, funneltest.WithoutSubdomain())
	created, err := client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Shop"})
	require.ErrorIs(t, err, funnel.ErrNoSubdomain)
	require.Nil(t, created)
}

// A funnel from its creation to its deletion.
func TestFunnels_Flow(t *testing.T) {
	t.Parallel()
	_, client := fakeAPI(t)
	ctx, funnels := t.Context(), client.Funnels
	shop, err := funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop", Type: funnel.FunnelLead})
	require.NoError(t, err)
	first, err := funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: shop.ID, Name: "Landing Page"})
	require.NoError(t, err)
	require.Equal(t, &funnel.Step{ID: first.ID, FunnelID: shop.ID, Name: "Landing Page", Path: "landing-page", Order: 1}, first)
	second, err := funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: shop.ID, Name: "Landing Page", Type: 3})
	require.NoError(t, err)
	require.Equal(t, "landing-page-1", second.Path)
	require.Equal(t, 2, second.Order)

	require.NoError(t, funnels.UpdateStep(ctx, second.ID, funnel.StepUpdateParams{Name: funnel.Ptr("Thanks"), Path: funnel.Ptr("thanks")}))
	require.NoError(t, funnels.Update(ctx, shop.ID, funnel.FunnelUpdateParams{Name: funnel.Ptr("Store")}))
	all, err := collect(funnels.All(ctx, funnel.FunnelListParams{}))
	require.NoError(t, err)
	require.Equal(t, []funnel.Funnel{{ID: shop.ID, Name: "Store", Type: funnel.FunnelLead, Steps: []funnel.Step{
		{ID: first.ID, FunnelID: shop.ID, Name: "Landing Page", Path: "landing-page", Order: 1, Type: 1},
		{ID: second.ID, FunnelID: shop.ID, Name: "Thanks", Path: "thanks", Order: 2, Type: 3},
	}}}, all)

	require.NoError(t, funnels.DeleteStep(ctx, first.ID))
	require.ErrorIs(t, funnels.DeleteStep(ctx, first.ID), funnel.ErrNotFound)
	require.NoError(t, funnels.Delete(ctx, shop.ID))
	require.ErrorIs(t, funnels.UpdateStep(ctx, second.ID, funnel.StepUpdateParams{Name: funnel.Ptr("x")}), funnel.ErrNotFound, "its steps are deleted with it")
}
