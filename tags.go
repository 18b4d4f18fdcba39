package funnel

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
)

// A TagID identifies a tag.
type TagID = ID[Tag]

// A Tag is a label for contacts, with a unique name.
type Tag struct {
	ID        TagID     `json:"id"`
	Name      string    `json:"name"`
	CreatedAt Timestamp `json:"created_at"` // not set by Create
}

// A TagContact is a contact in the list of a tag's contacts.
type TagContact struct {
	ID        ContactID `json:"id"`
	Email     string    `json:"email"`
	FirstName string    `json:"first_name"`
	LastName  string    `json:"last_name"`
}

// TagListParams selects a page of the tags. A zero field is not sent.
type TagListParams struct {
	Page    int `url:"page,omitempty"`     // from 1
	PerPage int `url:"per_page,omitempty"` // 1 to 100; 0: 50 (the API's default), or 100 in All
}

// TagCreateParams describes a new tag.
type TagCreateParams struct {
	Name string `json:"name"` // required
}

func (p TagCreateParams) check() error { return checkText("name", p.Name) }

// TagUpdateParams changes a tag. A nil field is left as it is.
// At least one field must be set.
type TagUpdateParams struct {
	Name *string `json:"name,omitempty"`
}

// TagsService has the operations on tags. Use it as client.Tags. For the tags of one contact
// see [ContactsService].
type TagsService service

func tagResource(s *TagsService) resource[Tag] {
	return resource[Tag]{
		core:    (*service)(s).c(),
		one:     "/tag",
		many:    "/tags",
		idField: "tag_id",
		unique:  true, // the name
	}
}

// List returns one page of tags.
//
// API: GET /tags (documented). Errors: [*ValidationError].
func (s *TagsService) List(ctx context.Context, params TagListParams) (*Page[Tag], error) {
	return tagResource(s).list(ctx, params)
}

// All returns an iterator over tags, starting at params.Page. If PerPage is 0, All
// requests 100 at a time. The iteration ends at the first error. If tags are created
// or deleted during the iteration, the pages shift: an item can appear twice or be
// missed.
//
// API: GET /tags (documented). Errors: [*ValidationError].
func (s *TagsService) All(ctx context.Context, params TagListParams) iter.Seq2[*Tag, error] {
	return tagResource(s).all(ctx, params)
}

// Create creates a tag; the result has no CreatedAt. It is safe to repeat, because a
// name is unique. If there is no response or a 5xx, and the next attempt finds the tag
// there, the error is ErrTagExists and MayHaveBeenApplied reports true.
//
// API: POST /tag (documented, parameters assumed). Errors: [ErrTagExists],
// [*ValidationError].
func (s *TagsService) Create(ctx context.Context, params TagCreateParams) (*Tag, error) {
	return tagResource(s).create(ctx, params)
}

// Update changes a tag.
//
// API: PUT /tag (documented, parameters assumed). Errors: [ErrNotFound],
// [ErrTagExists], [*ValidationError].
func (s *TagsService) Update(ctx context.Context, id TagID, params TagUpdateParams) error {
	return tagResource(s).update(ctx, id, params)
}

// Delete deletes a tag.
//
// API: DELETE /tag (assumed). Errors: [ErrNotFound].
func (s *TagsService) Delete(ctx context.Context, id TagID) error {
	return tagResource(s).delete(ctx, id)
}

const tagContactsPath = "/tags-contacts"

// Contacts returns one page of the contacts that have a tag.
//
// API: GET /tags-contacts (documented). Errors: [ErrNotFound], [*ValidationError].
func (s *TagsService) Contacts(ctx context.Context, id TagID, params PageParams) (*Page[TagContact], error) {
	q, err := s.contactsQuery(id, params)
	if err != nil {
		return nil, err
	}
	return fetchPage[TagContact](ctx, tagResource(s).core, tagContactsPath, q)
}

// AllContacts returns an iterator over the contacts that have a tag, 100 per request.
// The iteration ends at the first error. If contacts gain or lose the tag during the
// iteration, the pages shift: an item can appear twice or be missed.
//
// API: GET /tags-contacts (documented). Errors: [ErrNotFound].
func (s *TagsService) AllContacts(ctx context.Context, id TagID) iter.Seq2[*TagContact, error] {
	return walk[TagContact](ctx, tagResource(s).core, tagContactsPath, func() (url.Values, error) {
		return s.contactsQuery(id, PageParams{})
	})
}

func (s *TagsService) contactsQuery(id TagID, params PageParams) (url.Values, error) {
	if err := checkID("tag_id", id); err != nil {
		return nil, err
	}
	q, err := listQuery(params)
	if err != nil {
		return nil, err
	}
	q.Set("tag_id", id.String())
	return q, nil
}

// Ensure returns the ids of the tags with these names, and creates those that do not
// exist. The keys of the map are the names as they were given. [NameError] describes
// how names are compared. Two programs can run Ensure at the same time: if the other
// program has created a tag in the meantime, Ensure reads the list once more.
//
// If it fails, the map is nil. Repeat it then: it finds the tags that it has created.
// It costs one request per 100 tags of the account, and one per tag to create. It
// refuses a context with [WithField].
//
// API: GET /tags (documented), POST /tag (documented, parameters assumed). Errors:
// [*NameError] if a name matches several tags, [ErrTagExists] if the API says that a
// tag exists but no tag of the list matches its name, [*ValidationError].
func (s *TagsService) Ensure(ctx context.Context, names ...string) (map[string]TagID, error) {
	if ctx != nil && callOptionsFrom(ctx).fields != nil {
		return nil, argumentError("WithField", "cannot be used with Ensure: create the tag with Create")
	}
	for i, name := range names {
		if err := checkText(fmt.Sprintf("names[%d]", i), name); err != nil {
			return nil, err
		}
	}
	ids := make(map[string]TagID, len(names))
	if len(names) == 0 {
		return ids, nil
	}
	tags, err := collect(s.All(ctx, TagListParams{}))
	if err != nil {
		return nil, err
	}
	nameOf := func(t Tag) string { return t.Name }
	for _, name := range names {
		tag, err := byName("tag", name, tags, nameOf)
		if errors.Is(err, ErrNotFound) {
			tag, err = s.Create(ctx, TagCreateParams{Name: strings.TrimSpace(name)})
			if err == nil {
				tag.Name = strings.TrimSpace(name) // the response may lack it
				tags = append(tags, *tag)
			}
		}
		if exists := err; errors.Is(exists, ErrTagExists) {
			if tags, err = collect(s.All(ctx, TagListParams{})); err != nil {
				return nil, err
			}
			if tag, err = byName("tag", name, tags, nameOf); errors.Is(err, ErrNotFound) {
				err = exists
			}
		}
		if err != nil {
			return nil, err
		}
		ids[name] = tag.ID
	}
	return ids, nil
}
