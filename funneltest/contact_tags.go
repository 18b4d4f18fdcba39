package funneltest

import "slices"

// checkTags refuses ids of tags that are not there.
func (c *call) checkTags(ids []int64) *problem {
	for _, id := range ids {
		if c.tags.find(id) == nil {
			return notFound("Tag")
		}
	}
	return nil
}

// contactAndTags reads what both operations on a contact's tags need.
func contactAndTags(c *call) (*contact, []int64, *problem) {
	id, tags := c.in.id("contact_id"), c.in.someIDs("tag_ids")
	if p := c.in.problem(); p != nil {
		return nil, nil, p
	}
	ct := c.contacts.find(id)
	if ct == nil {
		return nil, nil, notFound("Contact")
	}
	return ct, tags, c.checkTags(tags)
}

// addContactTags answers with the contact. A tag that the contact has already
// stays: the operation may be repeated.
func addContactTags(c *call) *problem {
	ct, tags, p := contactAndTags(c)
	if p != nil {
		return p
	}
	c.tagContact(ct, tags)
	return c.contacts.answer(c, ct)
}

// removeContactTags answers with the contact; a tag that it does not have is
// no problem.
func removeContactTags(c *call) *problem {
	ct, tags, p := contactAndTags(c)
	if p != nil {
		return p
	}
	kept := without(ct.Tags, tags)
	if len(kept) < len(ct.Tags) {
		for _, id := range without(ct.Tags, kept) {
			c.tags.find(id).contacts--
		}
		ct.Tags, ct.UpdatedAt = kept, c.now
	}
	return c.contacts.answer(c, ct)
}

// tagContact gives the contact the tags that it does not have yet.
func (c *call) tagContact(ct *contact, ids []int64) {
	added := without(ids, ct.Tags)
	if len(added) == 0 {
		return
	}
	for _, id := range added {
		c.tags.find(id).contacts++
	}
	ct.Tags = union(ct.Tags, added)
	ct.UpdatedAt = c.now
	c.event("contact.tagged", func(w *writer) {
		w.key("contact")
		writeContact(c, w, ct)
		w.key("tags").array()
		for _, id := range added {
			writeTagName(w, c.tags.find(id))
		}
		w.endArray()
	})
}

// The lists of ids in rows are never changed in place: a row's copy, which an
// update works on, shares them.

// without returns the ids that are not among the sorted others.
func without(ids, others []int64) []int64 {
	return selectRows(ids, func(id int64) bool {
		_, found := slices.BinarySearch(others, id)
		return !found
	})
}

// union returns the ids of both lists, sorted and without repetitions.
func union(a, b []int64) []int64 {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
