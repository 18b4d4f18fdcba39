package funneltest

import (
	"cmp"
	"fmt"
	"strconv"
)

type step struct {
	base
	FunnelID int64  `json:"funnel_id"`
	Name     string `json:"name"`
	Path     string `json:"path"`
	Type     string `json:"type"`
	Position int64  `json:"position"`
}

var stepTypes = []string{"optin", "sales", "checkout", "upsell", "thank_you"}

func stepResource() resource[step, *step] {
	return resource[step, *step]{
		table:    table[step, *step]{unique: (*step).key},
		name:     "Step",
		plural:   "steps",
		idField:  "step_id",
		filter:   filterSteps,
		order:    func(a, b *step) int { return cmp.Compare(a.Position, b.Position) },
		fill:     fillStep,
		check:    checkStep,
		conflict: codePathTaken,
		write:    writeStep,
		restored: restoredStep,
	}
}

// key makes a path unique within its funnel.
func (st *step) key() string { return strconv.FormatInt(st.FunnelID, 10) + "/" + st.Path }

func inFunnel(id int64) func(*step) bool {
	return func(st *step) bool { return st.FunnelID == id }
}

// stepsOf counts a funnel's steps.
func (a *account) stepsOf(funnelID int64) (n int64) {
	for _, st := range a.steps.rows {
		if st.FunnelID == funnelID {
			n++
		}
	}
	return n
}

func filterSteps(c *call) (func(*step) bool, *problem) {
	f, p := c.funnels.target(c)
	if p != nil {
		return nil, p
	}
	return inFunnel(f.ID), nil
}

// fillStep puts a new step last unless told otherwise. A step stays in its
// funnel.
func fillStep(c *call, st *step) {
	if st.ID == 0 {
		st.FunnelID, st.Type = c.in.id("funnel_id"), "optin"
		for _, other := range selectRows(c.steps.rows, inFunnel(st.FunnelID)) {
			st.Position = max(st.Position, other.Position)
		}
		st.Position++
	}
	c.in.text("name", &st.Name, required, atMost(255))
	c.in.text("path", &st.Path, required, atMost(255), slug)
	c.in.text("type", &st.Type, required, oneOf(stepTypes))
	c.in.integer("position", &st.Position, 0)
}

func checkStep(c *call, st *step) *problem {
	if c.funnels.find(st.FunnelID) == nil {
		return notFound("Funnel")
	}
	return nil
}

func restoredStep(a *account, st *step) error {
	if a.funnels.find(st.FunnelID) == nil {
		return fmt.Errorf("step %d is of funnel %d, which is not there", st.ID, st.FunnelID)
	}
	return nil
}

func writeStep(_ *call, w *writer, st *step) {
	w.object()
	w.key("id").int(st.ID)
	w.key("funnel_id").int(st.FunnelID)
	w.key("name").text(st.Name)
	w.key("path").text(st.Path)
	w.key("type").text(st.Type)
	w.key("position").int(st.Position)
	w.endObject()
}
