package funnel

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"
	"unicode/utf8"
)

// A ContactID identifies a contact.
type ContactID = ID[Contact]

// A Contact is a person in the account, with a unique e-mail address. For other values
// use custom fields: see [CustomFieldsService]. The API's reference does not explain
// what EmailMarketing and GDPR do.
type Contact struct {
	ID             ContactID `json:"id"`
	Email          string    `json:"email"`
	FirstName      string    `json:"first_name"`
	LastName       string    `json:"last_name"`
	EmailMarketing bool      `json:"email_marketing"`
	GDPR           bool      `json:"gdpr"`

	// Tags and Sequences are set by [ContactsService.Get] only.
	Tags      []TagID      `json:"tags"`
	Sequences []SequenceID `json:"sequences"`

	CreatedAt Timestamp `json:"created_at"` // set in lists; Get may leave it zero
}

// ContactListParams selects contacts and the page to return. A zero field is not
// sent.
type ContactListParams struct {
	Page    int       `url:"page,omitempty"`     // from 1
	PerPage int       `url:"per_page,omitempty"` // 1 to 100; 0: 50 (the API's default), or 100 in All
	Period  Period    `url:"period,omitempty"`   // by the date of creation
	Range   DateRange `url:"range,omitempty"`    // implies PeriodBetween
}

func (p ContactListParams) check() error { return checkPeriod(p.Period, p.Range) }

// ContactCreateParams describes a new contact. A zero field is not sent. For custom
// fields use [ContactsService.SetCustomField].
type ContactCreateParams struct {
	Email          string           `json:"email"` // required; must have no white space around it
	FirstName      string           `json:"first_name,omitempty"`
	LastName       string           `json:"last_name,omitempty"`
	EmailMarketing *bool            `json:"email_marketing,omitempty"` // nil: the API's default, which is not documented
	GDPR           *bool            `json:"gdpr,omitempty"`            // nil: the API's default, which is not documented
	TagIDs         IDList[Tag]      `json:"tag_ids,omitempty"`         // tags to add; takes a []TagID
	SequenceIDs    IDList[Sequence] `json:"sequence_ids,omitempty"`    // sequences to enrol in; takes a []SequenceID
}

// B3: the parameters of create are those of the API's older table. Those of update
// are the same without the lists and the address, which names the contact.
func (p ContactCreateParams) check() error {
	if err := checkEmail(p.Email); err != nil {
		return err
	}
	if err := checkIDs("tag_ids", p.TagIDs); err != nil {
		return err
	}
	return checkIDs("sequence_ids", p.SequenceIDs)
}

// ContactUpdateParams changes a contact. A nil field is left as it is. Whether an
// empty text clears a field is not documented. At least one field must be set.
type ContactUpdateParams struct {
	FirstName      *string `json:"first_name,omitempty"`
	LastName       *string `json:"last_name,omitempty"`
	EmailMarketing *bool   `json:"email_marketing,omitempty"`
	GDPR           *bool   `json:"gdpr,omitempty"`
}

// ContactsService has the operations on contacts, and on the tags and custom fields
// of a contact. Use it as client.Contacts.
type ContactsService service

func contactResource(s *ContactsService) resource[Contact] {
	return resource[Contact]{
		core:    (*service)(s).c(),
		one:     "/contact",
		many:    "/contacts",
		idField: "contact_id",
		unique:  true, // the e-mail address
	}
}

// List returns one page of contacts, newest first. Items have no Tags and no
// Sequences.
//
// API: GET /contacts (documented). Errors: [ErrInvalidPeriod], [*ValidationError].
func (s *ContactsService) List(ctx context.Context, params ContactListParams) (*Page[Contact], error) {
	return contactResource(s).list(ctx, params)
}

