package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/funnel-go/funnel"
)

// A created is something that the doctor has created and is to delete.
type created struct {
	what      string // for the user: "tag 12", or its name if the id is unknown
	operation string // that deletes it
	delete    func(context.Context) error
	unsure    bool // it may not be there, because its creation got no usable response
}

// detach returns a context that an interruption does not end, for requests without
// whose response nobody would know what is to be deleted.
func detach(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
}

// create makes a check that creates something, takes note of it, and reports
// whether it is there. create returns what to delete, also if it fails and something
// may have been created.
func (d *doctor) create(ctx context.Context, k check, create func(context.Context) (created, error)) bool {
	if ctx.Err() != nil {
		return false
	}
	var made created
	var err error
	k.call = func(ctx context.Context) error {
		made, err = create(ctx)
		return err
	}
	ctx, cancel := detach(ctx)
	defer cancel()
	d.run(ctx, k)
	switch {
	case err == nil && made.delete != nil:
		d.created = append(d.created, made)
		return true
	case funnel.MayHaveBeenApplied(err) && made.delete != nil:
		made.unsure = true
		d.created = append(d.created, made)
	case funnel.MayHaveBeenApplied(err):
		d.left = append(d.left, made.what)
	}
	return false
}

// cleanUp deletes what is left, the last created first. It tries again after a
// failure that may be transient, and notes what it could not delete.
func (d *doctor) cleanUp(ctx context.Context) {
	for len(d.created) > 0 {
		last := d.created[len(d.created)-1]
		d.created = d.created[:len(d.created)-1]
		isGone := false
		for range 3 {
			k := check{operation: last.operation}
			if last.unsure {
				k.allowed = "NOT_FOUND"
			}
			err := errTooMany // unless the request is made
			k.call = func(ctx context.Context) error {
				err = last.delete(ctx)
				return err
			}
			d.run(ctx, k)
			isGone = err == nil || last.unsure && errors.Is(err, funnel.ErrNotFound)
			if isGone || !funnel.CanRetry(err) || ctx.Err() != nil {
				break
			}
			last.unsure = true // this attempt may have deleted it
		}
		if !isGone {
			d.left = append(d.left, last.what)
		}
	}
}

// writes makes the requests that write. It changes and deletes nothing but what it
// has created. What it leaves is for cleanUp.
func (d *doctor) writes(ctx context.Context) {
	if !d.canDelete(ctx) {
		d.report.Complete = false
		d.report.Note = "Nothing else was created, because the first tag could not be created and deleted."
		return
	}
	tag := d.writeTag(ctx)
	sequence := d.writeSequence(ctx)
	d.writeContact(ctx, tag, sequence)
	d.writeFunnel(ctx)
	d.writeWebhook(ctx)
	d.schedule(ctx)
	d.untested(ctx, needsCampaign, "POST /campaign", "PUT /campaign", "DELETE /campaign", "DELETE /campaign-schedule")
}

// canDelete creates a tag, deletes it, and reports whether it is gone.
func (d *doctor) canDelete(ctx context.Context) bool {
	id := d.createTag(ctx, "first tag", d.name+" first")
	if id == 0 {
		return false
	}
	first := d.created[0]
	detached, cancel := detach(ctx)
	defer cancel()
	var err error
	d.run(detached, check{operation: first.operation, about: "first tag", call: func(ctx context.Context) error {
		err = first.delete(ctx)
		return err
	}})
	if funnel.CanRetry(err) {
		return false // cleanUp tries again
	}
	d.created = nil
	isGone := err == nil
	if isGone {
		d.run(detached, check{
			operation: "GET /tags-contacts", about: "deleted tag", status: http.StatusNotFound, code: "NOT_FOUND", blame: "B1",
			call: func(ctx context.Context) error {
				_, err := d.client.Tags.Contacts(ctx, id, funnel.PageParams{})
				isGone = err != nil
				return err
			},
		})
	}
	if !isGone {
		d.left = append(d.left, first.what)
	}
	return isGone
}

