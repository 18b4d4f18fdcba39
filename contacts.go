package funnel

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A ContactID identifies a contact.
type ContactID = ID[Contact]

// A Contact is a person in the account, identified by the e-mail address.
type Contact struct {
	ID           ContactID     `json:"id"`
	Email        string        `json:"email"`
	FirstName    string        `json:"first_name"`
	LastName     string        `json:"last_name"`
	Phone        string        `json:"phone"`
	Status       ContactStatus `json:"status"`
	CustomFields CustomFields  `json:"custom_fields"`
	Tags         []Tag         `json:"tags"` // with id and name; for the rest see TagsService.Get
	CreatedAt    Timestamp     `json:"created_at"`
	UpdatedAt    Timestamp     `json:"updated_at"`
}

// A ContactStatus says whether a contact gets mail. The set is open: a status
// that the SDK does not know is passed on.
type ContactStatus string

// The statuses of a contact (assumed).
const (
	ContactSubscribed   ContactStatus = "subscribed"
	ContactUnsubscribed ContactStatus = "unsubscribed"
	ContactBounced      ContactStatus = "bounced"
	ContactComplained   ContactStatus = "complained"
)

// CustomFields are a contact's values of the account's own fields.
type CustomFields map[string]string

// UnmarshalJSON reads [] as no fields, as PHP writes an empty map, and "" and
// false too. A value that is no text is kept as its JSON.
func (f *CustomFields) UnmarshalJSON(b []byte) error {
	*f = nil
	switch string(b) {
	case "[]", `""`, "false":
		return nil
	}
	if json.Unmarshal(b, (*map[string]string)(f)) == nil {
		return nil
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(b, &values); err != nil {
		return err
	}
	*f = make(CustomFields, len(values))
	for field, value := range values {
		var s string
		if json.Unmarshal(value, &s) != nil {
			s = string(value)
		}
		(*f)[field] = s
	}
	return nil
}

// MarshalJSON writes no fields as {}, so that an update can take all away.
func (f CustomFields) MarshalJSON() ([]byte, error) {
	if f == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]string(f))
}

// ContactListParams selects and pages contacts. A zero field is left out.
type ContactListParams struct {
	Page        int           `url:"page,omitempty"`               // from 1
	PerPage     int           `url:"per_page,omitempty"`           // 1 to 100; 0: the server's default
	Status      ContactStatus `url:"status,omitempty"`             // with that status only
	Search      string        `url:"search,omitempty"`             // with that text in name or address
	TagIDs      []TagID       `url:"tag_ids,omitempty,comma"`      // with one of these tags; at most 500
	SequenceIDs []SequenceID  `url:"sequence_ids,omitempty,comma"` // in one of these sequences; at most 500
}

func (p ContactListParams) check() error {
	if err := checkFilterIDs("tag_ids", p.TagIDs); err != nil {
		return err
	}
	return checkFilterIDs("sequence_ids", p.SequenceIDs)
}

// ContactCreateParams describes a new contact. A zero field is left out.
type ContactCreateParams struct {
	Email        string        `json:"email"` // required (documented)
	FirstName    string        `json:"first_name,omitempty"`
	LastName     string        `json:"last_name,omitempty"`
	Phone        string        `json:"phone,omitempty"`
	Status       ContactStatus `json:"status,omitempty"`
	CustomFields CustomFields  `json:"custom_fields,omitempty"`
	TagIDs       []TagID       `json:"tag_ids,omitempty"`      // tags to put on it
	SequenceIDs  []SequenceID  `json:"sequence_ids,omitempty"` // sequences to enrol it in
}

func (p ContactCreateParams) check() error {
	if err := checkEmail(p.Email); err != nil {
		return err
	}
	if err := checkIDs("tag_ids", p.TagIDs); err != nil {
		return err
	}
	return checkIDs("sequence_ids", p.SequenceIDs)
}

// ContactUpdateParams changes a contact. A nil field leaves it as it is.
// CustomFields replace all that the contact has (assumed): those that are not
// among them are gone.
type ContactUpdateParams struct {
	Email        *string        `json:"email,omitempty"`
	FirstName    *string        `json:"first_name,omitempty"`
	LastName     *string        `json:"last_name,omitempty"`
	Phone        *string        `json:"phone,omitempty"`
	Status       *ContactStatus `json:"status,omitempty"`
	CustomFields *CustomFields  `json:"custom_fields,omitempty"`
}

