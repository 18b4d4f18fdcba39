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
		sends: sentRequest{Method: "GET", Path: "/funnels"},
		reply: pageOf(funnelJSON, `{"id":9,"name":"Odd","type":7,"steps":[]}`), // a type that the SDK does not know
		want:  pageOneOf(sampleFunnelItem, funnel.Funnel{ID: 9, Name: "Odd", Type: 7, Steps: []funnel.Step{}}),
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.List(ctx, funnel.FunnelListParams{Page: 2, PerPage: 10})
		},
		sends: sentRequest{Method: "GET", Path: "/funnels", Query: "page=2&per_page=10"},
		reply: pageOf(funnelJSON),
		want:  pageOneOf(sampleFunnelItem),
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Funnels.All(ctx, funnel.FunnelListParams{}))
		},
		sends: sentRequest{Method: "GET", Path: "/funnels", Query: "page=1&per_page=100"},
		reply: pageOf(funnelJSON),
		want:  []funnel.Funnel{sampleFunnelItem},
	}, {
		name: "Create, name only",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop", Type: funnel.FunnelBlank})
		},
		sends: sentRequest{Method: "POST", Path: "/funnel", Body: `{"name":"Shop"}`},
		reply: createdAs(`{"id":4,"name":"Shop","type":0}`),
		want:  &funnel.Funnel{ID: 4, Name: "Shop", Type: funnel.FunnelBlank},
	}, {
		name: "Create, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop", Type: funnel.FunnelSales})
		},
		sends: sentRequest{Method: "POST", Path: "/funnel", Body: `{` + shopFields + `}`},
		reply: createdAs(newFunnelJSON),
		want:  &sampleNewFunnel,
	}, {
		name: "Update, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Funnels.Update(ctx, 4, funnel.FunnelUpdateParams{Name: funnel.Ptr("Shop"), Type: funnel.Ptr(funnel.FunnelSales)})
		},
		sends: sentRequest{Method: "PUT", Path: "/funnel", Body: `{"funnel_id":4,` + shopFields + `}`},
		reply: data(newFunnelJSON),
	}, {
		name: "Update, zero is sent",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Funnels.Update(ctx, 4, funnel.FunnelUpdateParams{Type: funnel.Ptr(funnel.FunnelBlank)})
		},
		sends: sentRequest{Method: "PUT", Path: "/funnel", Body: `{"funnel_id":4,"type":0}`},
		reply: data(newFunnelJSON),
	}, {
		name: "Update, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Funnels.Update(ctx, 4, funnel.FunnelUpdateParams{})
		},
		sends: sentRequest{Method: "PUT", Path: "/funnel", Body: `{"funnel_id":4}`},
		reply: data(newFunnelJSON),
	}, {
		name:  "Delete",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Funnels.Delete(ctx, 4) },
		sends: sentRequest{Method: "DELETE", Path: "/funnel", Body: `{"funnel_id":4}`},
		reply: data(`null`),
	}, {
		name: "CreateStep, what is required",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 4, Name: "Buy now"})
		},
		sends: sentRequest{Method: "POST", Path: "/funnel-step", Body: `{"funnel_id":4,"name":"Buy now"}`},
		reply: createdAs(newStepJSON),
		want:  &sampleNewStep,
	}, {
		name: "CreateStep, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 4, Name: "Buy now", Type: 3})
		},
		sends: sentRequest{Method: "POST", Path: "/funnel-step", Body: `{"funnel_id":4,"name":"Buy now","type":3}`},
		reply: createdAs(newStepJSON),
		want:  &sampleNewStep,
	}, {
		name: "UpdateStep, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Funnels.UpdateStep(ctx, 41, funnel.StepUpdateParams{Name: funnel.Ptr("Buy"), Path: funnel.Ptr("a/../b?c")})
		},
		sends: sentRequest{Method: "PUT", Path: "/funnel-step", Body: `{"step_id":41,"name":"Buy","path":"a/../b?c"}`}, // in the body a path is only text
		reply: data(newStepJSON),
	}, {
		name: "UpdateStep, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return nil, c.Funnels.UpdateStep(ctx, 41, funnel.StepUpdateParams{})
		},
		sends: sentRequest{Method: "PUT", Path: "/funnel-step", Body: `{"step_id":41}`},
		reply: data(newStepJSON),
	}, {
		name:  "DeleteStep",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Funnels.DeleteStep(ctx, 41) },
		sends: sentRequest{Method: "DELETE", Path: "/funnel-step", Body: `{"step_id":41}`},
		reply: answers(http.StatusNoContent, ""),
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
	tests := []badInput{
		{"no name", create(""), "name"},
		{"name with a line break", create("Sh\nop"), "name"},
		{"name that is not UTF-8", create("Caf\xe9"), "name"},
		{"step without a name", createStep(""), "name"},
		{"step with a blank name", createStep("  "), "name"},
		{"path that is not UTF-8", func(ctx context.Context, c *funnel.Client) error {
			return c.Funnels.UpdateStep(ctx, 41, funnel.StepUpdateParams{Path: funnel.Ptr("caf\xe9")})
		}, "path"},
		{"per_page of 101", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.List(ctx, funnel.FunnelListParams{PerPage: 101})
			return err
		}, "per_page"},
		{"page of -1, all", func(ctx context.Context, c *funnel.Client) error {
			_, err := collect(c.Funnels.All(ctx, funnel.FunnelListParams{Page: -1}))
			return err
		}, "page"},
	}
	for _, id := range noIDs {
		tests = append(tests,
			badInput{"update funnel " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Funnels.Update(ctx, funnel.FunnelID(id), funnel.FunnelUpdateParams{})
			}, "funnel_id"},
			badInput{"delete funnel " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Funnels.Delete(ctx, funnel.FunnelID(id))
			}, "funnel_id"},
			badInput{"create a step of funnel " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: funnel.FunnelID(id), Name: "Buy"})
				return err
			}, "funnel_id"},
			badInput{"update step " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Funnels.UpdateStep(ctx, funnel.StepID(id), funnel.StepUpdateParams{})
			}, "step_id"},
			badInput{"delete step " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Funnels.DeleteStep(ctx, funnel.StepID(id))
			}, "step_id"},
		)
	}
	runBadInputTests(t, tests)
}

