package funneltest

import (
	"fmt"
	"slices"
)

type sequence struct {
	base
	Name string `json:"name"`
	Type string `json:"type"`
}

func sequenceResource() resource[sequence, *sequence] {
	return resource[sequence, *sequence]{
		name:    "Sequence",
		plural:  "sequences",
		idField: "sequence_id",
		routes:  sequenceRoutes,
		item:    sequenceItemOf,
		fill:    fillSequence,
		created: sequenceItemOf,
		removed: removedSequence,
	}
}

func sequenceRoutes(sequences *resource[sequence, *sequence]) []route {
	return []route{
		get("/sequences", sequences.list),
		create("/sequence", sequences.create),
		put("/sequence", sequences.update),
		del("/sequence", sequences.delete),
		post("/contact-sequence", enrolContact),
		del("/contact-sequence", unenrolContact),
	}
}

// B10: the list of sequences is paged, and its items, like those of the list of
// funnels, show what the creation's response shows.
type sequenceItem struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

func sequenceItemOf(_ *call, sq *sequence) any {
	return sequenceItem{ID: sq.ID, Name: sq.Name, Type: sq.Type}
}

func fillSequence(c *call, sq *sequence) {
	if sq.ID == 0 {
		sq.Type = "normal"
	}
	c.in.text("name", &sq.Name, required, atMost(255))
	c.in.text("type", &sq.Type, required, oneOf("normal", "inverted"))
}

// removedSequence removes its stages and takes all contacts out of it.
func removedSequence(c *call, sq *sequence) {
	for _, st := range c.stagesOf(sq.ID) {
		c.stages.remove(st)
	}
	for _, ct := range c.contacts.rows {
		if slices.Contains(ct.Sequences, sq.ID) {
			ct.Sequences = without(ct.Sequences, sq.ID)
		}
	}
}

// contactSequenceLink is the response of an enrolment.
type contactSequenceLink struct {
	ContactID  int64 `json:"contact_id"`
	SequenceID int64 `json:"sequence_id"`
}

// enrolContact may be repeated: a contact is enrolled once. The fake stores who
// is enrolled; it does not move contacts through the stages.
func enrolContact(c *call) (any, *apiError) {
	ct, sq, err := contactAnd(c, &c.sequences)
	if err != nil {
		return nil, err
	}
	if len(c.stagesOf(sq.ID)) == 0 {
		return nil, newError(codeSequenceHasNoStages)
	}
	ct.Sequences = union(ct.Sequences, []int64{sq.ID})
	return contactSequenceLink{ContactID: ct.ID, SequenceID: sq.ID}, nil
}

// unenrolContact succeeds for a contact that is not enrolled, too.
func unenrolContact(c *call) (any, *apiError) {
	ct, sq, err := contactAnd(c, &c.sequences)
	if err != nil {
		return nil, err
	}
	ct.Sequences = without(ct.Sequences, sq.ID)
	return nil, nil
}

type stage struct {
	base
	SequenceID int64         `json:"sequence_id"`
	Step       int64         `json:"step"` // from 1
	Name       string        `json:"name"`
	StageType  string        `json:"stage_type"`
	TimeValue  int64         `json:"time_value"`
	TimeType   int64         `json:"time_type"`         // seconds
	Content    *stageContent `json:"content,omitempty"` // of a send_email stage, once it is set
}

// stageContent is the mail that a send_email stage sends.
type stageContent struct {
	Subject string `json:"subject"`
	Body    string `json:"body"`
}

const sendEmail = "send_email"

func stageResource() resource[stage, *stage] {
	return resource[stage, *stage]{
		name:    "Stage",
		plural:  "stages",
		idField: "stage_id",
		routes: func(stages *resource[stage, *stage]) []route {
			return []route{
				create("/sequence-stage", stages.create),
				put("/sequence-stage", stages.update),
				del("/sequence-stage", stages.delete),
				put("/sequence-stage-content", putStageContent),
			}
		},
		fill:     fillStage,
		check:    checkStage,
		created:  stageCreatedOf,
		restored: restoredStage,
	}
}

func (a *account) stagesOf(sequenceID int64) []*stage {
	return selectRows(a.stages.rows, func(st *stage) bool { return st.SequenceID == sequenceID })
}

type stageCreated struct {
	ID         int64  `json:"id"`
	SequenceID int64  `json:"sequence_id"`
	Step       int64  `json:"step"`
	Name       string `json:"name"`
	StageType  string `json:"stage_type"`
	TimeValue  int64  `json:"time_value"`
	TimeType   int64  `json:"time_type"`
}

func stageCreatedOf(_ *call, st *stage) any {
	return stageCreated{
		ID: st.ID, SequenceID: st.SequenceID, Step: st.Step, Name: st.Name,
		StageType: st.StageType, TimeValue: st.TimeValue, TimeType: st.TimeType,
	}
}

// fillStage puts a new stage last in its sequence. The default of stage_type is
// unknown; send_email is assumed, and so is that a delay may be 0.
func fillStage(c *call, st *stage) {
	// B12: an update of a stage takes what its creation takes; its content is a
	// subject and a body. A tag takes its name, and a step's update a name and a path.
	if st.ID == 0 {
		st.SequenceID = c.in.id("sequence_id")
		for _, other := range c.stagesOf(st.SequenceID) {
			st.Step = max(st.Step, other.Step)
		}
		st.Step++
		st.Name, st.StageType = fmt.Sprintf("Step %d", st.Step), sendEmail
		st.TimeValue, st.TimeType = 1, 86400
	}
	c.in.text("name", &st.Name, required, atMost(255))
	c.in.text("stage_type", &st.StageType, required, oneOf(sendEmail, "send_sms", "action"))
	c.in.atLeast(0, "time_value", &st.TimeValue)
	c.in.oneOf([]int64{3600, 86400, 604800}, "time_type", &st.TimeType)
	if st.StageType != sendEmail {
		st.Content = nil
	}
}

func checkStage(c *call, st *stage) *apiError {
	_, err := c.sequences.byID(st.SequenceID)
	return err
}

func restoredStage(a *account, st *stage) error {
	if a.sequences.find(st.SequenceID) == nil {
		return fmt.Errorf("stage %d is in sequence %d, which does not exist", st.ID, st.SequenceID)
	}
	return nil
}

func putStageContent(c *call) (any, *apiError) {
	st, err := c.stages.target(c)
	if err != nil {
		return nil, err
	}
	if st.StageType != sendEmail {
		return nil, newError(codeStageNotEmail)
	}
	// As in any update, both are optional: what is absent stays as it is.
	var content stageContent
	if st.Content != nil {
		content = *st.Content
	}
	c.in.text("subject", &content.Subject, atMost(255))
	c.in.text("body", &content.Body)
	if err := c.in.err(); err != nil {
		return nil, err
	}
	st.Content = &content
	return idOf(c, st), nil
}