// All returns an iterator over contacts, newest first, starting at params.Page. If
// PerPage is 0, All requests 100 at a time. The iteration ends at the first error.
// Items have no Tags and no Sequences. If contacts are created or deleted during the
// iteration, the pages shift: an item can appear twice or be missed.
//
// API: GET /contacts (documented). Errors: [ErrInvalidPeriod], [*ValidationError].
func (s *ContactsService) All(ctx context.Context, params ContactListParams) iter.Seq2[*Contact, error] {
	return contactResource(s).all(ctx, params)
}

// Get returns a contact with the ids of its tags and sequences.
//
// API: GET /contact (documented). Errors: [ErrNotFound], [*ValidationError].
func (s *ContactsService) Get(ctx context.Context, contact ContactRef) (*Contact, error) {
	q, err := contactQuery(contact)
	if err != nil {
		return nil, err
	}
	// B4: a single contact has lists of ids and may lack created_at; a single campaign
	// or order looks like one in a list.
	return contactResource(s).find(ctx, q, func(got *Contact) error {
		if email, ok := contact.(Email); ok && got.Email != "" && !strings.EqualFold(got.Email, string(email)) {
			return checkSame("email", string(email), got.Email)
		} else if ok {
			return nil
		}
		return checkSame("contact_id", q.Get("contact_id"), got.ID.String())
	})
}

// Create creates a contact and returns its id. It is safe to repeat, because an e-mail
// address is unique. If there is no response or a 5xx, and the next attempt finds the
// contact there, the error is ErrContactExists and MayHaveBeenApplied reports true; to
// avoid that, use [ContactsService.Upsert].
//
// API: POST /contact (documented, parameters assumed). Errors: [ErrContactExists],
// [ErrNotFound] for TagIDs and SequenceIDs, [*ValidationError].
func (s *ContactsService) Create(ctx context.Context, params ContactCreateParams) (ContactID, error) {
	return idOnly(contactResource(s).create(ctx, params))
}

// Update changes a contact. The e-mail address cannot be changed.
//
// API: PUT /contact (assumed). Errors: [ErrNotFound], [*ValidationError].
func (s *ContactsService) Update(ctx context.Context, contact ContactRef, params ContactUpdateParams) error {
	name, err := contactField(contact)
	if err != nil {
		return err
	}
	return contactResource(s).put(ctx, name, params)
}

// Upsert creates a contact or updates the one with that address: it sets the
// fields that are set in params and adds the tags. It removes nothing. SequenceIDs
// apply to a new contact only, because enrolling may send mail. EmailMarketing set
// to true may subscribe someone again who has unsubscribed.
//
// created is true only if the create succeeded. After a lost response it is false,
// although this call may have created the contact. If created is false, id can be 0
// although err is nil: whether the response to an update contains the id is not
// documented. Use [Email] to address the contact then.
//
// A new contact costs one request. An existing one costs one for the create, one for
// the update if a field is set, and one per tag. If one of these requests fails after
// an earlier one has changed the contact, [MayHaveBeenApplied] is true for the error,
// and the status in UpsertAll is BulkUnknown.
//
// API: POST /contact (documented, parameters assumed), PUT /contact and POST
// /contact-tag (assumed).
// Errors: [ErrNotFound] for TagIDs and SequenceIDs, [*ValidationError]; never
// [ErrContactExists].
func (s *ContactsService) Upsert(ctx context.Context, params ContactCreateParams) (id ContactID, created bool, err error) {
	touched := false
	for range 2 {
		id, err = s.Create(ctx, params)
		if !errors.Is(err, ErrContactExists) {
			created = err == nil
			break
		}
		_, applied := outcomeOf(err)
		touched = touched || applied
		var missing bool
		id, missing, err = s.updateExisting(ctx, params)
		if !missing { // else it was deleted in between
			break
		}
	}
	if touched && err != nil {
		err = markApplied(err)
	}
	return id, created, err
}

