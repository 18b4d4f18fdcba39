package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/funnel-go/funnel"
)

const (
	unknownID = 2147483647 // no account has it, and it fits every type of column
	wrongKey  = "funnel-doctor-wrong-key"
)

var (
	errKey     = errors.New("the API key was not accepted: check FUNNEL_API_KEY")
	errBaseURL = errors.New("GET /contacts got a 404 without an error code, so the API is not at this URL: check FUNNEL_BASE_URL (the path of the vendor's is /v1)")
)

// A sample is what the lists have, one of each.
type sample struct {
	contact  *funnel.Contact
	tag      *funnel.Tag
	campaign *funnel.Campaign
	order    *funnel.Order
}

// reads makes the requests that only read. The error says why there is no point in
// going on.
func (d *doctor) reads(ctx context.Context) error {
	var s sample
	var contacts *funnel.Page[funnel.Contact]
	var err error
	d.run(ctx, check{operation: "GET /contacts", call: func(ctx context.Context) error {
		contacts, err = d.client.Contacts.List(ctx, funnel.ContactListParams{})
		return err
	}})
	switch {
	case errors.Is(err, funnel.ErrUnauthorized):
		return errKey
	case d.first.StatusCode == http.StatusNotFound && funnel.CodeOf(err) == "":
		return errBaseURL
	case d.first.StatusCode == 0 && ctx.Err() == nil:
		return errors.New(noResponse(err))
	}
	d.headers()
	d.lists(ctx, &s)
	if contacts != nil && len(contacts.Items) > 0 {
		s.contact = &contacts.Items[0]
	}
	if contacts != nil && contacts.Total > 1 {
		d.run(ctx, check{operation: "GET /contacts", about: "page=2, per_page=1", verify: secondPage,
			call: with(d.client.Contacts.List, funnel.ContactListParams{Page: 2, PerPage: 1})})
	}
	d.singles(ctx, s)
	d.mistakes(ctx)
	return nil
}

// with returns a call of a method of the SDK of which only the error counts.
func with[P, T any](method func(context.Context, P) (T, error), params P) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := method(ctx, params)
		return err
	}
}

// first returns a call that reads a page of a list and keeps its first item.
func first[P, T any](item **T, list func(context.Context, P) (*funnel.Page[T], error)) func(context.Context) error {
	return func(ctx context.Context) error {
		var params P
		page, err := list(ctx, params)
		if err == nil && len(page.Items) > 0 {
			*item = &page.Items[0]
		}
		return err
	}
}

// lists reads the other lists, and the sales amount.
func (d *doctor) lists(ctx context.Context, s *sample) {
	c := d.client
	for _, k := range []check{
		{operation: "GET /custom-fields", call: func(ctx context.Context) error {
			fields, err := c.CustomFields.List(ctx)
			if i := slices.IndexFunc(fields, func(f funnel.CustomField) bool { return f.Type == funnel.CustomFieldText }); i >= 0 {
				d.customField = fields[i].ID
			}
			return err
		}},
		{operation: "GET /tags", call: first(&s.tag, c.Tags.List)},
		{operation: "GET /sequences", call: with(c.Sequences.List, funnel.SequenceListParams{})},
		{operation: "GET /funnels", call: with(c.Funnels.List, funnel.FunnelListParams{})},
		{operation: "GET /campaigns", call: first(&s.campaign, c.Campaigns.List)},
		{operation: "GET /webhooks", call: func(ctx context.Context) error {
			_, err := c.Webhooks.List(ctx)
			return err
		}},
		{operation: "GET /orders", call: first(&s.order, c.Orders.List)},
		{operation: "GET /transactions", call: with(c.Transactions.List, funnel.TransactionListParams{})},
		{operation: "GET /subscriptions", call: with(c.Subscriptions.List, funnel.SubscriptionListParams{})},
		{operation: "GET /sales-amount", call: with(c.Orders.SalesAmount, funnel.PeriodParams{})},
	} {
		d.run(ctx, k)
	}
}

