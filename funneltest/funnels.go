package funneltest

import (
	"fmt"
	"strconv"
	"strings"
)

// funnelRow is a funnel; the plain word is the SDK's package.
type funnelRow struct {
	base
	Name string `json:"name"`
	Type int64  `json:"type"` // 0 blank, 1 lead, 2 sales
}

func funnelResource() resource[funnelRow, *funnelRow] {
	return resource[funnelRow, *funnelRow]{
		name:    "Funnel",
		plural:  "funnels",
		idField: "funnel_id",
		routes: func(funnels *resource[funnelRow, *funnelRow]) []route {
			return []route{
				get("/funnels", funnels.list),
				create("/funnel", funnels.create),
				put("/funnel", funnels.update),
				del("/funnel", funnels.delete),
			}
		},
		item:    funnelItemOf,
		fill:    fillFunnel,
		check:   checkFunnel,
		created: func(_ *call, f *funnelRow) any { return funnelCreated{ID: f.ID, Name: f.Name, Type: f.Type} },
		removed: removedFunnel,
	}
}

type funnelCreated struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Type int64  `json:"type"`
}

type funnelItem struct {
	funnelCreated
	Steps []stepItem `json:"steps"`
}

// stepItem is a step in the list of funnels.
type stepItem struct {
	stepCreated
	Type int64 `json:"type"`
}

func funnelItemOf(c *call, f *funnelRow) any {
	steps := []stepItem{}
	for _, st := range c.stepsOf(f.ID) {
		steps = append(steps, stepItem{stepCreated: newStepCreated(st), Type: st.Type})
	}
	return funnelItem{funnelCreated: funnelCreated{ID: f.ID, Name: f.Name, Type: f.Type}, Steps: steps}
}

func fillFunnel(c *call, f *funnelRow) {
	c.in.text("name", &f.Name, required, atMost(255))
	c.in.oneOf([]int64{0, 1, 2}, "type", &f.Type)
}

func checkFunnel(c *call, f *funnelRow) *apiError {
	if f.ID == 0 && c.subdomain == "" {
		return newError(codeNoSubdomain)
	}
	return nil
}

// removedFunnel removes its steps.
func removedFunnel(c *call, f *funnelRow) {
	for _, st := range c.stepsOf(f.ID) {
		c.steps.remove(st)
	}
}

type step struct {
	base
	FunnelID int64  `json:"funnel_id"`
	Name     string `json:"name"`
	Path     string `json:"path"`
	Order    int64  `json:"order"` // from 1
	Type     int64  `json:"type"`
}

func stepResource() resource[step, *step] {
	return resource[step, *step]{
		table:   table[step, *step]{unique: (*step).key},
		name:    "Step",
		plural:  "steps",
		idField: "step_id",
		routes: func(steps *resource[step, *step]) []route {
			return []route{
				create("/funnel-step", steps.create),
				put("/funnel-step", steps.update),
				del("/funnel-step", steps.delete),
			}
		},
		fill:     fillStep,
		check:    checkStep,
		conflict: codePathTaken,
		created:  stepCreatedOf,
		restored: restoredStep,
	}
}

// key makes a path unique within its funnel.
func (st *step) key() string { return stepKey(st.FunnelID, st.Path) }

func stepKey(funnelID int64, path string) string { return strconv.FormatInt(funnelID, 10) + "/" + path }

func (a *account) stepsOf(funnelID int64) []*step {
	return selectRows(a.steps.rows, func(st *step) bool { return st.FunnelID == funnelID })
}

// stepCreated has no type, like the sample of the reference.
type stepCreated struct {
	ID       int64  `json:"id"`
	FunnelID int64  `json:"funnel_id"`
	Name     string `json:"name"`
	Path     string `json:"path"`
	Order    int64  `json:"order"`
}

func stepCreatedOf(_ *call, st *step) any { return newStepCreated(st) }

func newStepCreated(st *step) stepCreated {
	return stepCreated{ID: st.ID, FunnelID: st.FunnelID, Name: st.Name, Path: st.Path, Order: st.Order}
}

// fillStep puts a new step last in its funnel and generates its path. Only an
// update can set a path. The values of type are unknown, so any integer is
// accepted.
func fillStep(c *call, st *step) {
	c.in.text("name", &st.Name, required, atMost(255))
	if st.ID != 0 {
		c.in.text("path", &st.Path, required, atMost(255), isSlug)
		return
	}
	st.FunnelID, st.Type = c.in.id("funnel_id"), 1
	c.in.integer("type", &st.Type)
	for _, other := range c.stepsOf(st.FunnelID) {
		st.Order = max(st.Order, other.Order)
	}
	st.Order++
	st.Path = c.freePath(st.FunnelID, slugOf(st.Name))
}

// freePath numbers a slug that is taken: landing-page, landing-page-1, and so on.
func (a *account) freePath(funnelID int64, slug string) string {
	path := slug
	for n := 1; a.steps.lookup(stepKey(funnelID, path)) != nil; n++ {
		path = fmt.Sprintf("%s-%d", slug, n)
	}
	return path
}

// slugOf makes a path of a name, like Laravel's Str::slug: lower case, words
// joined by hyphens, everything else dropped. Unlike Laravel it also drops
// letters that are not ASCII. A name without any usable character is "step".
func slugOf(name string) string {
	kept := strings.Map(func(r rune) rune {
		switch {
		case isSlugRune(r):
			return r
		case r == ' ', r == '\t', r == '_':
			return '-'
		}
		return -1
	}, strings.ToLower(name))
	words := strings.FieldsFunc(kept, func(r rune) bool { return r == '-' })
	if len(words) == 0 {
		return "step"
	}
	return strings.Join(words, "-")
}

func isSlugRune(r rune) bool { return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' }

// isSlug is the rule for a path: one URL segment that needs no escaping. What
// the server accepts is unknown (assumed).
func isSlug(attribute, value string) string {
	for _, r := range strings.ToLower(value) {
		if !isSlugRune(r) && r != '_' {
			return "The " + attribute + " format is invalid."
		}
	}
	return ""
}

func checkStep(c *call, st *step) *apiError {
	_, err := c.funnels.byID(st.FunnelID)
	return err
}

func restoredStep(a *account, st *step) error {
	if a.funnels.find(st.FunnelID) == nil {
		return fmt.Errorf("step %d is in funnel %d, which does not exist", st.ID, st.FunnelID)
	}
	return nil
}