func (d *doctor) createTag(ctx context.Context, about, name string) (id funnel.TagID) {
	d.create(ctx, check{operation: "POST /tag", about: about}, func(ctx context.Context) (created, error) {
		tag, err := d.client.Tags.Create(ctx, funnel.TagCreateParams{Name: name})
		if err != nil {
			return created{what: fmt.Sprintf("the tag %q", name)}, err
		}
		id = tag.ID
		return created{what: fmt.Sprintf("tag %d", id), operation: "DELETE /tag", delete: func(ctx context.Context) error {
			return d.client.Tags.Delete(ctx, id)
		}}, nil
	})
	return id
}

func (d *doctor) writeTag(ctx context.Context) funnel.TagID {
	id := d.createTag(ctx, "", d.name)
	if id != 0 {
		d.run(ctx, check{operation: "PUT /tag", unproven: true, call: func(ctx context.Context) error {
			return d.client.Tags.Update(ctx, id, funnel.TagUpdateParams{Name: funnel.Ptr(d.name + renamed)})
		}})
	}
	return id
}

// renamed ends the names that the doctor changes.
const renamed = " renamed"

func (d *doctor) writeSequence(ctx context.Context) (id funnel.SequenceID) {
	c := d.client.Sequences
	if !d.create(ctx, check{operation: "POST /sequence"}, func(ctx context.Context) (created, error) {
		sequence, err := c.Create(ctx, funnel.SequenceCreateParams{Name: d.name})
		if err != nil {
			return created{what: fmt.Sprintf("the sequence %q", d.name)}, err
		}
		id = sequence.ID
		return created{what: fmt.Sprintf("sequence %d", id), operation: "DELETE /sequence", delete: func(ctx context.Context) error { return c.Delete(ctx, id) }}, nil
	}) {
		return 0
	}
	d.run(ctx, check{operation: "PUT /sequence", call: func(ctx context.Context) error {
		return c.Update(ctx, id, funnel.SequenceUpdateParams{Name: funnel.Ptr(d.name + renamed)})
	}})
	var stage funnel.StageID
	if !d.create(ctx, check{operation: "POST /sequence-stage"}, func(ctx context.Context) (created, error) {
		made, err := c.CreateStage(ctx, funnel.StageCreateParams{SequenceID: id, Name: d.name, StageType: funnel.StageSendEmail})
		if err != nil {
			return created{what: fmt.Sprintf("a stage of sequence %d", id)}, err
		}
		stage = made.ID
		return created{what: fmt.Sprintf("stage %d", stage), operation: "DELETE /sequence-stage", delete: func(ctx context.Context) error { return c.DeleteStage(ctx, stage) }}, nil
	}) {
		return id
	}
	d.run(ctx, check{operation: "PUT /sequence-stage", call: func(ctx context.Context) error {
		return c.UpdateStage(ctx, stage, funnel.StageUpdateParams{Name: funnel.Ptr(d.name + renamed), TimeValue: funnel.Ptr(2)})
	}})
	d.run(ctx, check{operation: "PUT /sequence-stage-content", call: func(ctx context.Context) error {
		return c.UpdateStageContent(ctx, stage, funnel.StageContentParams{Subject: d.name, Body: "<p>" + d.name + "</p>"})
	}})
	return id
}