// What the SDK cannot judge it passes on, and the server rejects it.
func TestFunnels_ServerErrors(t *testing.T) {
	t.Parallel()
	setUp := func(t *testing.T, c *funnel.Client) { // funnel 1 with the steps "buy" and "thanks"
		t.Helper()
		_, err := c.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Shop"})
		require.NoError(t, err)
		for _, name := range []string{"Buy", "Thanks"} {
			_, err = c.Funnels.CreateStep(t.Context(), funnel.StepCreateParams{FunnelID: 1, Name: name})
			require.NoError(t, err)
		}
	}
	setPath := func(path string) func(context.Context, *funnel.Client) error {
		return func(ctx context.Context, c *funnel.Client) error {
			return c.Funnels.UpdateStep(ctx, 2, funnel.StepUpdateParams{Path: &path})
		}
	}
	badPath := map[string][]string{"path": {"The path format is invalid."}}
	runServerErrorTests(t, setUp, []serverError{
		{"unknown type of a new funnel", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "New", Type: 7})
			return err
		}, `"type":7`, funnel.ErrValidation, map[string][]string{"type": {"The selected type is invalid."}}},
		{"several fields at once", func(ctx context.Context, c *funnel.Client) error {
			return c.Funnels.UpdateStep(ctx, 1, funnel.StepUpdateParams{Name: funnel.Ptr(""), Path: funnel.Ptr("a b")})
		}, `"name":"","path":"a b"`, funnel.ErrValidation, map[string][]string{
			"name": {"The name field is required."}, "path": {"The path format is invalid."},
		}},
		{"path of another step", setPath("buy"), `"path":"buy"`, funnel.ErrPathTaken, nil},
		{"path with a slash", setPath("a/b"), `"path":"a/b"`, funnel.ErrValidation, badPath},
		{"path that climbs", setPath(".."), `"path":".."`, funnel.ErrValidation, badPath},
		{"path with a query", setPath("buy?x=1"), `"path":"buy?x=1"`, funnel.ErrValidation, badPath},
		{"path with quotes", setPath(`x","name":"y`), `"path":"x\",\"name\":\"y"`, funnel.ErrValidation, badPath},
		{"step of a funnel that does not exist", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 99, Name: "Buy"})
			return err
		}, `"funnel_id":99`, funnel.ErrNotFound, nil},
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
	require.ErrorIs(t, funnels.UpdateStep(ctx, second.ID, funnel.StepUpdateParams{}), funnel.ErrNotFound, "its steps are deleted with it")
}
