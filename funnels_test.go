package funnel_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

const (
	springJSON = `{"id": 4, "name": "Spring", "status": "published", "subdomain": "acme", "steps_count": 2, "created_at": "2026-01-02T03:04:05Z"}`
	stepJSON   = `{"id": 41, "funnel_id": 4, "name": "Buy now", "path": "buy-now", "type": "checkout", "position": 2}`
)

var (
	spring  = funnel.Funnel{ID: 4, Name: "Spring", Status: funnel.FunnelPublished, Subdomain: "acme", StepsCount: 2, CreatedAt: utc(2026, 1, 2, 3, 4, 5, 0)}
	buyStep = funnel.Step{ID: 41, FunnelID: 4, Name: "Buy now", Path: "buy-now", Type: funnel.StepCheckout, Position: 2}
)

func TestFunnels_Methods(t *testing.T) {
	t.Parallel()
	runMethodTests(t, []methodTest{{
		name: "List, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.List(ctx, funnel.FunnelListParams{})
		},
		sends: sentRequest{Method: "GET", Path: "/funnels"},
		reply: answers(200, `{"success":true,"data":[`+springJSON+`],"meta":{"current_page":1,"per_page":25,"last_page":1,"total":1}}`),
		want:  &funnel.Page[funnel.Funnel]{Items: []funnel.Funnel{spring}, Page: 1, PerPage: 25, LastPage: 1, Total: 1},
	}, {
		name: "List, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.List(ctx, funnel.FunnelListParams{Page: 2, PerPage: 50})
		},
		sends: sentRequest{Method: "GET", Path: "/funnels", Query: "page=2&per_page=50"},
		reply: data(`[]`),
		want:  &funnel.Page[funnel.Funnel]{Items: []funnel.Funnel{}},
	}, {
		name: "All",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return collect(c.Funnels.All(ctx, funnel.FunnelListParams{}))
		},
		sends: sentRequest{Method: "GET", Path: "/funnels", Query: "page=1&per_page=100"},
		reply: answers(200, `{"success":true,"data":[`+springJSON+`],"meta":{"current_page":1,"per_page":100,"last_page":1,"total":1}}`),
		want:  []funnel.Funnel{spring},
	}, {
		name:  "Get",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Funnels.Get(ctx, 4) },
		sends: sentRequest{Method: "GET", Path: "/funnel", Query: "funnel_id=4"},
		reply: data(springJSON),
		want:  &spring,
	}, {
		name: "Create, name only",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Spring"})
		},
		sends: sentRequest{Method: "POST", Path: "/funnel", Body: `{"name":"Spring"}`},
		reply: data(springJSON),
		want:  &spring,
	}, {
		name: "Create, a status that the SDK does not know",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Spring", Status: "hidden"})
		},
		sends: sentRequest{Method: "POST", Path: "/funnel", Body: `{"name":"Spring","status":"hidden"}`},
		reply: data(`{"id":"4","name":null,"status":"hidden","subdomain":null,"steps_count":"0"}`),
		want:  &funnel.Funnel{ID: 4, Status: "hidden"},
	}, {
		name: "Update, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.Update(ctx, 4, funnel.FunnelUpdateParams{Name: funnel.Ptr("Spring"), Status: funnel.Ptr(funnel.FunnelArchived)})
		},
		sends: sentRequest{Method: "PUT", Path: "/funnel", Body: `{"funnel_id":4,"name":"Spring","status":"archived"}`},
		reply: data(springJSON),
		want:  &spring,
	}, {
		name: "Update, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.Update(ctx, 4, funnel.FunnelUpdateParams{})
		},
		sends: sentRequest{Method: "PUT", Path: "/funnel", Body: `{"funnel_id":4}`},
		reply: data(springJSON),
		want:  &spring,
	}, {
		name:  "Delete",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Funnels.Delete(ctx, 4) },
		sends: sentRequest{Method: "DELETE", Path: "/funnel", Query: "funnel_id=4"},
		reply: data(`null`),
	}, {
		name: "Stats",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.Stats(ctx, 4, funnel.StatsParams{Period: funnel.PeriodLast7Days})
		},
		sends: sentRequest{Method: "GET", Path: "/funnel-stats", Query: "funnel_id=4&period=last_7_days"},
		reply: data(`{"visits":1200,"optins":300,"sales":24,"revenue":"1234.50"}`),
		want:  &funnel.FunnelStats{Visits: 1200, Optins: 300, Sales: 24, Revenue: "1234.50"},
	}, {
		name: "Stats, as PHP may write them",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.Stats(ctx, 4, funnel.StatsParams{})
		},
		sends: sentRequest{Method: "GET", Path: "/funnel-stats", Query: "funnel_id=4"},
		reply: data(`{"visits":"1200","optins":300.0,"sales":null,"revenue":12345678901234567890.10}`),
		want:  &funnel.FunnelStats{Visits: 1200, Optins: 300, Revenue: "12345678901234567890.10"}, // no float has been there
	}, {
		name:  "Steps",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Funnels.Steps(ctx, 4) },
		sends: sentRequest{Method: "GET", Path: "/funnel-steps", Query: "funnel_id=4&page=1&per_page=100"},
		reply: answers(200, `{"success":true,"data":[`+stepJSON+`,{"id":"42","type":"quiz","position":"3"}],"meta":{"current_page":1,"per_page":100,"last_page":1,"total":2}}`),
		want:  []funnel.Step{buyStep, {ID: 42, Type: "quiz", Position: 3}},
	}, {
		name:  "Steps, none",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return c.Funnels.Steps(ctx, 4) },
		sends: sentRequest{Method: "GET", Path: "/funnel-steps", Query: "funnel_id=4&page=1&per_page=100"},
		reply: data(`[]`),
		want:  []funnel.Step{},
	}, {
		name: "CreateStep, what is required",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 4, Name: "Buy now", Path: "buy-now"})
		},
		sends: sentRequest{Method: "POST", Path: "/funnel-step", Body: `{"funnel_id":4,"name":"Buy now","path":"buy-now"}`},
		reply: data(stepJSON),
		want:  &buyStep,
	}, {
		name: "CreateStep, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.CreateStep(ctx, funnel.StepCreateParams{
				FunnelID: 4, Name: "Buy now", Path: "buy-now", Type: funnel.StepCheckout, Position: funnel.Ptr(0),
			})
		},
		sends: sentRequest{Method: "POST", Path: "/funnel-step",
			Body: `{"funnel_id":4,"name":"Buy now","path":"buy-now","type":"checkout","position":0}`},
		reply: data(stepJSON),
		want:  &buyStep,
	}, {
		name: "UpdateStep, everything set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.UpdateStep(ctx, 41, funnel.StepUpdateParams{
				Name: funnel.Ptr("Buy now"), Path: funnel.Ptr("buy-now"), Type: funnel.Ptr(funnel.StepUpsell), Position: funnel.Ptr(0),
			})
		},
		sends: sentRequest{Method: "PUT", Path: "/funnel-step",
			Body: `{"step_id":41,"name":"Buy now","path":"buy-now","type":"upsell","position":0}`},
		reply: data(stepJSON),
		want:  &buyStep,
	}, {
		name: "UpdateStep, nothing set",
		call: func(ctx context.Context, c *funnel.Client) (any, error) {
			return c.Funnels.UpdateStep(ctx, 41, funnel.StepUpdateParams{})
		},
		sends: sentRequest{Method: "PUT", Path: "/funnel-step", Body: `{"step_id":41}`},
		reply: data(stepJSON),
		want:  &buyStep,
	}, {
		name:  "DeleteStep",
		call:  func(ctx context.Context, c *funnel.Client) (any, error) { return nil, c.Funnels.DeleteStep(ctx, 41) },
		sends: sentRequest{Method: "DELETE", Path: "/funnel-step", Query: "step_id=41"},
		reply: answers(204, ""),
	}})
}

