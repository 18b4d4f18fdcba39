package funnel

import (
	"context"
	"iter"
)

// A FunnelID identifies a funnel.
type FunnelID = ID[Funnel]

// A Funnel is a series of pages that leads visitors to a sale.
type Funnel struct {
	ID         FunnelID     `json:"id"`
	Name       string       `json:"name"`
	Status     FunnelStatus `json:"status"`
	Subdomain  string       `json:"subdomain"`   // under which its pages are reached
	StepsCount int          `json:"steps_count"` // how many steps it has
	CreatedAt  Timestamp    `json:"created_at"`
}

// A FunnelStatus says whether a funnel is public. The set is open: a status
// that the SDK does not know is passed on.
type FunnelStatus string

// The statuses of a funnel (assumed).
const (
	FunnelDraft     FunnelStatus = "draft"
	FunnelPublished FunnelStatus = "published"
	FunnelArchived  FunnelStatus = "archived"
)

// FunnelListParams pages funnels. A zero field is left out.
type FunnelListParams struct {
	Page    int `url:"page,omitempty"`     // from 1
	PerPage int `url:"per_page,omitempty"` // 1 to 100; 0: the server's default
}

// FunnelCreateParams describes a new funnel. A zero field is left out.
type FunnelCreateParams struct {
	Name   string       `json:"name"` // required
	Status FunnelStatus `json:"status,omitempty"`
}

func (p FunnelCreateParams) check() error { return checkText("name", p.Name) }

// FunnelUpdateParams changes a funnel. A nil field leaves it as it is.
type FunnelUpdateParams struct {
	Name   *string       `json:"name,omitempty"`
	Status *FunnelStatus `json:"status,omitempty"`
}

// A StepID identifies a step of a funnel.
type StepID = ID[Step]

// A Step is one page of a funnel.
type Step struct {
	ID       StepID   `json:"id"`
	FunnelID FunnelID `json:"funnel_id"`
	Name     string   `json:"name"`
	Path     string   `json:"path"` // URL slug
	Type     StepType `json:"type"`
	Position int      `json:"position"` // in its funnel
}

// A StepType says what a step is for. The set is open: a type that the SDK does
// not know is passed on.
type StepType string

// The types of a step (assumed).
const (
	StepOptin    StepType = "optin"
	StepSales    StepType = "sales"
	StepCheckout StepType = "checkout"
	StepUpsell   StepType = "upsell"
	StepThankYou StepType = "thank_you"
)

// StepCreateParams describes a new step. A zero field is left out.
type StepCreateParams struct {
	FunnelID FunnelID `json:"funnel_id"` // required
	Name     string   `json:"name"`      // required
	Path     string   `json:"path"`      // required: the URL slug, unique in the funnel
	Type     StepType `json:"type,omitempty"`
	Position *int     `json:"position,omitempty"` // nil: after the last
}

func (p StepCreateParams) check() error {
	if err := checkID("funnel_id", p.FunnelID); err != nil {
		return err
	}
	if err := checkText("name", p.Name); err != nil {
		return err
	}
	return checkText("path", p.Path)
}

// StepUpdateParams changes a step. A nil field leaves it as it is.
type StepUpdateParams struct {
	Name     *string   `json:"name,omitempty"`
	Path     *string   `json:"path,omitempty"` // the URL slug
	Type     *StepType `json:"type,omitempty"`
	Position *int      `json:"position,omitempty"`
}

// FunnelStats is what happened in a funnel during a period.
type FunnelStats struct {
	Visits  int    `json:"visits"`
	Optins  int    `json:"optins"`
	Sales   int    `json:"sales"`
	Revenue string `json:"revenue"` // a decimal number, such as "1234.50"
}

// FunnelsService provides access to funnels and their steps: see [Client].
type FunnelsService service

func (s *FunnelsService) resource() resource[Funnel] {
	return resource[Funnel]{
		core:    (*service)(s).c(),
		one:     "/funnel",
		many:    "/funnels",
		idField: "funnel_id",
	}
}

