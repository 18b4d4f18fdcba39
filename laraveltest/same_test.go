package laraveltest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/laraveltest"
)

// A seeder adds what the API cannot create. Both servers are one.
type seeder interface {
	AddCustomField(funneltest.CustomField) funnel.CustomFieldID
	AddOrder(funneltest.Order) funnel.OrderID
}

// A scenario is a list of requests to an empty account. The responses of both
// servers must be the same. A line that starts with "~" is one for which the
// servers differ, as README.md states with the reason.
type scenario struct {
	name  string
	seed  func(seeder)
	lines string
}

// created is when the orders were created.
var created = time.Date(2031, 3, 10, 12, 0, 0, 0, time.UTC)

// scenarios have what the conformance suite does not check: what servers make of
// unusual values, and their messages.
var scenarios = []scenario{
	{name: "contacts", lines: `
		POST /contact {"email":"ada@example.com","first_name":"Ada","gdpr":true}
		POST /contact {"email":"bob@example.com"}
		POST /contact {"email":"ADA@example.com"}
		GET /contact?email=BOB@example.com
		PUT /contact {"contact_id":2,"first_name":"Bob","gdpr":1}
		PUT /contact {"email":"Ada@Example.com","first_name":null,"email_marketing":false}
		PUT /contact {"contact_id":1,"email":"bob@example.com","first_name":"Ada"}
		GET /contacts
		GET /contacts?page=0&per_page=101
		GET /contacts?page=x&per_page=y
		GET /contacts?page=&per_page=
		DELETE /contact {"email":"ADA@example.com"}
		DELETE /contact {"contact_id":2}
		DELETE /contact {"contact_id":2}
		POST /tag {"name":"vip"}
		POST /contact {"email":"ada@example.com"}
		PUT /contact {"contact_id":3,"tag_ids":"1"}
		GET /contact?contact_id=3`},
	{name: "invalid contacts", lines: `
		POST /contact {}
		POST /contact {"email":" "}
		POST /contact {"email":"nobody"}
		POST /contact {"email":"Ada <a@example.com>"}
		POST /contact {"email":7}
		POST /contact {"email":"a@example.com","first_name":["x"]}
		POST /contact {"email":"a@example.com","email_marketing":"yes"}
		POST /contact {"email":"a@example.com","gdpr":null}
		POST /contact {"first_name":1,"gdpr":"x"}
		GET /contacts`},
	{name: "lists of ids", lines: `
		POST /tag {"name":"a"}
		POST /tag {"name":"b"}
		POST /contact {"email":"a@example.com","tag_ids":"1,3"}
		POST /contact {"email":"a@example.com","tag_ids":"0"}
		POST /contact {"email":"a@example.com","tag_ids":["1"]}
		POST /contact {"email":"a@example.com","tag_ids":[]}
		POST /contact {"email":"a@example.com","tag_ids":1}
		POST /contact {"email":"a@example.com","tag_ids":{"1":1}}
		POST /contact {"email":"a@example.com","tag_ids":"1, 2"}
		POST /contact {"email":"a@example.com","tag_ids":"1,"}
		POST /contact {"email":"a@example.com","tag_ids":","}
		POST /contact {"email":"a@example.com","tag_ids":"1.5"}
		POST /contact {"email":"a@example.com","sequence_ids":"9"}
		POST /contact {"email":"a@example.com","sequence_ids":[1]}
		POST /contact {"tag_ids":"x"}
		POST /contact {"email":"a@example.com","tag_ids":"2,1,2"}
		POST /contact {"email":"b@example.com","tag_ids":""}
		POST /contact {"email":"c@example.com","tag_ids":null}
		POST /sequence {"name":"without stages"}
		POST /contact {"email":"d@example.com","sequence_ids":"1"}
		GET /contact?contact_id=4
		GET /contacts-tags?contact_id=1`},
	{name: "addressing a contact", seed: func(s seeder) { s.AddCustomField(funneltest.CustomField{Name: "f"}) }, lines: `
		POST /tag {"name":"t"}
		POST /contact {"email":"ada@example.com"}
		GET /contact
		GET /contact?contact_id=
		GET /contact?contact_id=0
		GET /contact?contact_id=-1
		GET /contact?contact_id=x
		GET /contact?email=bob@example.com
		GET /contact?email=no+address
		PUT /contact {"first_name":7}
		DELETE /contact {"contact_id":""}
		DELETE /contact {"email":""}
		POST /contact-tag {}
		POST /contact-tag {"tag_id":1}
		POST /contact-tag {"contact_id":"1","tag_id":"1"}
		POST /contact-tag {"email":"ada@example.com","tag_id":2}
		POST /contact-tag {"contact_id":2,"tag_id":2}
		DELETE /contact-tag {"email":"ada@example.com","tag_id":3}
		POST /contact-sequence {"email":"ada@example.com","sequence_id":2}
		DELETE /contact-sequence {}
		PUT /contact-custom-field {}
		PUT /contact-custom-field {"contact_id":1,"custom_field_id":1,"value":5}
		PUT /contact-custom-field {"contact_id":1,"custom_field_id":2,"value":"v"}
		GET /custom-fields?page=0
		GET /contacts`},
	{name: "tags", lines: `
		POST /tag {"name":"vip"}
		POST /tag {"name":"VIP"}
		POST /tag {"name":" vip "}
		POST /tag {"name":""}
		POST /tag {"name":7}
		POST /tag {}
		POST /tag {"name":"other"}
		PUT /tag {"tag_id":2,"name":"Vip"}
		PUT /tag {"tag_id":1,"name":"Vip"}
		PUT /tag {"tag_id":1}
		PUT /tag {"tag_id":1,"name":null}
		PUT /tag {"tag_id":9,"name":""}
		PUT /tag {}
		GET /tags
		GET /tags-contacts
		GET /tags-contacts?tag_id=9
		DELETE /tag {"tag_id":2}
		DELETE /tag {}
		POST /tag {"name":"new"}`},
	{name: "sequences", lines: `
		POST /sequence {"name":"welcome"}
		POST /sequence {"name":"x","type":"other"}
		POST /sequence {"name":"x","type":null}
		POST /sequence {}
		PUT /sequence {"sequence_id":1,"type":7}
		PUT /sequence {"sequence_id":9}
		POST /contact {"email":"ada@example.com"}
		POST /contact-sequence {"contact_id":1,"sequence_id":1}
		POST /sequence-stage {"sequence_id":1,"time_value":"2"}
		POST /sequence-stage {"sequence_id":1,"time_value":null,"time_type":null}
		POST /sequence-stage {"sequence_id":1,"stage_type":"other","time_value":-1,"time_type":60}
		POST /sequence-stage {"sequence_id":1,"time_value":"x","time_type":"y"}
		POST /sequence-stage {"sequence_id":9}
		POST /sequence-stage {}
		PUT /sequence-stage {"stage_id":1,"name":"First","time_value":0,"stage_type":"send_sms"}
		PUT /sequence-stage {"stage_id":9}
		PUT /sequence-stage {}
		PUT /sequence-stage-content {"stage_id":1,"subject":"Hi","body":"Text"}
		PUT /sequence-stage-content {"stage_id":2}
		PUT /sequence-stage-content {"stage_id":9}
		DELETE /sequence-stage {"stage_id":1}
		POST /contact-sequence {"contact_id":1,"sequence_id":1}
		DELETE /sequence {"sequence_id":1}
		GET /contact?contact_id=1
		GET /sequences`},
	{name: "funnels", lines: `
		POST /funnel {"name":"x","type":3}
		POST /funnel {"name":"x","type":"y"}
		POST /funnel {"type":null}
		POST /funnel {"name":"Launch"}
		POST /funnel-step {"funnel_id":1,"name":"Landing page"}
		POST /funnel-step {"funnel_id":1,"name":"--"}
		POST /funnel-step {"funnel_id":9,"name":"x"}
		POST /funnel-step {"funnel_id":1}
		POST /funnel-step {}
		PUT /funnel {"funnel_id":9}
		PUT /funnel-step {"step_id":1,"path":"landing-page"}
		PUT /funnel-step {"step_id":2,"path":"thank_You"}
		PUT /funnel-step {"step_id":2,"path":"a/b"}
		PUT /funnel-step {"step_id":2,"path":null}
		PUT /funnel-step {"step_id":9}
		GET /funnels
		DELETE /funnel-step {"step_id":1}
		POST /funnel-step {"funnel_id":1,"name":"Landing page"}
		DELETE /funnel {"funnel_id":1}
		DELETE /funnel {"funnel_id":1}`},
	{name: "campaigns", lines: `
		POST /campaign {"name":"Offer","subject":"Hi","from_name":"Ada","from_email":"ada@example.com"}
		POST /campaign {"from_email":"x"}
		GET /campaigns?status=
		GET /campaigns?status=other&period=other&page=0
		GET /campaigns?period=other&page=0
		PUT /campaign {"campaign_id":1,"subject":null,"name":"Deal"}
		PUT /campaign {"campaign_id":1,"name":""}
		POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2099-01-01T10:00:00+02:00"}
		GET /campaign?campaign_id=1
		POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2099-01-01T10:00:00.9Z"}
		POST /campaign-schedule {"campaign_id":1,"scheduled_for":"2001-01-01T10:00:00Z"}
		POST /campaign-schedule {"campaign_id":1}
		POST /campaign-schedule {}
		POST /campaign-schedule {"campaign_id":9,"scheduled_for":"x"}
		GET /campaign?campaign_id=1
		DELETE /campaign {"campaign_id":1}
		DELETE /campaign-schedule {"campaign_id":1}
		DELETE /campaign-schedule {"campaign_id":1}
		DELETE /campaign-schedule {"campaign_id":9}`},
	{name: "webhooks", lines: `
		POST /webhook {"url":"https://example.com/hook"}
		POST /webhook {"url":"http://127.0.0.1:9/hook"}
		POST /webhook {"url":"http://example.com/hook"}
		~POST /webhook {"url":"no url"}
		POST /webhook {"url":7}
		POST /webhook {}
		DELETE /webhook {"webhook_id":1}
		DELETE /webhook {"webhook_id":1}
		DELETE /webhook {}`},
	{name: "orders", seed: func(s seeder) {
		s.AddOrder(funneltest.Order{IDOrder: "A-1", Amount: "49.90", CreatedAt: created})
		s.AddOrder(funneltest.Order{IDOrder: "A-2", Amount: "12.5", Firstname: "Ada", Status: "refunded", CreatedAt: created.AddDate(0, 0, 1)})
		s.AddOrder(funneltest.Order{IDOrder: "A-3", Amount: "297", CreatedAt: created.AddDate(0, 0, 2)})
	}, lines: `
		GET /orders
		GET /orders?period=between&range=2031-03-11to2031-03-10
		GET /orders?period=between&range=2031-02-30to2031-03-10
		GET /orders?period=between&range=2031-3-1to2031-03-10
		GET /orders?range=2031-03-10to2031-03-11
		GET /order
		GET /order?id_order=A-9
		GET /sales-amount`},
	{name: "blanks", lines: `
		POST /tag {"name":" vip\n"}
		POST /tag {"name":"\t"}
		POST /contact {"email":" ada@example.com ","first_name":"  Ada","last_name":"  "}
		GET /contact?email=+ada@example.com
		GET /contact?email=+
		GET /tags`},
	{name: "requests outside of the contract", lines: `
		HEAD /tags
		OPTIONS /tags
		~POST /tag {"name":
		~POST /tag []
		~POST /tag "x"
		~POST /tag?name=query {}
		~PUT /tag?tag_id=1 {"name":"x"}
		~PUT /tag {"tag_id":true}
		~PUT /tag {"tag_id":1.0}
		~DELETE /tag?tag_id=1
		POST /funnel {"name":"f"}
		~POST /funnel-step {"funnel_id":1,"name":"Café @ noon"}
		POST /campaign {"name":"c"}
		~POST /campaign-schedule {"campaign_id":1,"scheduled_for":"tomorrow"}`},
}