func TestFunnels_RefuseBadInput(t *testing.T) {
	t.Parallel()
	tests := []badInput{
		{"no name", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.Create(ctx, funnel.FunnelCreateParams{Status: funnel.FunnelDraft})
			return err
		}, "name"},
		{"step without a name", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 4, Path: "buy"})
			return err
		}, "name"},
		{"step without a path", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 4, Name: "Buy"})
			return err
		}, "path"},
		{"blank path", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 4, Name: "Buy", Path: "  "})
			return err
		}, "path"},
		{"path with a line break", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 4, Name: "Buy", Path: "buy\r\nnow"})
			return err
		}, "path"},
		{"path that is no UTF-8", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 4, Name: "Buy", Path: "b\xffy"})
			return err
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
			badInput{"get funnel " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Funnels.Get(ctx, funnel.FunnelID(id))
				return err
			}, "funnel_id"},
			badInput{"update funnel " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Funnels.Update(ctx, funnel.FunnelID(id), funnel.FunnelUpdateParams{})
				return err
			}, "funnel_id"},
			badInput{"delete funnel " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Funnels.Delete(ctx, funnel.FunnelID(id))
			}, "funnel_id"},
			badInput{"stats of funnel " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Funnels.Stats(ctx, funnel.FunnelID(id), funnel.StatsParams{})
				return err
			}, "funnel_id"},
			badInput{"steps of funnel " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				steps, err := c.Funnels.Steps(ctx, funnel.FunnelID(id))
				require.Nil(t, steps)
				return err
			}, "funnel_id"},
			badInput{"create a step of funnel " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: funnel.FunnelID(id), Name: "Buy", Path: "buy"})
				return err
			}, "funnel_id"},
			badInput{"update step " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				_, err := c.Funnels.UpdateStep(ctx, funnel.StepID(id), funnel.StepUpdateParams{})
				return err
			}, "step_id"},
			badInput{"delete step " + id.String(), func(ctx context.Context, c *funnel.Client) error {
				return c.Funnels.DeleteStep(ctx, funnel.StepID(id))
			}, "step_id"},
		)
	}
	runBadInputTests(t, tests)
}

