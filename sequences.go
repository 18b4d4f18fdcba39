package funnel

import (
	"context"
	"iter"
	"net/http"
	"strings"
)

// A SequenceID identifies a sequence.
type SequenceID = ID[Sequence]

// A Sequence is a series of stages that enrolled contacts go through, such as
// e-mails with waits between them.
type Sequence struct {
	ID          SequenceID     `json:"id"`
	Name        string         `json:"name"`
	Status      SequenceStatus `json:"status"`
	StagesCount int            `json:"stages_count"` // how many stages it has
	CreatedAt   Timestamp      `json:"created_at"`
}

// A SequenceStatus says whether a sequence runs. The set is open: a status that
// the SDK does not know is passed on.
type SequenceStatus string

// The statuses of a sequence (assumed).
const (
	SequenceDraft  SequenceStatus = "draft"
	SequenceActive SequenceStatus = "active"
	SequencePaused SequenceStatus = "paused"
)

// SequenceListParams pages sequences. A zero field is left out.
type SequenceListParams struct {
	Page    int `url:"page,omitempty"`     // from 1
	PerPage int `url:"per_page,omitempty"` // 1 to 100; 0: the server's default
}

// SequenceCreateParams describes a new sequence. A zero field is left out.
type SequenceCreateParams struct {
	Name   string         `json:"name"` // required
	Status SequenceStatus `json:"status,omitempty"`
}

func (p SequenceCreateParams) check() error { return checkText("name", p.Name) }

// SequenceUpdateParams changes a sequence. A nil field leaves it as it is.
type SequenceUpdateParams struct {
	Name   *string         `json:"name,omitempty"`
	Status *SequenceStatus `json:"status,omitempty"`
}

// A StageID identifies a stage of a sequence.
type StageID = ID[Stage]

// A Stage is one step of a sequence.
type Stage struct {
	ID           StageID    `json:"id"`
	SequenceID   SequenceID `json:"sequence_id"`
	Type         StageType  `json:"type"`
	Position     int        `json:"position"`      // in its sequence
	DelayMinutes int        `json:"delay_minutes"` // of a wait stage
	TagID        TagID      `json:"tag_id"`        // of a stage that adds or removes a tag
}

// A StageType says what a stage does. The set is open: a type that the SDK does
// not know is passed on.
type StageType string

// The types of a stage (assumed, but for send_email, which the reference names).
const (
	StageSendEmail StageType = "send_email"
	StageWait      StageType = "wait"
	StageAddTag    StageType = "add_tag"
	StageRemoveTag StageType = "remove_tag"
)

// StageCreateParams describes a new stage. A zero field is left out.
type StageCreateParams struct {
	SequenceID   SequenceID `json:"sequence_id"`             // required
	Type         StageType  `json:"type"`                    // required
	Position     *int       `json:"position,omitempty"`      // nil: after the last
	DelayMinutes int        `json:"delay_minutes,omitempty"` // of a wait stage, in minutes
	TagID        TagID      `json:"tag_id,omitempty"`        // of a stage that adds or removes a tag
}

func (p StageCreateParams) check() error {
	if err := checkID("sequence_id", p.SequenceID); err != nil {
		return err
	}
	if p.TagID != 0 {
		if err := checkID("tag_id", p.TagID); err != nil {
			return err
		}
	}
	return checkText("type", string(p.Type))
}

// StageUpdateParams changes a stage. A nil field leaves it as it is.
type StageUpdateParams struct {
	Type         *StageType `json:"type,omitempty"`
	Position     *int       `json:"position,omitempty"`
	DelayMinutes *int       `json:"delay_minutes,omitempty"` // in minutes
	TagID        *TagID     `json:"tag_id,omitempty"`
}

func (p StageUpdateParams) check() error {
	if p.TagID == nil {
		return nil
	}
	return checkID("tag_id", *p.TagID)
}

// StageContent is the e-mail that a send_email stage sends.
type StageContent struct {
	StageID     StageID `json:"stage_id"`
	Subject     string  `json:"subject"`
	Body        string  `json:"body"`
	PreviewText string  `json:"preview_text"`
}

// StageContentParams is the e-mail that a send_email stage is to send. A zero
// PreviewText is left out.
type StageContentParams struct {
	Subject     string `json:"subject"` // required
	Body        string `json:"body"`    // required
	PreviewText string `json:"preview_text,omitempty"`
}

func (p StageContentParams) check() error {
	if err := checkText("subject", p.Subject); err != nil {
		return err
	}
	if strings.TrimSpace(p.Body) == "" {
		return argumentError("body", "is empty: it is required")
	}
	return nil
}

// SequencesService provides access to sequences, their stages and the contacts
// enrolled in them: see [Client].
type SequencesService service

func (s *SequencesService) resource() resource[Sequence] {
	return resource[Sequence]{
		core:    (*service)(s).c(),
		one:     "/sequence",
		many:    "/sequences",
		idField: "sequence_id",
	}
}

func (s *SequencesService) stages() resource[Stage] {
	return resource[Stage]{
		core:    (*service)(s).c(),
		one:     "/sequence-stage",
		many:    "/sequence-stages",
		idField: "stage_id",
	}
}

// List returns one page of the sequences.
//
// API: GET /sequences (assumed). Errors: [*ValidationError].
func (s *SequencesService) List(ctx context.Context, params SequenceListParams) (*Page[Sequence], error) {
	return s.resource().list(ctx, params)
}

