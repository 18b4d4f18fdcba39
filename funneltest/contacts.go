package funneltest

import (
	"fmt"
	"maps"
	"strings"

	"github.com/funnel-go/funnel"
)

type contact struct {
	base
	Email          string           `json:"email"`
	FirstName      string           `json:"first_name,omitempty"`
	LastName       string           `json:"last_name,omitempty"`
	EmailMarketing bool             `json:"email_marketing,omitempty"`
	GDPR           bool             `json:"gdpr,omitempty"`
	Tags           []int64          `json:"tag_ids,omitempty"`       // sorted
	Sequences      []int64          `json:"sequence_ids,omitempty"`  // sorted
	CustomFields   map[int64]string `json:"custom_fields,omitempty"` // by the field's id
}

func contactResource() resource[contact, *contact] {
	return resource[contact, *contact]{
		table:       table[contact, *contact]{unique: (*contact).key},
		name:        "Contact",
		plural:      "contacts",
		idField:     "contact_id",
		routes:      contactRoutes,
		newestFirst: true,
		periods:     true,
		item:        contactItemOf,
		locate:      locateContact,
		fill:        fillContact,
		check:       checkContact,
		conflict:    codeContactExists,
		created:     idOf[contact],
		restored:    restoredContact,
	}
}

func contactRoutes(contacts *resource[contact, *contact]) []route {
	return []route{
		get("/contacts", contacts.list),
		get("/contact", getContact),
		create("/contact", contacts.create),
		put("/contact", contacts.update),
		del("/contact", contacts.delete),
		get("/contacts-tags", listContactTags),
		post("/contact-tag", addContactTag),
		del("/contact-tag", removeContactTag),
		put("/contact-custom-field", setContactCustomField),
	}
}

// key is the address as the account compares it: ignoring case.
func (ct *contact) key() string { return strings.ToLower(ct.Email) }

// contactItem is a contact in a list.
type contactItem struct {
	ID             int64   `json:"id"`
	Email          string  `json:"email"`
	FirstName      *string `json:"first_name"`
	LastName       *string `json:"last_name"`
	EmailMarketing bool    `json:"email_marketing"`
	GDPR           bool    `json:"gdpr"`
	CreatedAt      stamp   `json:"created_at"`
}

func contactItemOf(_ *call, ct *contact) any {
	return contactItem{
		ID: ct.ID, Email: ct.Email, FirstName: orNull(ct.FirstName), LastName: orNull(ct.LastName),
		EmailMarketing: ct.EmailMarketing, GDPR: ct.GDPR, CreatedAt: ct.CreatedAt,
	}
}

// B4: a single contact has its tags and sequences as lists of ids and no
// created_at; a single campaign and a single order look like their list items.
type contactDetail struct {
	ID             int64   `json:"id"`
	Email          string  `json:"email"`
	FirstName      *string `json:"first_name"`
	LastName       *string `json:"last_name"`
	EmailMarketing bool    `json:"email_marketing"`
	GDPR           bool    `json:"gdpr"`
	Tags           []int64 `json:"tags"`
	Sequences      []int64 `json:"sequences"`
}

func getContact(c *call) (any, *apiError) {
	ct, err := locateContact(c)
	if err != nil {
		return nil, err
	}
	return contactDetail{
		ID: ct.ID, Email: ct.Email, FirstName: orNull(ct.FirstName), LastName: orNull(ct.LastName),
		EmailMarketing: ct.EmailMarketing, GDPR: ct.GDPR,
		Tags: idList(ct.Tags), Sequences: idList(ct.Sequences),
	}, nil
}

// A contactRef is how a request addresses a contact: by id or, if that is zero,
// by e-mail address.
type contactRef struct {
	id    int64
	email string
}

// contactRef reads contact_id or email; contact_id takes precedence.
func (in *input) contactRef() (ref contactRef) {
	switch {
	case in.given("contact_id"):
		ref.id = in.id("contact_id")
	case in.given("email"):
		in.text("email", &ref.email)
	default:
		in.fail("contact_id", "The contact id field is required when email is not present.")
		in.fail("email", "The email field is required when contact id is not present.")
	}
	return ref
}

// contactBy finds the contact that was addressed.
func (a *account) contactBy(ref contactRef) (*contact, *apiError) {
	if ref.email == "" {
		return a.contacts.byID(ref.id)
	}
	ct := a.contacts.lookup(strings.ToLower(ref.email))
	if ct == nil {
		return nil, notFound("Contact")
	}
	return ct, nil
}

func locateContact(c *call) (*contact, *apiError) {
	ref := c.in.contactRef()
	if err := c.in.err(); err != nil {
		return nil, err
	}
	return c.contactBy(ref)
}

// contactAnd reads a contact and a row of another resource, which is what every
// operation on a link needs.
func contactAnd[T any, P record[T]](c *call, r *resource[T, P]) (*contact, P, *apiError) {
	ref, id := c.in.contactRef(), c.in.id(r.idField)
	if err := c.in.err(); err != nil {
		return nil, nil, err
	}
	ct, err := c.contactBy(ref)
	if err != nil {
		return nil, nil, err
	}
	row, err := r.byID(id)
	return ct, row, err
}