// A slug goes to the server as it is, in the body, where it can climb nowhere;
// what is none is refused there.
func TestFunnels_ServerRefusesSlugs(t *testing.T) {
	t.Parallel()
	const (
		format = "The path format is invalid."
		length = "The path must not be greater than 255 characters."
	)
	slugs := []struct{ name, slug, sends, message string }{
		{"slash", "a/b", `"path":"a/b"`, format},
		{"slash at its beginning", "/buy", `"path":"/buy"`, format},
		{"dots", "..", `"path":".."`, format},
		{"one that climbs", "../../admin", `"path":"../../admin"`, format},
		{"one that climbs, escaped", "%2e%2e%2fadmin", `"path":"%2e%2e%2fadmin"`, format},
		{"backslash", `a\b`, `"path":"a\\b"`, format},
		{"spaces", "buy now", `"path":"buy now"`, format},
		{"space at its end", "buy ", `"path":"buy "`, format},
		{"query", "buy?x=1&y=2", `"path":"buy?x=1\u0026y=2"`, format},
		{"quotes", `buy","name":"x`, `"path":"buy\",\"name\":\"x"`, format},
		{"umlaut", "für", `"path":"für"`, format},
		{"Chinese", "购买", `"path":"购买"`, format},
		{"emoji", "🛒", `"path":"🛒"`, format},
		{"text that turns around", "buy\u202eyub", "\"path\":\"buy\u202eyub\"", format},
		{"256 characters", strings.Repeat("a", 256), `"path":"` + strings.Repeat("a", 256) + `"`, length},
		{"5,000 characters", strings.Repeat("a", 5000), `"path":"` + strings.Repeat("a", 5000) + `"`, length},
		{"5,000 characters of three bytes", strings.Repeat("购", 5000), `"path":"` + strings.Repeat("购", 5000) + `"`, length},
	}
	tests := []refusal{{
		"update: empty", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.UpdateStep(ctx, 1, funnel.StepUpdateParams{Path: funnel.Ptr("")})
			return err
		}, `"path":""`, funnel.ErrValidation, map[string][]string{"path": {"The path field is required."}},
	}}
	for _, tt := range slugs {
		details := map[string][]string{"path": {tt.message}}
		tests = append(tests, refusal{"create: " + tt.name, func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 1, Name: "Step", Path: tt.slug})
			return err
		}, tt.sends, funnel.ErrValidation, details})
		tests = append(tests, refusal{"update: " + tt.name, func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.UpdateStep(ctx, 1, funnel.StepUpdateParams{Path: &tt.slug})
			return err
		}, tt.sends, funnel.ErrValidation, details})
	}
	runRefusalTests(t, setUpFunnel, tests)
}

