package funnel

import (
	"context"
	"iter"
)

// A FunnelID identifies a funnel.
type FunnelID = ID[Funnel]

// A Funnel is a series of pages that leads visitors to a sale.
type Funnel struct {
	ID    FunnelID   `json:"id"`
	Name  string     `json:"name"`
	Type  FunnelType `json:"type"`
	Steps []Step     `json:"steps"` // set in lists; not by Create
}

// check refuses steps without ids.
func (f *Funnel) check() error { return checkItems(f.Steps) }

// A FunnelType is the type of a funnel. Values not listed here are sent and returned
// unchanged.
type FunnelType int

// The types of a funnel (documented).
const (
	FunnelBlank FunnelType = 0 // the API's default
	FunnelLead  FunnelType = 1
	FunnelSales FunnelType = 2
)

// FunnelListParams selects a page of the funnels. A zero field is not sent.
type FunnelListParams struct {
	Page    int `url:"page,omitempty"`     // from 1
	PerPage int `url:"per_page,omitempty"` // 1 to 100; 0: 50 (the API's default), or 100 in All
}

// FunnelCreateParams describes a new funnel. A zero field is not sent.
type FunnelCreateParams struct {
	Name string     `json:"name"` // required
	Type FunnelType `json:"type,omitempty"`
}

func (p FunnelCreateParams) check() error { return checkText("name", p.Name) }

// FunnelUpdateParams changes a funnel. A nil field is left as it is.
// At least one field must be set.
type FunnelUpdateParams struct {
	Name *string     `json:"name,omitempty"`
	Type *FunnelType `json:"type,omitempty"`
}

// A StepID identifies a step of a funnel.
type StepID = ID[Step]

// A Step is one page of a funnel.
type Step struct {
	ID       StepID   `json:"id"`
	FunnelID FunnelID `json:"funnel_id"` // may be zero in Funnel.Steps
	Name     string   `json:"name"`
	Path     string   `json:"path"`  // URL slug, unique in its funnel
	Order    int      `json:"order"` // place in the funnel, from 1
	Type     StepType `json:"type"`  // not set by CreateStep
}

// A StepType is the type of a step. Its values are not documented.
type StepType int

// StepCreateParams describes a new step. A zero field is not sent. The API
// generates the path from the name.
type StepCreateParams struct {
	FunnelID FunnelID `json:"funnel_id"`      // required
	Name     string   `json:"name"`           // required
	Type     StepType `json:"type,omitempty"` // the API's default: 1; to send 0, use WithField
}

func (p StepCreateParams) check() error {
	if err := checkID("funnel_id", p.FunnelID); err != nil {
		return err
	}
	return checkText("name", p.Name)
}

// StepUpdateParams changes a step. A nil field is left as it is.
// At least one field must be set.
type StepUpdateParams struct {
	Name *string `json:"name,omitempty"`
	Path *string `json:"path,omitempty"` // URL slug
}

// FunnelsService has the operations on funnels and their steps. Use it as client.Funnels.
type FunnelsService service

func funnelResource(s *FunnelsService) resource[Funnel] {
	return resource[Funnel]{
		core:    (*service)(s).c(),
		one:     "/funnel",
		many:    "/funnels",
		idField: "funnel_id",
	}
}

func stepResource(s *FunnelsService) resource[Step] {
	return resource[Step]{
		core:    (*service)(s).c(),
		one:     "/funnel-step",
		idField: "step_id",
	}
}

// List returns one page of funnels with their steps.
//
// API: GET /funnels (documented). Errors: [*ValidationError].
func (s *FunnelsService) List(ctx context.Context, params FunnelListParams) (*Page[Funnel], error) {
	return funnelResource(s).list(ctx, params)
}

// All returns an iterator over funnels with their steps, starting at params.Page. If
// PerPage is 0, All requests 100 at a time. The iteration ends at the first error. If
// funnels are created or deleted during the iteration, the pages shift: an item can
// appear twice or be missed.
//
// API: GET /funnels (documented). Errors: [*ValidationError].
func (s *FunnelsService) All(ctx context.Context, params FunnelListParams) iter.Seq2[*Funnel, error] {
	return funnelResource(s).all(ctx, params)
}

// Create creates a funnel without steps; the result has no Steps. A funnel has no
// unique key: if the response is lost, the call fails and MayHaveBeenApplied reports
// true.
//
// API: POST /funnel (documented). Errors: [ErrNoSubdomain], [*ValidationError].
func (s *FunnelsService) Create(ctx context.Context, params FunnelCreateParams) (*Funnel, error) {
	return funnelResource(s).create(ctx, params)
}

// Update changes a funnel.
//
// API: PUT /funnel (assumed). Errors: [ErrNotFound], [*ValidationError].
func (s *FunnelsService) Update(ctx context.Context, id FunnelID, params FunnelUpdateParams) error {
	return funnelResource(s).update(ctx, id, params)
}

// Delete deletes a funnel.
//
// API: DELETE /funnel (assumed). Errors: [ErrNotFound].
func (s *FunnelsService) Delete(ctx context.Context, id FunnelID) error {
	return funnelResource(s).delete(ctx, id)
}

// CreateStep adds a step to a funnel. The API generates Path from the name, and adds a
// number if the path is taken. The result has no Type. A step has no unique key: if
// the response is lost, the call fails and MayHaveBeenApplied reports true.
//
// API: POST /funnel-step (documented). Errors: [ErrNotFound], [*ValidationError].
func (s *FunnelsService) CreateStep(ctx context.Context, params StepCreateParams) (*Step, error) {
	return stepResource(s).create(ctx, params)
}

// UpdateStep changes a step.
//
// API: PUT /funnel-step (documented, parameters assumed). Errors: [ErrNotFound],
// [ErrPathTaken], [*ValidationError].
func (s *FunnelsService) UpdateStep(ctx context.Context, id StepID, params StepUpdateParams) error {
	return stepResource(s).update(ctx, id, params)
}

// DeleteStep deletes a step.
//
// API: DELETE /funnel-step (assumed). Errors: [ErrNotFound].
func (s *FunnelsService) DeleteStep(ctx context.Context, id StepID) error {
	return stepResource(s).delete(ctx, id)
}
