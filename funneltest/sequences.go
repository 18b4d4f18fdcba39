package funneltest

type sequence struct {
	base
	Name   string `json:"name"`
	Status string `json:"status"`
}

var sequenceStatuses = []string{"draft", "active", "paused"}

func sequenceResource() resource[sequence, *sequence] {
	return resource[sequence, *sequence]{
		name:    "Sequence",
		plural:  "sequences",
		idField: "sequence_id",
		fill:    fillSequence,
		removed: removedSequence,
		write:   writeSequence,
	}
}

func fillSequence(c *call, sq *sequence) {
	if sq.ID == 0 {
		sq.Status = "draft"
	}
	c.in.text("name", &sq.Name, required, atMost(255))
	c.in.text("status", &sq.Status, required, oneOf(sequenceStatuses))
}

// removedSequence takes its stages with it, and everybody out of it.
func removedSequence(c *call, sq *sequence) {
	for _, st := range selectRows(c.stages.rows, inSequence(sq.ID)) {
		c.stages.remove(st)
	}
	gone := []int64{sq.ID}
	for _, ct := range c.contacts.rows {
		if hasAny(ct.Sequences, gone) {
			ct.Sequences = without(ct.Sequences, gone)
		}
	}
}

func writeSequence(c *call, w *writer, sq *sequence) {
	w.object()
	w.key("id").int(sq.ID)
	w.key("name").text(sq.Name)
	w.key("status").text(sq.Status)
	w.key("stages_count").int(c.stagesOf(sq.ID))
	w.key("created_at").time(sq.CreatedAt)
	w.endObject()
}
