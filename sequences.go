package funnel

import (
	"context"
	"iter"
	"net/http"
	"strings"
)

// A SequenceID identifies a sequence.
type SequenceID = ID[Sequence]

// A Sequence is a series of stages, such as e-mails, for the contacts enrolled in
// it.
type Sequence struct {
	ID   SequenceID   `json:"id"`
	Name string       `json:"name"`
	Type SequenceType `json:"type"`
}

// A SequenceType is the type of a sequence. Values not listed here are sent and
// returned unchanged.
type SequenceType string

// The types of a sequence (documented by name only).
const (
	SequenceNormal   SequenceType = "normal" // the API's default
	SequenceInverted SequenceType = "inverted"
)

// SequenceListParams selects a page of the sequences. A zero field is not sent.
type SequenceListParams struct {
	Page    int `url:"page,omitempty"`     // from 1
	PerPage int `url:"per_page,omitempty"` // 1 to 100; 0: 50 (the API's default), or 100 in All
}

// SequenceCreateParams describes a new sequence. A zero field is not sent.
type SequenceCreateParams struct {
	Name string       `json:"name"` // required
	Type SequenceType `json:"type,omitempty"`
}

func (p SequenceCreateParams) check() error { return checkText("name", p.Name) }

// SequenceUpdateParams changes a sequence. A nil field is left as it is.
// At least one field must be set.
type SequenceUpdateParams struct {
	Name *string       `json:"name,omitempty"`
	Type *SequenceType `json:"type,omitempty"`
}

// A StageID identifies a stage of a sequence. Keep the one that CreateStage returns:
// no known operation of the API reads stages.
type StageID = ID[Stage]

// A Stage is one stage of a sequence. Its delay after the previous stage is TimeValue
// in units of TimeType, such as 2 days.
type Stage struct {
	ID         StageID    `json:"id"`
	SequenceID SequenceID `json:"sequence_id"`
	Step       int        `json:"step"` // place in the sequence, from 1
	Name       string     `json:"name"`
	StageType  StageType  `json:"stage_type"`
	TimeValue  int        `json:"time_value"` // in units of TimeType
	TimeType   TimeType   `json:"time_type"`
}

// A StageType says what a stage does. Values not listed here are sent and returned
// unchanged.
type StageType string

// The types of a stage (documented).
const (
	StageSendEmail StageType = "send_email"
	StageSendSMS   StageType = "send_sms"
	StageAction    StageType = "action"
)

// A TimeType is the unit of a stage's delay. Its value is the length of the unit in
// seconds. Values not listed here are sent and returned unchanged.
type TimeType int

// The units of a stage's delay (documented).
const (
	TimeTypeHours TimeType = 3600
	TimeTypeDays  TimeType = 86400 // the API's default
	TimeTypeWeeks TimeType = 604800
)

// StageCreateParams describes a new stage. A zero field is not sent.
type StageCreateParams struct {
	SequenceID SequenceID `json:"sequence_id"`          // required
	Name       string     `json:"name,omitempty"`       // the API's default: "Step" and its number
	StageType  StageType  `json:"stage_type,omitempty"` // the API's default is not documented
	TimeValue  int        `json:"time_value,omitempty"` // the API's default: 1; to send 0, use WithField
	TimeType   TimeType   `json:"time_type,omitempty"`  // the API's default: TimeTypeDays
}

func (p StageCreateParams) check() error { return checkID("sequence_id", p.SequenceID) }

// StageUpdateParams changes a stage. A nil field is left as it is.
// At least one field must be set.
type StageUpdateParams struct {
	Name      *string    `json:"name,omitempty"`
	StageType *StageType `json:"stage_type,omitempty"`
	TimeValue *int       `json:"time_value,omitempty"` // in units of TimeType
	TimeType  *TimeType  `json:"time_type,omitempty"`
}

// StageContentParams is the e-mail of a send_email stage.
type StageContentParams struct {
	Subject string `json:"subject"` // required
	Body    string `json:"body"`    // required; whether it is HTML is not documented
}

// B12: an e-mail has subject and body. Likewise assumed: a stage's update takes what
// its create takes, a tag's create and update take name, and a step's update takes
// name and path.
func (p StageContentParams) check() error {
	if err := checkText("subject", p.Subject); err != nil {
		return err
	}
	if strings.TrimSpace(p.Body) == "" {
		return argumentError("body", "is required")
	}
	return nil
}

// SequencesService has the operations on sequences, their stages and the contacts
// enrolled in them. Use it as client.Sequences.
type SequencesService service

func sequenceResource(s *SequencesService) resource[Sequence] {
	return resource[Sequence]{
		core:    (*service)(s).c(),
		one:     "/sequence",
		many:    "/sequences", // B10: the list of sequences has pages, and its items what create returns
		idField: "sequence_id",
	}
}

func stageResource(s *SequencesService) resource[Stage] {
	return resource[Stage]{
		core:    (*service)(s).c(),
		one:     "/sequence-stage",
		idField: "stage_id",
	}
}

// List returns one page of sequences.
//
// API: GET /sequences (assumed). Errors: [*ValidationError].
func (s *SequencesService) List(ctx context.Context, params SequenceListParams) (*Page[Sequence], error) {
	return sequenceResource(s).list(ctx, params)
}