// updateExisting sets on an existing contact what params set. An error after the first
// change has MayHaveBeenApplied set. missing means that there is no such contact.
func (s *ContactsService) updateExisting(ctx context.Context, params ContactCreateParams) (id ContactID, missing bool, err error) {
	r := contactResource(s)
	name := field{"email", params.Email}
	applied := false
	if params.changes(ctx) {
		req := request{method: http.MethodPut, path: r.one, body: object{name}.and(params.update())}
		if err := r.core.do(ctx, req, optionalID(&id)); err != nil {
			return 0, errors.Is(err, ErrNotFound), err
		}
		applied = true
	}
	ctx = withoutFields(ctx)
	for _, tag := range params.TagIDs {
		if err := r.core.do(ctx, tagging(name, tag), nil); err != nil {
			if applied {
				err = markApplied(err)
			}
			return 0, false, err
		}
		applied = true
	}
	return id, false, nil
}

// changes reports whether p sets a field of an existing contact, be it by
// [WithField].
func (p ContactCreateParams) changes(ctx context.Context) bool {
	return p.update() != (ContactUpdateParams{}) || callOptionsFrom(ctx).fields != nil
}

// update returns the params that set on an existing contact what p sets.
func (p ContactCreateParams) update() ContactUpdateParams {
	return ContactUpdateParams{
		FirstName:      ifSet(p.FirstName),
		LastName:       ifSet(p.LastName),
		EmailMarketing: p.EmailMarketing,
		GDPR:           p.GDPR,
	}
}