// TestServers_AgreeOnUnusualRequests sends the same requests to the fake and to
// Laravel and compares the statuses and bodies.
func TestServers_AgreeOnUnusualRequests(t *testing.T) {
	t.Parallel()
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			real := laraveltest.Start(t)
			fake := funneltest.NewServer()
			t.Cleanup(fake.Close)
			if sc.seed != nil {
				sc.seed(real)
				sc.seed(fake)
			}
			laravel := endpoint{t, real.URL, real.APIKey, http.DefaultClient}
			emulated := endpoint{t, "http://funnel.test", fake.APIKey(), &http.Client{Transport: fake.Transport()}}
			for line := range strings.Lines(strings.TrimSpace(sc.lines)) {
				line = strings.TrimSpace(line)
				sent, known := strings.CutPrefix(line, "~")
				a, b := laravel.call(sent), emulated.call(sent)
				same := a.status == b.status && normal(t, a.body) == normal(t, b.body)
				if !same && !known {
					t.Errorf("%s\nLaravel: %d %s\nfake:    %d %s", sent, a.status, a.body, b.status, b.body)
				}
				if same && known {
					t.Errorf("%s\nis listed as different, but both servers send %d %s", sent, a.status, a.body)
				}
			}
		})
	}
}

// normal is a body as it is compared: without what differs from run to run, and
// with numbers as PHP prints them.
func normal(t *testing.T, body string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		return body
	}
	scrub(value)
	out, err := json.Marshal(value)
	require.NoError(t, err)
	return string(out)
}

// scrub replaces secrets, and times close to now, by their form.
func scrub(value any) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			scrub(element)
		}
	case map[string]any:
		for name, element := range value {
			text, _ := element.(string)
			if name == "secret" {
				value[name] = len(text)
			}
			for _, layout := range []string{time.RFC3339, time.DateTime} {
				if at, err := time.Parse(layout, text); err == nil && time.Since(at).Abs() < time.Minute {
					value[name] = "now" + text[len("2006-01-02 15:04:05"):]
				}
			}
			scrub(element)
		}
	}
}
