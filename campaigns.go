package funnel

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// A CampaignID identifies a campaign.
type CampaignID = ID[Campaign]

// A Campaign is a mail that goes once to the contacts with certain tags.
type Campaign struct {
	ID           CampaignID     `json:"id"`
	Name         string         `json:"name"`
	Subject      string         `json:"subject"`
	Body         string         `json:"body"`
	TagIDs       []TagID        `json:"tag_ids"`
	Status       CampaignStatus `json:"status"`
	ScheduledFor Timestamp      `json:"scheduled_for"` // zero: not scheduled
	SentAt       Timestamp      `json:"sent_at"`       // zero: not sent
	CreatedAt    Timestamp      `json:"created_at"`
}

// A CampaignStatus says how far a campaign is. The set is open: a status that
// the SDK does not know is passed on.
type CampaignStatus string

// The statuses of a campaign (assumed).
const (
	CampaignDraft     CampaignStatus = "draft"
	CampaignScheduled CampaignStatus = "scheduled"
	CampaignSending   CampaignStatus = "sending"
	CampaignSent      CampaignStatus = "sent"
)

// CampaignListParams selects and pages campaigns. A zero field is left out.
type CampaignListParams struct {
	Page    int            `url:"page,omitempty"`     // from 1
	PerPage int            `url:"per_page,omitempty"` // 1 to 100; 0: the server's default
	Status  CampaignStatus `url:"status,omitempty"`   // with that status only
}

// CampaignCreateParams describes a new campaign. A zero field is left out.
type CampaignCreateParams struct {
	Name    string  `json:"name"` // required
	Subject string  `json:"subject,omitempty"`
	Body    string  `json:"body,omitempty"`
	TagIDs  []TagID `json:"tag_ids,omitempty"` // to whom it goes; nil: to everybody (assumed)
}

func (p CampaignCreateParams) check() error {
	if err := checkText("name", p.Name); err != nil {
		return err
	}
	if err := checkChoice("tag_ids", p.TagIDs); err != nil {
		return err
	}
	return checkIDs("tag_ids", p.TagIDs)
}

// CampaignUpdateParams changes a campaign. A nil field leaves it as it is.
type CampaignUpdateParams struct {
	Name    *string  `json:"name,omitempty"`
	Subject *string  `json:"subject,omitempty"`
	Body    *string  `json:"body,omitempty"`
	TagIDs  *[]TagID `json:"tag_ids,omitempty"` // of a nil slice: to everybody (assumed)
}

func (p CampaignUpdateParams) check() error {
	if p.TagIDs == nil {
		return nil
	}
	return checkIDs("tag_ids", *p.TagIDs)
}

// CampaignStats is what became of a campaign's mails during a period.
type CampaignStats struct {
	Sent         int `json:"sent"`
	Opened       int `json:"opened"`
	Clicked      int `json:"clicked"`
	Bounced      int `json:"bounced"`
	Unsubscribed int `json:"unsubscribed"`
}

// CampaignsService provides access to campaigns: see [Client].
type CampaignsService service

func (s *CampaignsService) resource() resource[Campaign] {
	return resource[Campaign]{
		core:    (*service)(s).c(),
		one:     "/campaign",
		many:    "/campaigns",
		idField: "campaign_id",
	}
}

// List returns one page of the campaigns that params choose.
//
// API: GET /campaigns (assumed). Errors: [ErrInvalidStatus], [*ValidationError].
func (s *CampaignsService) List(ctx context.Context, params CampaignListParams) (*Page[Campaign], error) {
	return s.resource().list(ctx, params)
}

// All returns an iterator over the campaigns that params select, from the page
// they name to the last; a PerPage of 0 asks for 100 at a time. An error ends
// the range. Do not delete campaigns while ranging: the pages move up, and some
// are skipped.
//
// API: GET /campaigns (assumed). Errors: [ErrInvalidStatus], [*ValidationError].
func (s *CampaignsService) All(ctx context.Context, params CampaignListParams) iter.Seq2[*Campaign, error] {
	return s.resource().all(ctx, params)
}

// Get returns a campaign by its id.
//
// API: GET /campaign (assumed). Errors: [ErrNotFound].
func (s *CampaignsService) Get(ctx context.Context, id CampaignID) (*Campaign, error) {
	return s.resource().get(ctx, id)
}

// Create creates a campaign. It has no unique key: a lost answer is not asked
// for again, but reported with MayHaveBeenApplied.
//
// API: POST /campaign (assumed). Errors: [ErrNotFound] for what TagIDs name,
// [*ValidationError].
func (s *CampaignsService) Create(ctx context.Context, params CampaignCreateParams) (*Campaign, error) {
	return s.resource().create(ctx, params)
}

// Update changes a campaign and returns it as it is then.
//
// API: PUT /campaign (assumed). Errors: [ErrNotFound], [*ValidationError].
func (s *CampaignsService) Update(ctx context.Context, id CampaignID, params CampaignUpdateParams) (*Campaign, error) {
	if params.TagIDs != nil {
		if err := checkChoice("tag_ids", *params.TagIDs); err != nil {
			return nil, err
		}
	}
	params.TagIDs = notNil(params.TagIDs)
	return s.resource().update(ctx, id, params)
}

// Delete deletes a campaign. One that is scheduled must be unscheduled first.
//
// API: DELETE /campaign (documented). Errors: [ErrNotFound],
// [ErrCampaignScheduled].
func (s *CampaignsService) Delete(ctx context.Context, id CampaignID) error {
	return s.resource().delete(ctx, id)
}

const campaignSchedulePath = "/campaign-schedule"

// Schedule has a campaign sent at that moment, which is sent in UTC and must be
// in the future by the server's clock. It is not repeated when its answer is
// lost, but reported with MayHaveBeenApplied.
//
// API: POST /campaign-schedule (assumed; its scheduled_for is documented).
// Errors: [ErrNotFound], [ErrInvalidDate], [*ValidationError].
func (s *CampaignsService) Schedule(ctx context.Context, id CampaignID, at time.Time) (*Campaign, error) {
	r := s.resource()
	if err := checkID(r.idField, id); err != nil {
		return nil, err
	}
	if year := at.UTC().Year(); at.IsZero() || year < 1 || year > 9999 {
		return nil, argumentError("scheduled_for", "is in the year %d: want a moment in the future", year)
	}
	moment := struct {
		ScheduledFor time.Time `json:"scheduled_for"`
	}{at.UTC()}
	return fetch[Campaign](ctx, r.core, request{
		method: http.MethodPost,
		path:   campaignSchedulePath,
		body:   r.idBody(id, moment),
	})
}

// Unschedule makes a scheduled campaign a draft again.
//
// API: DELETE /campaign-schedule (assumed). Errors: [ErrNotFound],
// [*ValidationError] for one that has been sent.
func (s *CampaignsService) Unschedule(ctx context.Context, id CampaignID) (*Campaign, error) {
	r := s.resource()
	if err := checkID(r.idField, id); err != nil {
		return nil, err
	}
	return fetch[Campaign](ctx, r.core, request{
		method: http.MethodDelete,
		path:   campaignSchedulePath,
		query:  r.idQuery(id),
	})
}

// Stats returns what became of a campaign's mails during a period.
//
// API: GET /campaign-stats (assumed). Errors: [ErrNotFound], [ErrInvalidPeriod],
// [*ValidationError].
func (s *CampaignsService) Stats(ctx context.Context, id CampaignID, params StatsParams) (*CampaignStats, error) {
	return statistics[CampaignStats](ctx, s.resource(), "/campaign-stats", id, params)
}
