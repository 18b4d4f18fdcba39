package funneltest

import "strings"

type tag struct {
	base
	Name string `json:"name"`

	contacts int64 // how many have the tag; counted anew from a snapshot
}

func tagResource() resource[tag, *tag] {
	return resource[tag, *tag]{
		table:    table[tag, *tag]{unique: (*tag).key},
		name:     "Tag",
		plural:   "tags",
		idField:  "tag_id",
		fill:     fillTag,
		conflict: codeTagExists,
		removed:  removedTag,
		write:    writeTag,
	}
}

// key is the name as the account compares it: without regard to case.
func (t *tag) key() string { return strings.ToLower(t.Name) }

func fillTag(c *call, t *tag) {
	c.in.text("name", &t.Name, required, atMost(255))
}

// removedTag takes the tag from everything that names it.
func removedTag(c *call, t *tag) {
	gone := []int64{t.ID}
	for _, ct := range c.contacts.rows {
		if hasAny(ct.Tags, gone) {
			ct.Tags = without(ct.Tags, gone)
		}
	}
	for _, cp := range c.campaigns.rows {
		cp.Tags = without(cp.Tags, gone)
	}
	for _, st := range c.stages.rows {
		if st.TagID == t.ID {
			st.TagID = 0
		}
	}
}

func writeTag(_ *call, w *writer, t *tag) {
	w.object()
	w.key("id").int(t.ID)
	w.key("name").text(t.Name)
	w.key("contacts_count").int(t.contacts)
	w.key("created_at").time(t.CreatedAt)
	w.endObject()
}

// writeTagName writes a tag as contacts show it.
func writeTagName(w *writer, t *tag) {
	w.object()
	w.key("id").int(t.ID)
	w.key("name").text(t.Name)
	w.endObject()
}