// fillContact sets email_marketing and gdpr to false unless they are given: the
// server's default is unknown (assumed).
func fillContact(c *call, ct *contact) {
	// B3: a creation takes the fields of the legacy reference. An update takes
	// the same without the lists and the address, which can only find a contact.
	if ct.ID == 0 {
		c.in.text("email", &ct.Email, required, email, atMost(255))
		ct.Tags, ct.Sequences = c.in.ids("tag_ids"), c.in.ids("sequence_ids")
	}
	c.in.text("first_name", &ct.FirstName, atMost(255))
	c.in.text("last_name", &ct.LastName, atMost(255))
	c.in.flag("email_marketing", &ct.EmailMarketing)
	c.in.flag("gdpr", &ct.GDPR)
}

// checkContact does not check that the sequences have stages: the reference names
// SEQUENCE_HAS_NO_STAGES for POST /contact-sequence only.
func checkContact(c *call, ct *contact) *apiError {
	if ct.ID != 0 {
		return nil
	}
	for _, id := range ct.Tags {
		if _, err := c.tags.byID(id); err != nil {
			return err
		}
	}
	for _, id := range ct.Sequences {
		if _, err := c.sequences.byID(id); err != nil {
			return err
		}
	}
	return nil
}

func restoredContact(a *account, ct *contact) error {
	ct.Tags, ct.Sequences = union(ct.Tags, nil), union(ct.Sequences, nil)
	for _, id := range ct.Tags {
		if a.tags.find(id) == nil {
			return fmt.Errorf("contact %d has tag %d, which does not exist", ct.ID, id)
		}
	}
	for _, id := range ct.Sequences {
		if a.sequences.find(id) == nil {
			return fmt.Errorf("contact %d is in sequence %d, which does not exist", ct.ID, id)
		}
	}
	for id := range ct.CustomFields {
		if a.customFields.find(id) == nil {
			return fmt.Errorf("contact %d has custom field %d, which does not exist", ct.ID, id)
		}
	}
	return nil
}

func listContactTags(c *call) (any, *apiError) {
	ct, err := locateContact(c)
	if err != nil {
		return nil, err
	}
	items := make([]any, 0, len(ct.Tags))
	for _, id := range ct.Tags {
		items = append(items, tagItemOf(c, c.tags.find(id)))
	}
	return items, nil
}

// contactTagLink is the response of adding a tag.
type contactTagLink struct {
	ContactID int64 `json:"contact_id"`
	TagID     int64 `json:"tag_id"`
}

// B5: POST links a contact with a tag or a sequence and DELETE unlinks it, on
// the same path; the link's response shows both ids. Both may be repeated.
func addContactTag(c *call) (any, *apiError) {
	ct, tg, err := contactAnd(c, &c.tags)
	if err != nil {
		return nil, err
	}
	ct.Tags = union(ct.Tags, []int64{tg.ID})
	return contactTagLink{ContactID: ct.ID, TagID: tg.ID}, nil
}

func removeContactTag(c *call) (any, *apiError) {
	ct, tg, err := contactAnd(c, &c.tags)
	if err != nil {
		return nil, err
	}
	ct.Tags = without(ct.Tags, tg.ID)
	return nil, nil
}

// contactCustomField is the response of setting a custom field's value.
type contactCustomField struct {
	ContactID     int64  `json:"contact_id"`
	CustomFieldID int64  `json:"custom_field_id"`
	Value         string `json:"value"`
}

// setContactCustomField accepts any text, also for a select field: the
// reference states no check.
func setContactCustomField(c *call) (any, *apiError) {
	var value string
	c.in.text("value", &value, required, atMost(1000))
	ct, field, err := contactAnd(c, &c.customFields)
	if err != nil {
		return nil, err
	}
	values := maps.Clone(ct.CustomFields)
	if values == nil {
		values = make(map[int64]string)
	}
	values[field.ID] = value
	ct.CustomFields = values
	return contactCustomField{ContactID: ct.ID, CustomFieldID: field.ID, Value: value}, nil
}

// CustomFieldValue returns the value that a contact has in a custom field, or
// "" if it has none. The API itself cannot show it.
func (s *Server) CustomFieldValue(contact funnel.ContactID, field funnel.CustomFieldID) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ct := s.account.contacts.find(int64(contact))
	if ct == nil {
		return ""
	}
	return ct.CustomFields[int64(field)]
}

var (
	seedFirstNames = []string{"Ada", "Alan", "Barbara", "Edsger", "Grace", "John", "Katherine", "Leslie"}
	seedLastNames  = []string{"Dijkstra", "Hopper", "Johnson", "Lamport", "Liskov", "Lovelace", "McCarthy", "Turing", "Wirth"}
)

// SeedContacts adds n contacts at once, for tests that need many: a million
// take a few seconds and some 250 MB. They are the same in every run: the
// contact with id 7 is contact-0000007@example.com, all have GDPR consent, and
// all except every tenth have email_marketing. They have no tags. If an address
// is in use already, its contact stays unchanged and the id is skipped.
func (s *Server) SeedContacts(n int) {
	s.insert(func(c *call) {
		c.contacts.reserve(n)
		block := make([]contact, n) // one allocation instead of n
		for i := range block {
			id := c.contacts.last + 1
			ct := &block[i]
			ct.Email = fmt.Sprintf("contact-%07d@example.com", id)
			if c.contacts.lookup(ct.key()) != nil {
				c.contacts.last++
				continue
			}
			ct.FirstName = seedFirstNames[id%int64(len(seedFirstNames))]
			ct.LastName = seedLastNames[id%int64(len(seedLastNames))]
			ct.EmailMarketing, ct.GDPR = id%10 != 0, true
			c.contacts.insert(ct, c.now)
		}
	})
}