func (p ContactUpdateParams) check() error {
	if p.Email == nil {
		return nil
	}
	return checkEmail(*p.Email)
}

// ContactsService provides access to contacts: see [Client].
type ContactsService service

func (s *ContactsService) resource() resource[Contact] {
	return resource[Contact]{
		core:    (*service)(s).c(),
		one:     "/contact",
		many:    "/contacts",
		idField: "contact_id",
		unique:  true, // the e-mail address
	}
}

// List returns one page of the contacts that params choose.
//
// API: GET /contacts (assumed). Errors: [ErrInvalidStatus], [*ValidationError].
func (s *ContactsService) List(ctx context.Context, params ContactListParams) (*Page[Contact], error) {
	return s.resource().list(ctx, params)
}

// All returns an iterator over the contacts that params select, from the page
// they name to the last; a PerPage of 0 asks for 100 at a time. An error ends
// the range. Do not delete contacts while ranging: the pages move up, and some
// are skipped.
//
// API: GET /contacts (assumed). Errors: [ErrInvalidStatus], [*ValidationError].
func (s *ContactsService) All(ctx context.Context, params ContactListParams) iter.Seq2[*Contact, error] {
	return s.resource().all(ctx, params)
}

// Get returns a contact by its id.
//
// API: GET /contact (assumed). Errors: [ErrNotFound].
func (s *ContactsService) Get(ctx context.Context, id ContactID) (*Contact, error) {
	return s.resource().get(ctx, id)
}

// GetByEmail returns a contact by its e-mail address.
//
// API: GET /contact (assumed). Errors: [ErrNotFound], [*ValidationError].
func (s *ContactsService) GetByEmail(ctx context.Context, email string) (*Contact, error) {
	if err := checkEmail(email); err != nil {
		return nil, err
	}
	return s.resource().find(ctx, url.Values{"email": {email}}.Encode())
}

// Create creates a contact. It is safe to repeat: there is one contact for an
// address. Where an attempt got no answer and the next one finds the contact
// there, the error is ErrContactExists with MayHaveBeenApplied set;
// [ContactsService.Upsert] settles that too.
//
// API: POST /contact (documented). Errors: [ErrContactExists], [ErrNotFound] and
// [ErrSequenceHasNoStages] for what TagIDs and SequenceIDs name,
// [*ValidationError].
func (s *ContactsService) Create(ctx context.Context, params ContactCreateParams) (*Contact, error) {
	return s.resource().create(ctx, params)
}

// Upsert creates a contact, or brings the one with that address up to date: it
// sets the fields and custom fields that are set in params and adds the tags, and
// takes nothing away. Only a contact that it creates is enrolled in
// params.SequenceIDs, since an enrolment may send mail. created is true only
// where the creation was answered with success; after a lost answer it is false
// although it may have been this call that created the contact.
//
// A Status is set like any other field: leave it empty not to subscribe anew who
// has unsubscribed. Custom fields are read and written back, since the API knows
// no update of one: of two that set some on the same contact at the same moment,
// the later one prevails.
//
// A new contact costs one request, one that is up to date two, and one that is
// not three to five.
//
// API: POST /contact (documented), GET /contact, PUT /contact and
// POST /contact-tag (assumed). Errors: [ErrNotFound] and
// [ErrSequenceHasNoStages] for what TagIDs and SequenceIDs name,
// [*ValidationError]; never [ErrContactExists].
func (s *ContactsService) Upsert(ctx context.Context, params ContactCreateParams) (contact *Contact, created bool, err error) {
	contact, err = s.Create(ctx, params)
	if !errors.Is(err, ErrContactExists) {
		return contact, err == nil, err
	}
	_, touched := fate(err)
	defer func() {
		if touched {
			markApplied(err)
		}
	}()
	contact, err = s.GetByEmail(ctx, params.Email)
	if err != nil {
		return nil, false, err
	}
	if contact.Email != "" && !strings.EqualFold(contact.Email, params.Email) {
		// The server does not know the filter: the update would be a stranger's.
		return nil, false, answerError(s.resource().one, "the server was asked for the contact with one address, and returned one with another")
	}
	tags := params.tagsBeside(contact.Tags)
	if update := params.update(contact); update != (ContactUpdateParams{}) {
		if contact, err = s.Update(ctx, contact.ID, update); err != nil {
			return nil, false, err
		}
		touched = true
	}
	if len(tags) > 0 {
		if err = s.AddTags(ctx, contact.ID, tags...); err != nil {
			return nil, false, err
		}
		touched = true
		if contact, err = s.Get(ctx, contact.ID); err != nil {
			return nil, false, err
		}
	}
	return contact, false, nil
}