// ifSet returns a text for an update: nil if it is empty.
func ifSet(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Delete deletes a contact.
//
// API: DELETE /contact (assumed). Errors: [ErrNotFound], [*ValidationError].
func (s *ContactsService) Delete(ctx context.Context, contact ContactRef) error {
	name, err := contactField(contact)
	if err != nil {
		return err
	}
	r := contactResource(s)
	return r.core.do(ctx, deletion(r.one, object{name}), nil)
}

// Tags returns the tags of a contact. The list has no pages.
//
// API: GET /contacts-tags (documented). Errors: [ErrNotFound], [*ValidationError].
func (s *ContactsService) Tags(ctx context.Context, contact ContactRef) ([]Tag, error) {
	q, err := contactQuery(contact)
	if err != nil {
		return nil, err
	}
	return fetchAll[Tag](ctx, contactResource(s).core, "/contacts-tags", q)
}

const contactTagPath = "/contact-tag"

// AddTag adds a tag to a contact. It is safe to repeat.
//
// API: POST /contact-tag (assumed). Errors: [ErrNotFound] for the contact or the tag,
// [*ValidationError].
func (s *ContactsService) AddTag(ctx context.Context, contact ContactRef, tag TagID) error {
	name, err := contactAndTag(contact, tag)
	if err != nil {
		return err
	}
	return contactResource(s).core.do(ctx, tagging(name, tag), nil)
}

func tagging(contact field, tag TagID) request {
	return request{
		method:     http.MethodPost,
		path:       contactTagPath,
		body:       object{contact, {"tag_id", tag}},
		repeatable: true, // tags are a set
	}
}

// RemoveTag removes a tag from a contact. What the API does if the contact does not
// have the tag is not documented.
//
// API: DELETE /contact-tag (assumed). Errors: [ErrNotFound] for the contact or the tag,
// [*ValidationError].
func (s *ContactsService) RemoveTag(ctx context.Context, contact ContactRef, tag TagID) error {
	name, err := contactAndTag(contact, tag)
	if err != nil {
		return err
	}
	return contactResource(s).core.do(ctx, deletion(contactTagPath, object{name, {"tag_id", tag}}), nil)
}

func contactAndTag(contact ContactRef, tag TagID) (field, error) {
	name, err := contactField(contact)
	if err != nil {
		return name, err
	}
	return name, checkID("tag_id", tag)
}

// maxFieldValue is the longest value of a custom field, in characters
// (documented).
const maxFieldValue = 1000

// SetCustomField sets the value of a contact's custom field. A value of more than
// 1,000 characters is an [*ArgumentError]. Whether an empty value clears the field is
// not documented, and the SDK does not check the choices of a select field. No known
// operation of the API reads the value.
//
// API: PUT /contact-custom-field (documented). Errors: [ErrNotFound] for the
// contact or the field, [*ValidationError].
func (s *ContactsService) SetCustomField(ctx context.Context, contact ContactRef, id CustomFieldID, value string) error {
	name, err := contactField(contact)
	if err != nil {
		return err
	}
	if err := checkID("custom_field_id", id); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(value); n > maxFieldValue {
		return argumentError("value", "has %d characters, more than the allowed %d", n, maxFieldValue)
	}
	params := struct {
		Value string `json:"value"`
	}{value}
	if err := check(params); err != nil {
		return err
	}
	return contactResource(s).core.do(ctx, request{
		method: http.MethodPut,
		path:   "/contact-custom-field",
		body:   object{name, {"custom_field_id", id}}.and(params),
	}, nil)
}

// CreateAll creates contacts, several at a time. Nothing is sent until you range over
// the returned iterator. [Bulk] describes the order of the results and how a job ends.
//
// The status of a contact is BulkCreated, BulkExists (with the error
// [ErrContactExists]), BulkFailed, BulkUnknown or BulkSkipped. If an attempt got no
// response or a 5xx, and the next one finds the contact, it is unknown whether the
// first one created it: the status is BulkUnknown, and the error is ErrContactExists.
// The contact is there, so Again is false.
//
// Contacts with the same address, ignoring case, are sent one after the other.
//
// API: POST /contact (documented, parameters assumed).
func (s *ContactsService) CreateAll(ctx context.Context, contacts iter.Seq[ContactCreateParams]) iter.Seq[BulkResult[ContactCreateParams, ContactID]] {
	return bulk(ctx, (*service)(s).c(), contacts, contactRules, func(ctx context.Context, params ContactCreateParams) (ContactID, BulkStatus, error) {
		id, err := s.Create(ctx, params)
		if errors.Is(err, ErrContactExists) {
			return 0, BulkExists, err
		}
		return id, BulkCreated, err
	})
}

// UpsertAll creates or updates contacts, each as [ContactsService.Upsert] does and
// several at a time. Nothing is sent until you range over the returned iterator.
// [Bulk] describes the order of the results and how a job ends.
//
// The status of a contact is BulkCreated, BulkUpdated, BulkFailed, BulkUnknown or
// BulkSkipped.
//
// Contacts with the same address, ignoring case, are sent one after the other, so the
// last one wins. To continue a job whose input has such contacts, begin with the first
// item that has to be repeated, and repeat all items after it too. Otherwise older
// values could overwrite newer ones.
//
// If most contacts of a job turn out to exist, UpsertAll sends the update first (if a
// field is set), and the create only if there is no such contact. An existing contact
// then costs one request less, and a new one costs one more.
//
// API: as [ContactsService.Upsert].
func (s *ContactsService) UpsertAll(ctx context.Context, contacts iter.Seq[ContactCreateParams]) iter.Seq[BulkResult[ContactCreateParams, ContactID]] {
	core := (*service)(s).c()
	return bulk(ctx, core, contacts, contactRules, func(ctx context.Context, params ContactCreateParams) (ContactID, BulkStatus, error) {
		recent := &core.upserts
		if recent.mostExist() && check(params) == nil && params.changes(ctx) {
			id, missing, err := s.updateExisting(ctx, params)
			if err == nil {
				recent.add(true)
			}
			if !missing {
				return id, BulkUpdated, err
			}
		}
		id, created, err := s.Upsert(ctx, params)
		if err == nil {
			recent.add(!created)
		}
		if created {
			return id, BulkCreated, err
		}
		return id, BulkUpdated, err
	})
}

var contactRules = bulkRules[ContactCreateParams]{
	key:   func(params ContactCreateParams) string { return strings.ToLower(params.Email) },
	fatal: []Code{ErrForbidden}, // they all are for the same resource
}