// All returns an iterator over sequences, starting at params.Page. If PerPage is 0,
// All requests 100 at a time. The iteration ends at the first error. If sequences are
// created or deleted during the iteration, the pages shift: an item can appear twice
// or be missed.
//
// API: GET /sequences (assumed). Errors: [*ValidationError].
func (s *SequencesService) All(ctx context.Context, params SequenceListParams) iter.Seq2[*Sequence, error] {
	return sequenceResource(s).all(ctx, params)
}

// GetByName returns the sequence with that name. [NameError] describes how names are
// compared. GetByName reads the whole list, 100 sequences per request.
//
// API: GET /sequences (assumed). Errors: [*NameError].
func (s *SequencesService) GetByName(ctx context.Context, name string) (*Sequence, error) {
	if err := checkText("name", name); err != nil {
		return nil, err
	}
	sequences, err := collect(s.All(ctx, SequenceListParams{}))
	if err != nil {
		return nil, err
	}
	return byName("sequence", name, sequences, func(s Sequence) string { return s.Name })
}

// Create creates a sequence. A sequence has no unique key: if the response is lost,
// the call fails and MayHaveBeenApplied reports true. Add a stage before you enrol
// contacts.
//
// API: POST /sequence (documented). Errors: [*ValidationError].
func (s *SequencesService) Create(ctx context.Context, params SequenceCreateParams) (*Sequence, error) {
	return sequenceResource(s).create(ctx, params)
}

// Update changes a sequence.
//
// API: PUT /sequence (assumed). Errors: [ErrNotFound], [*ValidationError].
func (s *SequencesService) Update(ctx context.Context, id SequenceID, params SequenceUpdateParams) error {
	return sequenceResource(s).update(ctx, id, params)
}

// Delete deletes a sequence.
//
// API: DELETE /sequence (assumed). Errors: [ErrNotFound].
func (s *SequencesService) Delete(ctx context.Context, id SequenceID) error {
	return sequenceResource(s).delete(ctx, id)
}

const contactSequencePath = "/contact-sequence"

// Enroll enrols a contact in a sequence, which may send it mail. What the API does if
// the contact is enrolled already is not documented. If the response is lost, the call
// fails and MayHaveBeenApplied reports true. To find out whether the contact is
// enrolled, use [ContactsService.Get].
//
// API: POST /contact-sequence (documented, parameters assumed). Errors:
// [ErrNotFound], [ErrSequenceHasNoStages], [*ValidationError].
func (s *SequencesService) Enroll(ctx context.Context, id SequenceID, contact ContactRef) error {
	params, err := enrolment(id, contact)
	if err != nil {
		return err
	}
	return sequenceResource(s).core.do(ctx, request{method: http.MethodPost, path: contactSequencePath, body: params}, nil)
}

// Unenroll removes a contact from a sequence. What the API does if the contact is not
// enrolled is not documented.
//
// API: DELETE /contact-sequence (assumed). Errors: [ErrNotFound],
// [*ValidationError].
func (s *SequencesService) Unenroll(ctx context.Context, id SequenceID, contact ContactRef) error {
	params, err := enrolment(id, contact)
	if err != nil {
		return err
	}
	return sequenceResource(s).core.do(ctx, deletion(contactSequencePath, params), nil)
}

func enrolment(id SequenceID, contact ContactRef) (object, error) {
	if err := checkID("sequence_id", id); err != nil {
		return nil, err
	}
	name, err := contactField(contact)
	if err != nil {
		return nil, err
	}
	return object{name, {"sequence_id", id}}, nil
}

// CreateStage adds a stage to a sequence. The stage is inactive: activate it in the
// vendor's dashboard. A stage has no unique key: if the response is lost, the call
// fails and MayHaveBeenApplied reports true.
//
// API: POST /sequence-stage (documented). Errors: [ErrNotFound],
// [*ValidationError].
func (s *SequencesService) CreateStage(ctx context.Context, params StageCreateParams) (*Stage, error) {
	return stageResource(s).create(ctx, params)
}

// UpdateStage changes a stage.
//
// API: PUT /sequence-stage (assumed). Errors: [ErrNotFound], [*ValidationError].
func (s *SequencesService) UpdateStage(ctx context.Context, id StageID, params StageUpdateParams) error {
	return stageResource(s).update(ctx, id, params)
}

// DeleteStage deletes a stage.
//
// API: DELETE /sequence-stage (assumed). Errors: [ErrNotFound].
func (s *SequencesService) DeleteStage(ctx context.Context, id StageID) error {
	return stageResource(s).delete(ctx, id)
}

// UpdateStageContent sets the e-mail of a send_email stage.
//
// API: PUT /sequence-stage-content (documented, parameters assumed). Errors:
// [ErrNotFound], [ErrStageNotEmail], [*ValidationError].
func (s *SequencesService) UpdateStageContent(ctx context.Context, id StageID, params StageContentParams) error {
	content := stageResource(s)
	content.one = "/sequence-stage-content"
	return content.update(ctx, id, params)
}
