package funneltest

import (
	"slices"
	"strings"
)

type tag struct {
	base
	Name string `json:"name"`
}

func tagResource() resource[tag, *tag] {
	return resource[tag, *tag]{
		table:    table[tag, *tag]{unique: (*tag).key},
		name:     "Tag",
		plural:   "tags",
		idField:  "tag_id",
		routes:   tagRoutes,
		item:     tagItemOf,
		fill:     func(c *call, t *tag) { c.in.text("name", &t.Name, required, atMost(255)) },
		conflict: codeTagExists,
		created:  func(_ *call, t *tag) any { return tagCreated{t.ID, t.Name} },
		removed:  removedTag,
	}
}

func tagRoutes(tags *resource[tag, *tag]) []route {
	return []route{
		get("/tags", tags.list),
		create("/tag", tags.create),
		put("/tag", tags.update),
		del("/tag", tags.delete),
		get("/tags-contacts", listTagContacts),
	}
}

// key is the name as the account compares it: ignoring case, as MySQL does by
// default (assumed). Laravel has removed surrounding space.
func (t *tag) key() string { return strings.ToLower(t.Name) }

type tagItem struct {
	ID        int64    `json:"id"`
	Name      string   `json:"name"`
	CreatedAt zoneless `json:"created_at"`
}

func tagItemOf(_ *call, t *tag) any {
	return tagItem{ID: t.ID, Name: t.Name, CreatedAt: zoneless{t.CreatedAt}}
}

type tagCreated struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// removedTag takes the tag from all contacts.
func removedTag(c *call, t *tag) {
	for _, ct := range c.contacts.rows {
		if slices.Contains(ct.Tags, t.ID) {
			ct.Tags = without(ct.Tags, t.ID)
		}
	}
}

// tagContact is a contact in the list of a tag's contacts.
type tagContact struct {
	ID        int64   `json:"id"`
	Email     string  `json:"email"`
	FirstName *string `json:"first_name"`
	LastName  *string `json:"last_name"`
}

func listTagContacts(c *call) (any, *apiError) {
	tg, err := c.tags.target(c)
	if err != nil {
		return nil, err
	}
	tagged := selectRows(c.contacts.rows, func(ct *contact) bool { return slices.Contains(ct.Tags, tg.ID) })
	return page(c, tagged, false, func(_ *call, ct *contact) any {
		return tagContact{ID: ct.ID, Email: ct.Email, FirstName: orNull(ct.FirstName), LastName: orNull(ct.LastName)}
	})
}