// singles reads what belongs to one item of a list.
func (d *doctor) singles(ctx context.Context, s sample) {
	c := d.client
	if s.contact == nil {
		d.untested(ctx, "no contact to test with", "GET /contact", "GET /contacts-tags")
	} else {
		d.run(ctx, check{operation: "GET /contact", about: "by id", call: with[funnel.ContactRef](c.Contacts.Get, s.contact.ID)})
		if !d.report.Writes { // else these are made for the doctor's own contact
			if s.contact.Email != "" { // else the list has no such field, which is reported
				d.run(ctx, check{operation: "GET /contact", about: "by e-mail", call: with[funnel.ContactRef](c.Contacts.Get, funnel.Email(s.contact.Email))})
			}
			d.run(ctx, check{operation: "GET /contacts-tags", call: with[funnel.ContactRef](c.Contacts.Tags, s.contact.ID)})
		}
	}
	if s.tag == nil {
		d.untested(ctx, "no tag to test with", "GET /tags-contacts")
	} else {
		d.run(ctx, check{operation: "GET /tags-contacts", call: func(ctx context.Context) error {
			_, err := c.Tags.Contacts(ctx, s.tag.ID, funnel.PageParams{})
			return err
		}})
	}
	if s.campaign == nil {
		d.untested(ctx, "no campaign to test with", "GET /campaign")
	} else {
		d.run(ctx, check{operation: "GET /campaign", call: with(c.Campaigns.Get, s.campaign.ID)})
	}
	if s.order == nil {
		d.untested(ctx, "no order to test with", "GET /order")
	} else {
		d.run(ctx, check{operation: "GET /order", call: with(c.Orders.Get, s.order.IDOrder)})
	}
}

// secondPage checks that the server turns the pages.
func secondPage(response envelope) []difference {
	var found []difference
	if items, _ := response.data.([]any); len(items) != 1 {
		found = append(found, difference{Field: "data", Expected: "one item", Found: "another number of items", Change: `"per_page" in contacts.go`})
	}
	if fmt.Sprint(response.meta["current_page"]) != "2" {
		found = append(found, difference{Field: "meta.current_page", Expected: "2", Found: "another page", Change: `"page" in contacts.go`})
	}
	return found
}

// get returns a call that the SDK's own methods refuse to send.
func (d *doctor) get(path string, query url.Values) func(context.Context) error {
	return func(ctx context.Context) error {
		var data json.RawMessage
		return d.client.Call(ctx, http.MethodGet, path, query, nil, &data)
	}
}

// mistakes makes the requests that are to fail.
func (d *doctor) mistakes(ctx context.Context) {
	for _, k := range []check{
		{operation: "GET /contact", about: "unknown id", status: 404, code: "NOT_FOUND",
			call: with[funnel.ContactRef](d.client.Contacts.Get, funnel.ContactID(unknownID))},
		{operation: "GET /contact", about: "neither id nor e-mail", status: 422, code: "VALIDATION_ERROR",
			call: d.get("/contact", nil)},
		{operation: "GET /contacts", about: "per_page=101", status: 422, code: "VALIDATION_ERROR",
			call: d.get("/contacts", url.Values{"per_page": {"101"}})},
		{operation: "GET /contacts", about: "unknown period", status: 400, code: "INVALID_PERIOD",
			call: d.get("/contacts", url.Values{"period": {"fortnight"}})},
		{operation: "GET /contacts", about: "period between without a range", status: 400, code: "INVALID_PERIOD",
			call: d.get("/contacts", url.Values{"period": {"between"}})},
		{operation: "GET /sales-amount", about: "unknown period", status: 400, code: "INVALID_PERIOD",
			call: d.get("/sales-amount", url.Values{"period": {"fortnight"}})},
		{operation: "GET /campaigns", about: "unknown status", status: 400, code: "INVALID_STATUS",
			call: d.get("/campaigns", url.Values{"status": {"dormant"}})},
		{operation: "GET /tags", about: "wrong API key", status: 401, code: "UNAUTHORIZED", call: func(ctx context.Context) error {
			stranger, err := d.client.WithKey(wrongKey)
			if err != nil {
				return err
			}
			_, err = stranger.Tags.List(ctx, funnel.TagListParams{})
			return err
		}},
	} {
		d.run(ctx, k)
	}
	d.unknownRoute(ctx)
}

// unknownRoute checks the status of a path that is no operation. What its body is
// is not documented.
func (d *doctor) unknownRoute(ctx context.Context) {
	const path = "/funnel-doctor"
	if ctx.Err() != nil {
		return
	}
	response, err := d.send(ctx, check{operation: "GET " + path, call: d.get(path, nil)})
	r := &result{Operation: "GET " + path, Case: "unknown route", Outcome: documented}
	switch {
	case response.StatusCode == 0 && ctx.Err() != nil:
		return
	case response.StatusCode == 0:
		r.Outcome, r.Note, r.fails = unavailable, noResponse(err), true
	case response.StatusCode != http.StatusNotFound:
		r.Outcome, r.fails = differs, true
		r.Differences = []difference{{Field: "status", Expected: "404", Found: fmt.Sprint(response.StatusCode), Change: "failure.go"}}
	}
	d.report.Results = append(d.report.Results, r)
}