// writeContact creates a contact, changes it and its links, and reads what was
// stored.
func (d *doctor) writeContact(ctx context.Context, tag funnel.TagID, sequence funnel.SequenceID) {
	c := d.client.Contacts
	email := d.name + "@example.com" // a reserved domain: it receives no mail
	params := funnel.ContactCreateParams{Email: email, FirstName: "Funnel", LastName: "Doctor", EmailMarketing: funnel.Ptr(false)}
	if tag != 0 {
		params.TagIDs = []funnel.TagID{tag}
	}
	var id funnel.ContactID
	if !d.create(ctx, check{operation: "POST /contact", unproven: true}, func(ctx context.Context) (created, error) {
		var err error
		id, err = c.Create(ctx, params)
		what := fmt.Sprintf("contact %d", id)
		if err != nil {
			what = "the contact " + email
		}
		return created{what: what, operation: "DELETE /contact", delete: func(ctx context.Context) error { return c.Delete(ctx, funnel.Email(email)) }}, err
	}) {
		return
	}
	before := time.Now()
	d.run(ctx, check{operation: "POST /contact", about: "same e-mail", status: http.StatusConflict, code: "CONTACT_EXISTS", call: func(ctx context.Context) error {
		_, err := c.Create(ctx, params)
		return err
	}})
	d.run(ctx, check{operation: "PUT /contact", unproven: true, call: func(ctx context.Context) error {
		return c.Update(ctx, funnel.Email(email), funnel.ContactUpdateParams{LastName: funnel.Ptr("Renamed"), GDPR: funnel.Ptr(true)})
	}})
	var stored *funnel.Contact
	d.run(ctx, check{operation: "GET /contact", about: "what was stored", proves: []string{"B2", "B3"}, call: func(ctx context.Context) (err error) {
		stored, err = c.Get(ctx, funnel.Email(email))
		return err
	}, verify: func(envelope) []difference {
		var found []difference
		for _, field := range []struct {
			name, assumption string
			isStored         bool
		}{
			{"first_name", "B3", stored.FirstName == params.FirstName},
			{"last_name", "B3", stored.LastName == "Renamed"},
			{"email_marketing", "B3", !stored.EmailMarketing},
			{"gdpr", "B3", stored.GDPR},
			{"tags", "B2", slices.Equal(stored.Tags, params.TagIDs)},
		} {
			if !field.isStored {
				found = append(found, notStored("data."+field.name, field.assumption))
			}
		}
		return found
	}})
	if tag != 0 {
		d.run(ctx, check{operation: "GET /contacts-tags", about: "what was stored", proves: []string{"B6", "B12"}, call: func(ctx context.Context) error {
			_, err := c.Tags(ctx, id)
			return err
		}, verify: func(response envelope) []difference { return d.checkTag(response, before) }})
		d.run(ctx, check{operation: "DELETE /contact-tag", call: func(ctx context.Context) error { return c.RemoveTag(ctx, id, tag) }})
		d.run(ctx, check{operation: "POST /contact-tag", call: func(ctx context.Context) error { return c.AddTag(ctx, id, tag) }})
	}
	if d.customField == 0 {
		d.untested(ctx, "no custom field of type text to test with", "PUT /contact-custom-field")
	} else {
		d.run(ctx, check{operation: "PUT /contact-custom-field", call: func(ctx context.Context) error {
			return c.SetCustomField(ctx, id, d.customField, d.name)
		}})
	}
	if sequence != 0 {
		d.run(ctx, check{operation: "POST /contact-sequence", allowed: "SEQUENCE_HAS_NO_STAGES", call: func(ctx context.Context) error {
			return d.client.Sequences.Enroll(ctx, sequence, id)
		}})
		d.run(ctx, check{operation: "DELETE /contact-sequence", call: func(ctx context.Context) error {
			return d.client.Sequences.Unenroll(ctx, sequence, id)
		}})
	}
}

func notStored(field, assumption string) difference {
	return difference{Field: field, Expected: "the value that was sent", Found: "another", Assumption: assumption}
}

// checkTag checks the name that a tag was given, and that its time of creation, a
// few seconds ago, is in UTC.
func (d *doctor) checkTag(response envelope, now time.Time) []difference {
	items, _ := response.data.([]any)
	var found []difference
	if len(items) != 1 {
		return []difference{notStored("data", "B2")}
	}
	if below(items[0])["name"] != d.name+renamed {
		found = append(found, notStored("data[].name", "B12"))
	}
	at, err := time.Parse(time.DateTime, fmt.Sprint(below(items[0])["created_at"]))
	if offset := at.Sub(now).Round(15 * time.Minute); err == nil && offset != 0 {
		found = append(found, difference{Field: "data[].created_at", Expected: "UTC", Found: fmt.Sprintf("a time that is %s off", offset), Assumption: "B6"})
	}
	return found
}

