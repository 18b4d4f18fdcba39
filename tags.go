package funnel

import (
	"context"
	"iter"
)

// A TagID identifies a tag.
type TagID = ID[Tag]

// A Tag is a label on contacts, identified by its name.
type Tag struct {
	ID            TagID     `json:"id"`
	Name          string    `json:"name"`
	ContactsCount int       `json:"contacts_count"` // how many contacts have it
	CreatedAt     Timestamp `json:"created_at"`
}

// TagListParams pages tags. A zero field is left out.
type TagListParams struct {
	Page    int `url:"page,omitempty"`     // from 1
	PerPage int `url:"per_page,omitempty"` // 1 to 100; 0: the server's default
}

// TagCreateParams describes a new tag.
type TagCreateParams struct {
	Name string `json:"name"` // required
}

func (p TagCreateParams) check() error { return checkText("name", p.Name) }

// TagUpdateParams changes a tag. A nil field leaves it as it is.
type TagUpdateParams struct {
	Name *string `json:"name,omitempty"`
}

// TagsService provides access to tags: see [Client]. To put tags on a contact,
// see [ContactsService.AddTags].
type TagsService service

func (s *TagsService) resource() resource[Tag] {
	return resource[Tag]{
		core:    (*service)(s).c(),
		one:     "/tag",
		many:    "/tags",
		idField: "tag_id",
		unique:  true, // the name
	}
}

// List returns one page of the tags.
//
// API: GET /tags (assumed). Errors: [*ValidationError].
func (s *TagsService) List(ctx context.Context, params TagListParams) (*Page[Tag], error) {
	return s.resource().list(ctx, params)
}

// All returns an iterator over the tags, from the page that params name to the
// last; a PerPage of 0 asks for 100 at a time. An error ends the range. Do not
// delete tags while ranging: the pages move up, and some are skipped.
//
// API: GET /tags (assumed). Errors: [*ValidationError].
func (s *TagsService) All(ctx context.Context, params TagListParams) iter.Seq2[*Tag, error] {
	return s.resource().all(ctx, params)
}

// Get returns a tag by its id.
//
// API: GET /tag (assumed). Errors: [ErrNotFound].
func (s *TagsService) Get(ctx context.Context, id TagID) (*Tag, error) {
	return s.resource().get(ctx, id)
}

// Create creates a tag. It is safe to repeat: there is one tag of a name. Where
// an attempt got no answer and the next one finds the tag there, the error is
// ErrTagExists with MayHaveBeenApplied set. It does not tell the id of the tag
// that exists: look for its name by [TagsService.All], by [strings.EqualFold],
// since it may be the same with other capitals (assumed).
//
// API: POST /tag (documented). Errors: [ErrTagExists], [*ValidationError].
func (s *TagsService) Create(ctx context.Context, params TagCreateParams) (*Tag, error) {
	return s.resource().create(ctx, params)
}

// Update changes a tag and returns it as it is then.
//
// API: PUT /tag (documented). Errors: [ErrNotFound], [ErrTagExists],
// [*ValidationError].
func (s *TagsService) Update(ctx context.Context, id TagID, params TagUpdateParams) (*Tag, error) {
	return s.resource().update(ctx, id, params)
}

// Delete deletes a tag, and takes it off all contacts.
//
// API: DELETE /tag (assumed). Errors: [ErrNotFound].
func (s *TagsService) Delete(ctx context.Context, id TagID) error {
	return s.resource().delete(ctx, id)
}