// All returns an iterator over the sequences, from the page that params name to
// the last; a PerPage of 0 asks for 100 at a time. An error ends the range. Do
// not delete sequences while ranging: the pages move up, and some are skipped.
//
// API: GET /sequences (assumed). Errors: [*ValidationError].
func (s *SequencesService) All(ctx context.Context, params SequenceListParams) iter.Seq2[*Sequence, error] {
	return s.resource().all(ctx, params)
}

// Get returns a sequence by its id.
//
// API: GET /sequence (assumed). Errors: [ErrNotFound].
func (s *SequencesService) Get(ctx context.Context, id SequenceID) (*Sequence, error) {
	return s.resource().get(ctx, id)
}

// Create creates a sequence. It has no unique key: a lost answer is not asked
// for again, but reported with MayHaveBeenApplied.
//
// API: POST /sequence (assumed). Errors: [*ValidationError].
func (s *SequencesService) Create(ctx context.Context, params SequenceCreateParams) (*Sequence, error) {
	return s.resource().create(ctx, params)
}

// Update changes a sequence and returns it as it is then.
//
// API: PUT /sequence (assumed). Errors: [ErrNotFound], [*ValidationError].
func (s *SequencesService) Update(ctx context.Context, id SequenceID, params SequenceUpdateParams) (*Sequence, error) {
	return s.resource().update(ctx, id, params)
}

// Delete deletes a sequence.
//
// API: DELETE /sequence (assumed). Errors: [ErrNotFound].
func (s *SequencesService) Delete(ctx context.Context, id SequenceID) error {
	return s.resource().delete(ctx, id)
}

const contactSequencePath = "/contact-sequence"

// Enroll enrols a contact in a sequence, which may send it mail. Who is enrolled
// already stays so, which is no error (assumed). It is not repeated when its
// answer is lost, but reported with MayHaveBeenApplied:
// [ContactListParams].SequenceIDs finds who is in a sequence.
//
// API: POST /contact-sequence (documented). Errors: [ErrNotFound],
// [ErrSequenceHasNoStages], [*ValidationError].
func (s *SequencesService) Enroll(ctx context.Context, id SequenceID, contact ContactID) error {
	r := s.resource()
	if err := checkEnrolment(r, id, contact); err != nil {
		return err
	}
	contactID := struct {
		ContactID ContactID `json:"contact_id"`
	}{contact}
	return r.core.do(ctx, request{
		method: http.MethodPost,
		path:   contactSequencePath,
		body:   r.idBody(id, contactID),
	}, nil)
}

// Unenroll takes a contact out of a sequence.
//
// API: DELETE /contact-sequence (assumed). Errors: [ErrNotFound],
// [*ValidationError].
func (s *SequencesService) Unenroll(ctx context.Context, id SequenceID, contact ContactID) error {
	r := s.resource()
	if err := checkEnrolment(r, id, contact); err != nil {
		return err
	}
	q := r.idValues(id)
	q.Set("contact_id", contact.String())
	return r.core.do(ctx, request{method: http.MethodDelete, path: contactSequencePath, query: q.Encode()}, nil)
}

func checkEnrolment(r resource[Sequence], id SequenceID, contact ContactID) error {
	if err := checkID(r.idField, id); err != nil {
		return err
	}
	return checkID("contact_id", contact)
}

// Stages returns all stages of a sequence, in the server's order.
//
// API: GET /sequence-stages (assumed). Errors: [ErrNotFound].
func (s *SequencesService) Stages(ctx context.Context, id SequenceID) ([]Stage, error) {
	r := s.resource()
	if err := checkID(r.idField, id); err != nil {
		return nil, err
	}
	return s.stages().collect(ctx, r.idValues(id))
}

// CreateStage adds a stage to a sequence. It is not repeated when its answer is
// lost, but reported with MayHaveBeenApplied.
//
// API: POST /sequence-stage (assumed). Errors: [ErrNotFound],
// [*ValidationError].
func (s *SequencesService) CreateStage(ctx context.Context, params StageCreateParams) (*Stage, error) {
	return s.stages().create(ctx, params)
}

// UpdateStage changes a stage and returns it as it is then.
//
// API: PUT /sequence-stage (assumed). Errors: [ErrNotFound], [*ValidationError].
func (s *SequencesService) UpdateStage(ctx context.Context, id StageID, params StageUpdateParams) (*Stage, error) {
	return s.stages().update(ctx, id, params)
}

// DeleteStage deletes a stage.
//
// API: DELETE /sequence-stage (assumed). Errors: [ErrNotFound].
func (s *SequencesService) DeleteStage(ctx context.Context, id StageID) error {
	return s.stages().delete(ctx, id)
}

const stageContentPath = "/sequence-stage-content"

// StageContent returns the e-mail of a send_email stage.
//
// API: GET /sequence-stage-content (assumed). Errors: [ErrNotFound],
// [ErrStageNotEmail].
func (s *SequencesService) StageContent(ctx context.Context, id StageID) (*StageContent, error) {
	r := s.stages()
	if err := checkID(r.idField, id); err != nil {
		return nil, err
	}
	return fetch[StageContent](ctx, r.core, request{method: http.MethodGet, path: stageContentPath, query: r.idQuery(id)})
}

// UpdateStageContent sets the e-mail of a send_email stage.
//
// API: PUT /sequence-stage-content (documented). Errors: [ErrNotFound],
// [ErrStageNotEmail], [*ValidationError].
func (s *SequencesService) UpdateStageContent(ctx context.Context, id StageID, params StageContentParams) (*StageContent, error) {
	r := s.stages()
	if err := checkID(r.idField, id); err != nil {
		return nil, err
	}
	if err := check(params); err != nil {
		return nil, err
	}
	return fetch[StageContent](ctx, r.core, request{method: http.MethodPut, path: stageContentPath, body: r.idBody(id, params)})
}
