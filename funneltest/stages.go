package funneltest

import (
	"cmp"
	"fmt"
)

type stage struct {
	base
	SequenceID   int64         `json:"sequence_id"`
	Type         string        `json:"type"`
	Position     int64         `json:"position"`
	DelayMinutes int64         `json:"delay_minutes,omitempty"`
	TagID        int64         `json:"tag_id,omitempty"`
	Content      *stageContent `json:"content,omitempty"` // of a send_email stage, once it has been put
}

const sendEmail = "send_email"

var stageTypes = []string{sendEmail, "wait", "add_tag", "remove_tag"}

func stageResource() resource[stage, *stage] {
	return resource[stage, *stage]{
		name:     "Stage",
		plural:   "stages",
		idField:  "stage_id",
		filter:   filterStages,
		order:    func(a, b *stage) int { return cmp.Compare(a.Position, b.Position) },
		fill:     fillStage,
		check:    checkStage,
		write:    writeStage,
		restored: restoredStage,
	}
}

func inSequence(id int64) func(*stage) bool {
	return func(st *stage) bool { return st.SequenceID == id }
}

// stagesOf counts a sequence's stages.
func (a *account) stagesOf(sequenceID int64) (n int64) {
	for _, st := range a.stages.rows {
		if st.SequenceID == sequenceID {
			n++
		}
	}
	return n
}

func filterStages(c *call) (func(*stage) bool, *problem) {
	sq, p := c.sequences.target(c)
	if p != nil {
		return nil, p
	}
	return inSequence(sq.ID), nil
}

// fillStage puts a new stage last unless told otherwise. A stage stays in its
// sequence.
func fillStage(c *call, st *stage) {
	if st.ID == 0 {
		st.SequenceID = c.in.id("sequence_id")
		for _, other := range selectRows(c.stages.rows, inSequence(st.SequenceID)) {
			st.Position = max(st.Position, other.Position)
		}
		st.Position++
	}
	c.in.text("type", &st.Type, required, oneOf(stageTypes))
	c.in.integer("delay_minutes", &st.DelayMinutes, 0)
	c.in.integer("position", &st.Position, 0)
	c.in.integer("tag_id", &st.TagID, 1)
	if (st.Type == "add_tag" || st.Type == "remove_tag") && st.TagID == 0 {
		c.in.fail("tag_id", "The tag id field is required when type is "+st.Type+".")
	}
	if st.Type != sendEmail {
		st.Content = nil
	}
}

func checkStage(c *call, st *stage) *problem {
	if c.sequences.find(st.SequenceID) == nil {
		return notFound("Sequence")
	}
	if st.TagID != 0 && c.tags.find(st.TagID) == nil {
		return notFound("Tag")
	}
	return nil
}

func restoredStage(a *account, st *stage) error {
	if a.sequences.find(st.SequenceID) == nil {
		return fmt.Errorf("stage %d is of sequence %d, which is not there", st.ID, st.SequenceID)
	}
	if st.TagID != 0 && a.tags.find(st.TagID) == nil {
		return fmt.Errorf("stage %d has tag %d, which is not there", st.ID, st.TagID)
	}
	return nil
}

func writeStage(_ *call, w *writer, st *stage) {
	w.object()
	w.key("id").int(st.ID)
	w.key("sequence_id").int(st.SequenceID)
	w.key("type").text(st.Type)
	w.key("position").int(st.Position)
	w.key("delay_minutes").int(st.DelayMinutes)
	w.key("tag_id").intOrNull(st.TagID)
	w.endObject()
}