// setUpFunnel makes funnel 1 with two steps, "buy" and "thanks".
func setUpFunnel(t *testing.T, c *funnel.Client) {
	t.Helper()
	_, err := c.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Spring"})
	require.NoError(t, err)
	for _, path := range []string{"buy", "thanks"} {
		_, err = c.Funnels.CreateStep(t.Context(), funnel.StepCreateParams{FunnelID: 1, Name: "Step", Path: path})
		require.NoError(t, err)
	}
}

// What the SDK cannot judge it passes on, and the server refuses.
func TestFunnels_ServerRefuses(t *testing.T) {
	t.Parallel()
	runRefusalTests(t, setUpFunnel, []refusal{
		{"unknown status of a new funnel", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "New", Status: "hidden"})
			return err
		}, `"status":"hidden"`, funnel.ErrValidation, map[string][]string{"status": {"The selected status is invalid."}}},
		{"unknown status", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.Update(ctx, 1, funnel.FunnelUpdateParams{Status: funnel.Ptr(funnel.FunnelStatus("hidden"))})
			return err
		}, `"status":"hidden"`, funnel.ErrValidation, map[string][]string{"status": {"The selected status is invalid."}}},
		{"unknown type of a step", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 1, Name: "Quiz", Path: "quiz", Type: "quiz"})
			return err
		}, `"type":"quiz"`, funnel.ErrValidation, map[string][]string{"type": {"The selected type is invalid."}}},
		{"several fields at once", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.UpdateStep(ctx, 1, funnel.StepUpdateParams{Name: funnel.Ptr(""), Path: funnel.Ptr("a b"), Position: funnel.Ptr(-1)})
			return err
		}, `"name":"","path":"a b","position":-1`, funnel.ErrValidation, map[string][]string{
			"name": {"The name field is required."}, "path": {"The path format is invalid."}, "position": {"The position must be at least 0."},
		}},
		{"path of another step, new", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 1, Name: "Buy", Path: "buy"})
			return err
		}, `"path":"buy"`, funnel.ErrPathTaken, nil},
		{"path of another step", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.UpdateStep(ctx, 2, funnel.StepUpdateParams{Path: funnel.Ptr("buy")})
			return err
		}, `"path":"buy"`, funnel.ErrPathTaken, nil},
		{"step of no funnel", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 99, Name: "Buy", Path: "buy"})
			return err
		}, `"funnel_id":99`, funnel.ErrNotFound, nil},
		{"steps of no funnel", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.Steps(ctx, 99)
			return err
		}, "funnel_id=99", funnel.ErrNotFound, nil},
		{"stats of no funnel", func(ctx context.Context, c *funnel.Client) error {
			_, err := c.Funnels.Stats(ctx, 99, funnel.StatsParams{})
			return err
		}, "funnel_id=99", funnel.ErrNotFound, nil},
	})
}

