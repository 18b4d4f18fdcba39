package funneltest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

type contact struct {
	base
	Email        string            `json:"email"`
	FirstName    string            `json:"first_name,omitempty"`
	LastName     string            `json:"last_name,omitempty"`
	Phone        string            `json:"phone,omitempty"`
	Status       string            `json:"status"`
	CustomFields map[string]string `json:"custom_fields,omitempty"`
	Tags         []int64           `json:"tag_ids,omitempty"`      // sorted
	Sequences    []int64           `json:"sequence_ids,omitempty"` // sorted; in which the contact is enrolled
	UpdatedAt    stamp             `json:"updated_at"`
}

var contactStatuses = []string{"subscribed", "unsubscribed", "bounced", "complained"}

func contactResource() resource[contact, *contact] {
	return resource[contact, *contact]{
		table:    table[contact, *contact]{unique: (*contact).key},
		name:     "Contact",
		plural:   "contacts",
		idField:  "contact_id",
		filter:   filterContacts,
		fill:     fillContact,
		check:    checkContact,
		conflict: codeContactExists,
		saved:    savedContact,
		removed:  removedContact,
		write:    writeContact,
		restored: restoredContact,
	}
}

// key is the address as the account compares it: without regard to case.
func (ct *contact) key() string { return strings.ToLower(ct.Email) }

func filterContacts(c *call) (func(*contact) bool, *problem) {
	status, p := c.in.choice("status", contactStatuses, refuse(codeInvalidStatus))
	if p != nil {
		return nil, p
	}
	search, _ := c.in.scalar("search")
	tags, sequences := c.in.ids("tag_ids"), c.in.ids("sequence_ids")
	if status == "" && search == "" && tags == nil && sequences == nil {
		return nil, nil
	}
	search = strings.ToLower(search)
	return func(ct *contact) bool {
		return (status == "" || ct.Status == status) &&
			(search == "" || ct.mentions(search)) &&
			(tags == nil || hasAny(ct.Tags, tags)) &&
			(sequences == nil || hasAny(ct.Sequences, sequences))
	}, nil
}

func (ct *contact) mentions(search string) bool {
	for _, text := range [...]string{ct.Email, ct.FirstName, ct.LastName} {
		if strings.Contains(strings.ToLower(text), search) {
			return true
		}
	}
	return false
}

// hasAny tells whether one of the wanted ids is in the sorted list.
func hasAny(sorted, wanted []int64) bool {
	return slices.ContainsFunc(wanted, func(id int64) bool {
		_, found := slices.BinarySearch(sorted, id)
		return found
	})
}

func fillContact(c *call, ct *contact) {
	if ct.ID == 0 {
		ct.Status = "subscribed"
		ct.Tags, ct.Sequences = c.in.ids("tag_ids"), c.in.ids("sequence_ids")
	}
	c.in.text("email", &ct.Email, required, email, atMost(255))
	c.in.text("first_name", &ct.FirstName, atMost(255))
	c.in.text("last_name", &ct.LastName, atMost(255))
	c.in.text("phone", &ct.Phone, atMost(255))
	c.in.text("status", &ct.Status, required, oneOf(contactStatuses))
	c.in.textMap("custom_fields", &ct.CustomFields)
}

func checkContact(c *call, ct *contact) *problem {
	if ct.ID != 0 {
		return nil
	}
	if p := c.checkTags(ct.Tags); p != nil {
		return p
	}
	for _, id := range ct.Sequences {
		if p := c.checkEnrolment(id); p != nil {
			return p
		}
	}
	return nil
}

func savedContact(c *call, before, ct *contact) {
	if before != nil {
		if !ct.sameFields(before) {
			ct.UpdatedAt = c.now
			c.contactEvent("contact.updated", ct)
		}
		return
	}
	ct.UpdatedAt = c.now
	tags, sequences := ct.Tags, ct.Sequences
	ct.Tags, ct.Sequences = nil, nil
	c.contactEvent("contact.created", ct)
	c.tagContact(ct, tags)
	for _, id := range sequences {
		c.enrol(ct, c.sequences.find(id))
	}
}

func (ct *contact) sameFields(other *contact) bool {
	return ct.Email == other.Email && ct.FirstName == other.FirstName && ct.LastName == other.LastName &&
		ct.Phone == other.Phone && ct.Status == other.Status && maps.Equal(ct.CustomFields, other.CustomFields)
}

func (c *call) contactEvent(name string, ct *contact) {
	c.event(name, func(w *writer) {
		w.key("contact")
		writeContact(c, w, ct)
	})
}

func removedContact(c *call, ct *contact) {
	for _, id := range ct.Tags {
		c.tags.find(id).contacts--
	}
}

func restoredContact(a *account, ct *contact) error {
	ct.Tags, ct.Sequences = union(ct.Tags, nil), union(ct.Sequences, nil)
	for _, id := range ct.Tags {
		tag := a.tags.find(id)
		if tag == nil {
			return fmt.Errorf("contact %d has tag %d, which is not there", ct.ID, id)
		}
		tag.contacts++
	}
	for _, id := range ct.Sequences {
		if a.sequences.find(id) == nil {
			return fmt.Errorf("contact %d is enrolled in sequence %d, which is not there", ct.ID, id)
		}
	}
	return nil
}

func writeContact(c *call, w *writer, ct *contact) {
	w.object()
	w.key("id").int(ct.ID)
	w.key("email").text(ct.Email)
	w.key("first_name").textOrNull(ct.FirstName)
	w.key("last_name").textOrNull(ct.LastName)
	w.key("phone").textOrNull(ct.Phone)
	w.key("status").text(ct.Status)
	w.key("custom_fields")
	writeCustomFields(w, ct.CustomFields)
	w.key("tags").array()
	for _, id := range ct.Tags {
		writeTagName(w, c.tags.find(id))
	}
	w.endArray()
	w.key("created_at").time(ct.CreatedAt)
	w.key("updated_at").time(ct.UpdatedAt)
	w.endObject()
}

// writeCustomFields writes an object, and an empty one as [], as PHP does.
func writeCustomFields(w *writer, fields map[string]string) {
	if len(fields) == 0 {
		w.raw("[]")
		return
	}
	w.object()
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		w.key(key).text(fields[key])
	}
	w.endObject()
}

// getContact finds a contact by its id or its address.
func getContact(c *call) *problem {
	address, byEmail := c.in.scalar("email")
	_, byID := c.in.scalar("contact_id")
	switch {
	case byID == text:
		return c.contacts.get(c)
	case byEmail == text:
		ct := c.contacts.lookup(strings.ToLower(address))
		if ct == nil {
			return notFound("Contact")
		}
		return c.contacts.answer(c, ct)
	}
	c.in.fail("contact_id", "The contact id field is required when email is not present.")
	return c.in.problem()
}