func (s *FunnelsService) steps() resource[Step] {
	return resource[Step]{
		core:    (*service)(s).c(),
		one:     "/funnel-step",
		many:    "/funnel-steps",
		idField: "step_id",
	}
}

// List returns one page of the funnels.
//
// API: GET /funnels (assumed). Errors: [*ValidationError].
func (s *FunnelsService) List(ctx context.Context, params FunnelListParams) (*Page[Funnel], error) {
	return s.resource().list(ctx, params)
}

// All returns an iterator over the funnels, from the page that params name to
// the last; a PerPage of 0 asks for 100 at a time. An error ends the range. Do
// not delete funnels while ranging: the pages move up, and some are skipped.
//
// API: GET /funnels (assumed). Errors: [*ValidationError].
func (s *FunnelsService) All(ctx context.Context, params FunnelListParams) iter.Seq2[*Funnel, error] {
	return s.resource().all(ctx, params)
}

// Get returns a funnel by its id.
//
// API: GET /funnel (assumed). Errors: [ErrNotFound].
func (s *FunnelsService) Get(ctx context.Context, id FunnelID) (*Funnel, error) {
	return s.resource().get(ctx, id)
}

// Create creates a funnel. It has no unique key: a lost answer is not asked for
// again, but reported with MayHaveBeenApplied.
//
// API: POST /funnel (documented). Errors: [ErrNoSubdomain], [*ValidationError].
func (s *FunnelsService) Create(ctx context.Context, params FunnelCreateParams) (*Funnel, error) {
	return s.resource().create(ctx, params)
}

// Update changes a funnel and returns it as it is then.
//
// API: PUT /funnel (assumed). Errors: [ErrNotFound], [*ValidationError].
func (s *FunnelsService) Update(ctx context.Context, id FunnelID, params FunnelUpdateParams) (*Funnel, error) {
	return s.resource().update(ctx, id, params)
}

// Delete deletes a funnel.
//
// API: DELETE /funnel (assumed). Errors: [ErrNotFound].
func (s *FunnelsService) Delete(ctx context.Context, id FunnelID) error {
	return s.resource().delete(ctx, id)
}

// Stats returns what happened in a funnel during a period.
//
// API: GET /funnel-stats (assumed). Errors: [ErrNotFound], [ErrInvalidPeriod],
// [*ValidationError].
func (s *FunnelsService) Stats(ctx context.Context, id FunnelID, params StatsParams) (*FunnelStats, error) {
	return statistics[FunnelStats](ctx, s.resource(), "/funnel-stats", id, params)
}

// Steps returns all steps of a funnel, in the server's order.
//
// API: GET /funnel-steps (assumed). Errors: [ErrNotFound].
func (s *FunnelsService) Steps(ctx context.Context, id FunnelID) ([]Step, error) {
	r := s.resource()
	if err := checkID(r.idField, id); err != nil {
		return nil, err
	}
	return s.steps().collect(ctx, r.idValues(id))
}

// CreateStep adds a step to a funnel. It is not repeated when its answer is
// lost, but reported with MayHaveBeenApplied.
//
// API: POST /funnel-step (assumed). Errors: [ErrNotFound], [ErrPathTaken],
// [*ValidationError].
func (s *FunnelsService) CreateStep(ctx context.Context, params StepCreateParams) (*Step, error) {
	return s.steps().create(ctx, params)
}

// UpdateStep changes a step and returns it as it is then.
//
// API: PUT /funnel-step (documented). Errors: [ErrNotFound], [ErrPathTaken],
// [*ValidationError].
func (s *FunnelsService) UpdateStep(ctx context.Context, id StepID, params StepUpdateParams) (*Step, error) {
	return s.steps().update(ctx, id, params)
}

// DeleteStep deletes a step.
//
// API: DELETE /funnel-step (assumed). Errors: [ErrNotFound].
func (s *FunnelsService) DeleteStep(ctx context.Context, id StepID) error {
	return s.steps().delete(ctx, id)
}
