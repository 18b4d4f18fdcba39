package funnel

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// A CampaignID identifies a campaign.
type CampaignID = ID[Campaign]

// A Campaign is an e-mail that is sent once to many contacts. Its content and its
// audience are set in the vendor's dashboard.
type Campaign struct {
	ID              CampaignID     `json:"id"`
	Name            string         `json:"name"`
	Subject         string         `json:"subject"`
	FromName        string         `json:"from_name"`
	FromEmail       string         `json:"from_email"`
	Status          CampaignStatus `json:"status"`
	SentTo          int            `json:"sent_to"`
	RecipientsCount int            `json:"recipients_count"`
	SentAt          Timestamp      `json:"sent_at"`       // zero: not sent
	ScheduledFor    Timestamp      `json:"scheduled_for"` // zero: not scheduled
	CreatedAt       Timestamp      `json:"created_at"`
}

// A CampaignStatus is the status of a campaign. Values not listed here are sent and
// returned unchanged.
type CampaignStatus string

// The statuses of a campaign (documented).
const (
	CampaignDraft     CampaignStatus = "draft"
	CampaignSending   CampaignStatus = "sending"
	CampaignSent      CampaignStatus = "sent"
	CampaignScheduled CampaignStatus = "scheduled"
	CampaignError     CampaignStatus = "error"
)

// CampaignListParams selects campaigns and the page to return. A zero field is not
// sent.
type CampaignListParams struct {
	Page    int            `url:"page,omitempty"`     // from 1
	PerPage int            `url:"per_page,omitempty"` // 1 to 100; 0: 50 (the API's default), or 100 in All
	Status  CampaignStatus `url:"status,omitempty"`
	Period  Period         `url:"period,omitempty"` // by a date; which one is not documented
	Range   DateRange      `url:"range,omitempty"`  // implies PeriodBetween
}

func (p CampaignListParams) check() error { return checkPeriod(p.Period, p.Range) }

// CampaignCreateParams describes a new campaign. A zero field is not sent.
type CampaignCreateParams struct {
	Name      string `json:"name"` // required
	Subject   string `json:"subject,omitempty"`
	FromName  string `json:"from_name,omitempty"`
	FromEmail string `json:"from_email,omitempty"`
}

// B8: create and update take what the list shows.
func (p CampaignCreateParams) check() error { return checkText("name", p.Name) }

// CampaignUpdateParams changes a campaign. A nil field is left as it is.
// At least one field must be set.
type CampaignUpdateParams struct {
	Name      *string `json:"name,omitempty"`
	Subject   *string `json:"subject,omitempty"`
	FromName  *string `json:"from_name,omitempty"`
	FromEmail *string `json:"from_email,omitempty"`
}

// CampaignsService has the operations on campaigns. Use it as client.Campaigns.
type CampaignsService service

func campaignResource(s *CampaignsService) resource[Campaign] {
	return resource[Campaign]{
		core:    (*service)(s).c(),
		one:     "/campaign",
		many:    "/campaigns",
		idField: "campaign_id",
	}
}

// List returns one page of campaigns, newest first.
//
// API: GET /campaigns (documented). Errors: [ErrInvalidStatus],
// [ErrInvalidPeriod], [*ValidationError].
func (s *CampaignsService) List(ctx context.Context, params CampaignListParams) (*Page[Campaign], error) {
	return campaignResource(s).list(ctx, params)
}

// All returns an iterator over campaigns, newest first, starting at params.Page. If
// PerPage is 0, All requests 100 at a time. The iteration ends at the first error. If
// campaigns are created or deleted during the iteration, the pages shift: an item can
// appear twice or be missed.
//
// API: GET /campaigns (documented). Errors: [ErrInvalidStatus],
// [ErrInvalidPeriod], [*ValidationError].
func (s *CampaignsService) All(ctx context.Context, params CampaignListParams) iter.Seq2[*Campaign, error] {
	return campaignResource(s).all(ctx, params)
}

// Get returns a campaign.
//
// API: GET /campaign (documented). Errors: [ErrNotFound].
func (s *CampaignsService) Get(ctx context.Context, id CampaignID) (*Campaign, error) {
	return campaignResource(s).get(ctx, id)
}

// Create creates a draft and returns its id. A campaign has no unique key: if the
// response is lost, the call fails and MayHaveBeenApplied reports true.
//
// API: POST /campaign (assumed). Errors: [*ValidationError].
func (s *CampaignsService) Create(ctx context.Context, params CampaignCreateParams) (CampaignID, error) {
	return idOnly(campaignResource(s).create(ctx, params))
}

// Update changes a campaign.
//
// API: PUT /campaign (assumed). Errors: [ErrNotFound], [*ValidationError].
func (s *CampaignsService) Update(ctx context.Context, id CampaignID, params CampaignUpdateParams) error {
	return campaignResource(s).update(ctx, id, params)
}

// Delete deletes a campaign. A scheduled one must be unscheduled first.
//
// API: DELETE /campaign (documented, parameters assumed). Errors: [ErrNotFound],
// [ErrCampaignScheduled].
func (s *CampaignsService) Delete(ctx context.Context, id CampaignID) error {
	return campaignResource(s).delete(ctx, id)
}

// B9: the path and the methods that schedule and unschedule a campaign.
func scheduleResource(s *CampaignsService) resource[Campaign] {
	r := campaignResource(s)
	r.one = "/campaign-schedule"
	return r
}

// Schedule makes the vendor send a campaign at the given time, which must be in the
// future by the server's clock. The request contains the time in UTC, without
// fractions of a second. If the response is lost, the call fails and
// MayHaveBeenApplied reports true.
//
// API: POST /campaign-schedule (assumed). Errors: [ErrNotFound], [ErrInvalidDate],
// [*ValidationError].
func (s *CampaignsService) Schedule(ctx context.Context, id CampaignID, at time.Time) error {
	r := scheduleResource(s)
	if err := checkID(r.idField, id); err != nil {
		return err
	}
	if year := at.UTC().Year(); at.IsZero() || year < 1 || year > 9999 {
		return argumentError("scheduled_for", "is in the year %d: want a time in the future", year)
	}
	return r.core.do(ctx, request{
		method: http.MethodPost,
		path:   r.one,
		body:   object{{r.idField, id}, {"scheduled_for", at.UTC().Format(time.RFC3339)}},
	}, nil)
}

// Unschedule makes a scheduled campaign a draft again.
//
// API: DELETE /campaign-schedule (assumed). Errors: [ErrNotFound],
// [*ValidationError].
func (s *CampaignsService) Unschedule(ctx context.Context, id CampaignID) error {
	return scheduleResource(s).delete(ctx, id)
}