func (d *doctor) writeFunnel(ctx context.Context) {
	c := d.client.Funnels
	var id funnel.FunnelID
	if !d.create(ctx, check{operation: "POST /funnel", allowed: "NO_SUBDOMAIN"}, func(ctx context.Context) (created, error) {
		made, err := c.Create(ctx, funnel.FunnelCreateParams{Name: d.name})
		if err != nil {
			return created{what: fmt.Sprintf("the funnel %q", d.name)}, err
		}
		id = made.ID
		return created{what: fmt.Sprintf("funnel %d", id), operation: "DELETE /funnel", delete: func(ctx context.Context) error { return c.Delete(ctx, id) }}, nil
	}) {
		return
	}
	d.run(ctx, check{operation: "PUT /funnel", call: func(ctx context.Context) error {
		return c.Update(ctx, id, funnel.FunnelUpdateParams{Name: funnel.Ptr(d.name + renamed)})
	}})
	var step funnel.StepID
	if !d.create(ctx, check{operation: "POST /funnel-step"}, func(ctx context.Context) (created, error) {
		made, err := c.CreateStep(ctx, funnel.StepCreateParams{FunnelID: id, Name: d.name})
		if err != nil {
			return created{what: fmt.Sprintf("a step of funnel %d", id)}, err
		}
		step = made.ID
		return created{what: fmt.Sprintf("step %d", step), operation: "DELETE /funnel-step", delete: func(ctx context.Context) error { return c.DeleteStep(ctx, step) }}, nil
	}) {
		return
	}
	d.run(ctx, check{operation: "PUT /funnel-step", call: func(ctx context.Context) error {
		return c.UpdateStep(ctx, step, funnel.StepUpdateParams{Name: funnel.Ptr(d.name + renamed), Path: funnel.Ptr(d.name + "-path")})
	}})
}

func (d *doctor) writeWebhook(ctx context.Context) {
	if d.webhookURL == "" {
		d.untested(ctx, "needs -webhook", "POST /webhook", "DELETE /webhook")
		return
	}
	c := d.client.Webhooks
	d.create(ctx, check{operation: "POST /webhook", allowed: "WEBHOOK_EXISTS"}, func(ctx context.Context) (created, error) {
		webhook, err := c.Create(ctx, funnel.WebhookCreateParams{URL: d.webhookURL})
		if err != nil {
			return created{what: "the webhook to the URL of -webhook"}, err
		}
		return created{what: fmt.Sprintf("webhook %d", webhook.ID), operation: "DELETE /webhook", delete: func(ctx context.Context) error {
			return c.Delete(ctx, webhook.ID)
		}}, nil
	})
}

// schedule asks for the parameters of POST /campaign-schedule, by a request that
// names no campaign and so has no effect.
func (d *doctor) schedule(ctx context.Context) {
	d.run(ctx, check{
		operation: "POST /campaign-schedule", about: "no campaign", status: http.StatusUnprocessableEntity, code: "VALIDATION_ERROR", blame: "B9", proves: []string{"B9"},
		call: func(ctx context.Context) error {
			return d.client.Call(ctx, http.MethodPost, "/campaign-schedule", nil, map[string]any{}, nil)
		},
		verify: func(response envelope) []difference {
			var found []difference
			for _, field := range []string{"campaign_id", "scheduled_for"} {
				if response.details[field] == nil {
					found = append(found, difference{Field: "error.details." + field, Expected: "array", Found: "nothing", Assumption: "B9"})
				}
			}
			return found
		},
	})
}