func TestFunnels_NeedASubdomain(t *testing.T) {
	t.Parallel()
	_, client := fakeAPI(t, funneltest.WithoutSubdomain())
	created, err := client.Funnels.Create(t.Context(), funnel.FunnelCreateParams{Name: "Spring"})
	require.ErrorIs(t, err, funnel.ErrNoSubdomain)
	require.Nil(t, created)
}

// Steps come from all pages, in order.
func TestFunnels_StepsWalkAllPages(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/funnel-steps", listed(250, pagingShapes["meta"]))
	steps, err := api.client(t).Funnels.Steps(t.Context(), 4)
	require.NoError(t, err)
	require.Len(t, steps, 250)
	for i, step := range steps {
		require.Equal(t, funnel.Step{ID: funnel.StepID(i + 1)}, step)
	}
	require.ElementsMatch(t, []string{
		"funnel_id=4&page=1&per_page=100", "funnel_id=4&page=2&per_page=100", "funnel_id=4&page=3&per_page=100",
	}, queries(api))
}

// A list that could not be read to its end is no list.
func TestFunnels_StepsAreAllOrNone(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on("GET", "/funnel-steps",
		answers(200, `{"success":true,"data":[{"id":1}],"meta":{"current_page":1,"per_page":100,"last_page":2,"total":101}}`),
		failure(403, funnel.ErrForbidden, "No"))
	steps, err := api.client(t).Funnels.Steps(t.Context(), 4)
	require.ErrorIs(t, err, funnel.ErrForbidden)
	require.Nil(t, steps)
}

// A whole funnel, as a program sets it up, looks at it and takes it down.
func TestFunnels_Flow(t *testing.T) {
	t.Parallel()
	server, client := fakeAPI(t, funneltest.WithClock(atNine))
	ctx, funnels := t.Context(), client.Funnels
	shop, err := funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"})
	require.NoError(t, err)
	require.Equal(t, "acme", shop.Subdomain)

	buy, err := funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: shop.ID, Name: "Buy", Path: "buy", Type: funnel.StepCheckout})
	require.NoError(t, err)
	signUp, err := funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: shop.ID, Name: "Sign up", Path: "sign-up", Position: funnel.Ptr(0)})
	require.NoError(t, err)
	steps, err := funnels.Steps(ctx, shop.ID)
	require.NoError(t, err)
	require.Equal(t, []funnel.Step{*signUp, *buy}, steps, "in the order of their positions")

	for range 3 {
		require.NoError(t, server.RecordVisit(shop.ID))
	}
	require.NoError(t, server.RecordOptin(shop.ID))
	require.NoError(t, server.RecordSale(shop.ID, "0.10"))
	require.NoError(t, server.RecordSale(shop.ID, "0.20"))
	stats, err := funnels.Stats(ctx, shop.ID, funnel.StatsParams{Period: funnel.PeriodToday})
	require.NoError(t, err)
	require.Equal(t, &funnel.FunnelStats{Visits: 3, Optins: 1, Sales: 2, Revenue: "0.30"}, stats)
	stats, err = funnels.Stats(ctx, shop.ID, funnel.StatsParams{Period: funnel.PeriodLastMonth})
	require.NoError(t, err)
	require.Equal(t, &funnel.FunnelStats{Revenue: "0.00"}, stats)

	require.NoError(t, funnels.DeleteStep(ctx, signUp.ID))
	require.ErrorIs(t, funnels.DeleteStep(ctx, signUp.ID), funnel.ErrNotFound)
	shop, err = funnels.Update(ctx, shop.ID, funnel.FunnelUpdateParams{Status: funnel.Ptr(funnel.FunnelPublished)})
	require.NoError(t, err)
	require.Equal(t, 1, shop.StepsCount)
	require.NoError(t, funnels.Delete(ctx, shop.ID))
	_, err = funnels.UpdateStep(ctx, buy.ID, funnel.StepUpdateParams{})
	require.ErrorIs(t, err, funnel.ErrNotFound, "the steps go with their funnel")
}