// update returns the params that set on an existing contact what p sets, and it
// does not have.
func (p ContactCreateParams) update(existing *Contact) ContactUpdateParams {
	update := ContactUpdateParams{
		FirstName: ifNew(p.FirstName, existing.FirstName),
		LastName:  ifNew(p.LastName, existing.LastName),
		Phone:     ifNew(p.Phone, existing.Phone),
		Status:    ifNew(p.Status, existing.Status),
	}
	// The API may take the fields that it is sent for all that there are.
	fields := maps.Clone(existing.CustomFields)
	if fields == nil {
		fields = CustomFields{}
	}
	maps.Copy(fields, p.CustomFields)
	if !maps.Equal(fields, existing.CustomFields) {
		update.CustomFields = &fields
	}
	return update
}

// tagsBeside returns the tags of p that are not among those.
func (p ContactCreateParams) tagsBeside(existing []Tag) []TagID {
	return slices.DeleteFunc(slices.Clone(p.TagIDs), func(id TagID) bool {
		return slices.ContainsFunc(existing, func(tag Tag) bool { return tag.ID == id })
	})
}

// ifNew returns a value for an update: nil if it is zero or there already.
func ifNew[T comparable](v, existing T) *T {
	var zero T
	if v == zero || v == existing {
		return nil
	}
	return &v
}

// Update changes a contact and returns it as it is then.
//
// API: PUT /contact (assumed). Errors: [ErrNotFound], [ErrContactExists] for an
// address that another contact has, [*ValidationError].
func (s *ContactsService) Update(ctx context.Context, id ContactID, params ContactUpdateParams) (*Contact, error) {
	return s.resource().update(ctx, id, params)
}

// Delete deletes a contact.
//
// API: DELETE /contact (assumed). Errors: [ErrNotFound].
func (s *ContactsService) Delete(ctx context.Context, id ContactID) error {
	return s.resource().delete(ctx, id)
}

const contactTagPath = "/contact-tag"

// AddTags puts tags on a contact. Those that it has already stay; without tags
// there is nothing to do.
//
// API: POST /contact-tag (assumed). Errors: [ErrNotFound], [*ValidationError].
func (s *ContactsService) AddTags(ctx context.Context, id ContactID, tags ...TagID) error {
	r := s.resource()
	if err := checkTagging(r, id, tags); err != nil || len(tags) == 0 {
		return err
	}
	tagIDs := struct {
		TagIDs []TagID `json:"tag_ids"`
	}{tags}
	return r.core.do(ctx, request{
		method:     http.MethodPost,
		path:       contactTagPath,
		body:       r.idBody(id, tagIDs),
		repeatable: true, // tags are a set
	}, nil)
}

// RemoveTags takes tags off a contact. Those that it does not have are no
// error; without tags there is nothing to do. At most 500 at a time.
//
// API: DELETE /contact-tag (assumed). Errors: [ErrNotFound], [*ValidationError].
func (s *ContactsService) RemoveTags(ctx context.Context, id ContactID, tags ...TagID) error {
	r := s.resource()
	if err := checkTagging(r, id, tags); err != nil || len(tags) == 0 {
		return err
	}
	if err := checkFilterIDs("tag_ids", tags); err != nil {
		return err
	}
	q := r.idValues(id)
	q.Set("tag_ids", joinIDs(tags))
	return r.core.do(ctx, request{method: http.MethodDelete, path: contactTagPath, query: q.Encode()}, nil)
}

func checkTagging(r resource[Contact], id ContactID, tags []TagID) error {
	if err := checkID(r.idField, id); err != nil {
		return err
	}
	return checkIDs("tag_ids", tags)
}
