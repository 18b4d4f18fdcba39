package funneltest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestFunnels_Lifecycle(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.expect(
		exchange{`POST /funnel {"name":"Course"}`, 201, data(`{"id":1,"name":"Course","type":0}`)},
		exchange{`POST /funnel {"name":"Shop","type":2}`, 201, data(`{"id":2,"name":"Shop","type":2}`)},
		exchange{`PUT /funnel {"funnel_id":1,"name":"Workshop","type":1}`, 200, data(`{"id":1}`)},
		exchange{`POST /funnel-step {"funnel_id":2,"name":"Offer","type":4}`, 201,
			data(`{"id":1,"funnel_id":2,"name":"Offer","path":"offer","order":1}`)},
		exchange{`GET /funnels`, 200, onePage("2", `{"id":1,"name":"Workshop","type":1,"steps":[]},
			{"id":2,"name":"Shop","type":2,"steps":[{"id":1,"funnel_id":2,"name":"Offer","path":"offer","order":1,"type":4}]}`)},
		exchange{`POST /funnel {"type":3}`, 422, invalid(`{
			"name":["The name field is required."],"type":["The selected type is invalid."]}`)},
		exchange{`POST /funnel {"name":"x","type":"lead"}`, 422, invalid(`{"type":["The type must be an integer."]}`)},
		exchange{`PUT /funnel {"funnel_id":3,"name":"x"}`, 404, notFound("Funnel")},
		exchange{`DELETE /funnel {"funnel_id":2}`, 200, done},
		exchange{`DELETE /funnel {"funnel_id":2}`, 404, notFound("Funnel")},
		exchange{`DELETE /funnel-step {"step_id":1}`, 404, notFound("Step")},
	)
}

func TestFunnels_CreationNeedsASubdomain(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithoutSubdomain())
	a.expect(exchange{`POST /funnel {"name":"f"}`, 400,
		`{"success":false,"error":{"code":"NO_SUBDOMAIN","message":"No subdomain is configured for this account"}}`})
	require.Zero(t, a.Counts()["funnels"])
}

func TestFunnelSteps_Lifecycle(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /funnel {"name":"f"}`)
	a.expect(
		exchange{`POST /funnel-step {"funnel_id":1,"name":"Landing Page"}`, 201,
			data(`{"id":1,"funnel_id":1,"name":"Landing Page","path":"landing-page","order":1}`)},
		exchange{`POST /funnel-step {"funnel_id":1,"name":"Landing Page","path":"ignored"}`, 201,
			data(`{"id":2,"funnel_id":1,"name":"Landing Page","path":"landing-page-1","order":2}`)},
		exchange{`PUT /funnel-step {"step_id":2,"name":"Thanks"}`, 200, data(`{"id":2}`)},
		exchange{`PUT /funnel-step {"step_id":1,"path":"Start_1"}`, 200, data(`{"id":1}`)},
		exchange{`GET /funnels`, 200, onePage("1", `{"id":1,"name":"f","type":0,"steps":[
			{"id":1,"funnel_id":1,"name":"Landing Page","path":"Start_1","order":1,"type":1},
			{"id":2,"funnel_id":1,"name":"Thanks","path":"landing-page-1","order":2,"type":1}]}`)},
		exchange{`PUT /funnel-step {"step_id":1,"path":"a/b"}`, 422, invalid(`{"path":["The path format is invalid."]}`)},
		exchange{`PUT /funnel-step {"step_id":1,"path":""}`, 422, invalid(`{"path":["The path field is required."]}`)},
		exchange{`POST /funnel-step {}`, 422, invalid(`{
			"funnel_id":["The funnel id field is required."],"name":["The name field is required."]}`)},
		exchange{`POST /funnel-step {"funnel_id":2,"name":"x"}`, 404, notFound("Funnel")},
		exchange{`PUT /funnel-step {"step_id":3,"name":"x"}`, 404, notFound("Step")},
		exchange{`DELETE /funnel-step {"step_id":1}`, 200, done},
		exchange{`POST /funnel-step {"funnel_id":1,"name":"x"}`, 201, data(`{"id":3,"funnel_id":1,"name":"x","path":"x","order":3}`)},
	)
}

func TestFunnelSteps_PathIsUniqueInItsFunnel(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /funnel {"name":"f"}`, `POST /funnel {"name":"g"}`,
		`POST /funnel-step {"funnel_id":1,"name":"a"}`, `POST /funnel-step {"funnel_id":1,"name":"b"}`,
		`POST /funnel-step {"funnel_id":2,"name":"c"}`)
	a.expect(
		exchange{`PUT /funnel-step {"step_id":2,"path":"a"}`, 409,
			`{"success":false,"error":{"code":"PATH_TAKEN","message":"The requested path is already used in this funnel"}}`},
		exchange{`PUT /funnel-step {"step_id":2,"path":"b"}`, 200, data(`{"id":2}`)},
		exchange{`PUT /funnel-step {"step_id":3,"path":"a"}`, 200, data(`{"id":3}`)},
		exchange{`PUT /funnel-step {"step_id":1,"path":"z"}`, 200, data(`{"id":1}`)},
		exchange{`PUT /funnel-step {"step_id":2,"path":"a"}`, 200, data(`{"id":2}`)},
	)
}

func TestFunnelSteps_PathIsGeneratedFromTheName(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"Landing Page":      "landing-page",
		"  Two   spaces  ":  "two-spaces",
		"snake_case":        "snake-case",
		"Don't panic!":      "dont-panic",
		"--- 3 for 2 ---":   "3-for-2",
		"Tab\\tand - dash":  "tab-and-dash",
		"Café":              "caf",
		"日本語":               "step",
		"/etc/../passwd?x=": "etcpasswdx",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.setUp(`POST /funnel {"name":"f"}`)
			for _, suffix := range []string{"", "-1", "-2"} {
				got := a.call(`POST /funnel-step {"funnel_id":1,"name":"` + name + `"}`).ok()
				require.Contains(t, string(got.Data), `"path":"`+path+suffix+`"`)
			}
		})
	}
}
