package funnel_test

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/apitest"
)

// This file has one sample of each response, with the value that it is decoded into.
// What requests and responses have in common is written once, so that a renamed field
// is changed in one place.

// The parts of the samples.
const (
	adaName       = `"first_name":"Ada","last_name":"Lovelace"`
	adaConsent    = `"email_marketing":true,"gdpr":true`
	adaFields     = `"email":"ada@example.com",` + adaName + `,` + adaConsent
	welcomeFields = `"name":"Welcome","type":"inverted"`
	stageFields   = `"name":"First mail","stage_type":"send_email","time_value":2,"time_type":3600`
	shopFields    = `"name":"Shop","type":2`
	launchFields  = `"name":"Launch","subject":"We are live","from_name":"Ada","from_email":"ada@example.com"`
	hookFields    = `"url":"https://example.com/hook"`
	customer      = `"id_customer":77`
	buyer         = customer + `,"email":"grace@example.com","firstname":"Grace","lastname":"Hopper"`
)

// The samples: what a response has in "data". A list has several of an item.
const (
	contactItemJSON = `{"id":12,` + adaFields + `,"created_at":"2026-01-02T03:04:05.678900Z"}`
	contactJSON     = `{"id":12,` + adaFields + `,"tags":[7,8],"sequences":[3]}`
	contactIDJSON   = `{"id":12}`
	fieldJSON       = `{"id":5,"name":"Plan","type":"select","values":"Basic,Plus"}`
	tagJSON         = `{"id":7,"name":"vip","created_at":"2026-01-02 03:04:05"}`
	newTagJSON      = `{"id":7,"name":"vip"}`
	tagContactJSON  = `{"id":12,"email":"ada@example.com",` + adaName + `}`
	sequenceJSON    = `{"id":3,` + welcomeFields + `}`
	stageJSON       = `{"id":31,"sequence_id":3,"step":4,` + stageFields + `}`
	newFunnelJSON   = `{"id":4,` + shopFields + `}`
	newStepJSON     = `{"id":41,"funnel_id":4,"name":"Buy now","path":"buy-now","order":1}`
	funnelJSON      = `{"id":4,` + shopFields + `,"steps":[` +
		`{"id":41,"name":"Buy now","path":"buy-now","order":1,"type":1},` +
		`{"id":42,"funnel_id":4,"name":"Thanks","path":"thanks","order":2,"type":3}]}`
	campaignJSON = `{"id":6,` + launchFields + `,"status":"scheduled","sent_to":90,"recipients_count":100,` +
		`"sent_at":"2026-04-01T10:00:00.000000Z","scheduled_for":"2026-05-01T09:00:00.000000Z","created_at":"2026-01-02T03:04:05.000000Z"}`
	newCampaignJSON = `{"id":6,"status":"draft"}`
	webhookJSON     = `{"id":8,` + hookFields + `,"active":true,"created_at":"2026-01-02T03:04:05.000000Z"}`
	newWebhookJSON  = `{"id":8,` + hookFields + `,"active":true,"secret":"0123456789abcdefghijklmnopqrstuv"}`
	orderJSON       = `{"id":91,"id_order":"A-1001",` + buyer + `,"type":"Stripe","status":"completed",` +
		`"amount":297.10,"currency":"EUR","created_at":"2026-01-02T03:04:05.000000Z"}`
	transactionJSON = `{"id":92,"id_transaction":"ch_77","id_order":"A-1001","id_invoice":55,` + customer + `,"status":"refunded",` +
		`"type":"one_time","amount":297.10,"currency":"EUR","created_at":"2026-01-02T03:04:05.000000Z"}`
	subscriptionJSON = `{"id":93,` + buyer + `,"status":"active","name":"Membership","amount":19.00,"currency":"EUR",` +
		`"payment_source":"stripe","rate":"1 month(s)","trial":true,"payments_left":3,` +
		`"rebill_date":"2026-06-01 00:00:00","created_at":"2026-01-02T03:04:05.000000Z"}`
)

// The values of the samples.
var (
	atThree           = utc(2026, 1, 2, 3, 4, 5, 0)
	sampleContactItem = funnel.Contact{
		ID: 12, Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", EmailMarketing: true, GDPR: true,
		CreatedAt: utc(2026, 1, 2, 3, 4, 5, 678900000),
	}
	sampleContact = funnel.Contact{
		ID: 12, Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", EmailMarketing: true, GDPR: true,
		Tags: []funnel.TagID{7, 8}, Sequences: []funnel.SequenceID{3},
	}
	sampleField      = funnel.CustomField{ID: 5, Name: "Plan", Type: funnel.CustomFieldSelect, Values: []string{"Basic", "Plus"}}
	sampleTag        = funnel.Tag{ID: 7, Name: "vip", CreatedAt: atThree}
	sampleNewTag     = funnel.Tag{ID: 7, Name: "vip"}
	sampleTagContact = funnel.TagContact{ID: 12, Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace"}
	sampleSequence   = funnel.Sequence{ID: 3, Name: "Welcome", Type: funnel.SequenceInverted}
	sampleStage      = funnel.Stage{ID: 31, SequenceID: 3, Step: 4, Name: "First mail", StageType: funnel.StageSendEmail, TimeValue: 2, TimeType: funnel.TimeTypeHours}
	sampleNewFunnel  = funnel.Funnel{ID: 4, Name: "Shop", Type: funnel.FunnelSales}
	sampleNewStep    = funnel.Step{ID: 41, FunnelID: 4, Name: "Buy now", Path: "buy-now", Order: 1}
	sampleFunnelItem = funnel.Funnel{ID: 4, Name: "Shop", Type: funnel.FunnelSales, Steps: []funnel.Step{
		{ID: 41, Name: "Buy now", Path: "buy-now", Order: 1, Type: 1},
		{ID: 42, FunnelID: 4, Name: "Thanks", Path: "thanks", Order: 2, Type: 3},
	}}
	sampleCampaign = funnel.Campaign{
		ID: 6, Name: "Launch", Subject: "We are live", FromName: "Ada", FromEmail: "ada@example.com", Status: funnel.CampaignScheduled,
		SentTo: 90, RecipientsCount: 100, SentAt: utc(2026, 4, 1, 10, 0, 0, 0), ScheduledFor: utc(2026, 5, 1, 9, 0, 0, 0), CreatedAt: atThree,
	}
	sampleWebhook    = funnel.Webhook{ID: 8, URL: "https://example.com/hook", Active: true, CreatedAt: atThree}
	sampleNewWebhook = funnel.Webhook{ID: 8, URL: "https://example.com/hook", Active: true, Secret: "0123456789abcdefghijklmnopqrstuv"}
	sampleOrder      = funnel.Order{
		ID: 91, IDOrder: "A-1001", IDCustomer: 77, Email: "grace@example.com", Firstname: "Grace", Lastname: "Hopper",
		Type: "Stripe", Status: funnel.OrderCompleted, Amount: "297.10", Currency: "EUR", CreatedAt: atThree,
	}
	sampleTransaction = funnel.Transaction{
		ID: 92, IDTransaction: "ch_77", IDOrder: "A-1001", IDInvoice: 55, IDCustomer: 77,
		Status: funnel.TransactionRefunded, Type: "one_time", Amount: "297.10", Currency: "EUR", CreatedAt: atThree,
	}
	sampleSubscription = funnel.Subscription{
		ID: 93, IDCustomer: 77, Email: "grace@example.com", Firstname: "Grace", Lastname: "Hopper",
		Status: funnel.SubscriptionActive, Name: "Membership", Amount: "19.00", Currency: "EUR", PaymentSource: "stripe",
		Rate: "1 month(s)", Trial: true, PaymentsLeft: funnel.PaymentsLeft{Count: funnel.Ptr(3)},
		RebillDate: utc(2026, 6, 1, 0, 0, 0, 0), CreatedAt: atThree,
	}
)

// withoutSecret returns a body as errors show it.
func withoutSecret(body string) string {
	return strings.ReplaceAll(body, sampleNewWebhook.Secret, "[hidden]")
}

// A wireSample is the response of one operation and the call that reads it.
type wireSample struct {
	name         string
	method, path string
	data         string                    // the resource
	wrap         func(...string) responder // makes a response of it
	call         func(context.Context, *funnel.Client) (any, error)
	want         any // what call returns: the resource or its id
}

// wireSamples has one sample of each response from which the SDK reads a resource.
// The sales amount is not a resource.
var wireSamples = []wireSample{
	{"contact in a list", "GET", "/contacts", contactItemJSON, pageOf, func(ctx context.Context, c *funnel.Client) (any, error) {
		return firstOfPage(c.Contacts.List(ctx, funnel.ContactListParams{}))
	}, sampleContactItem},
	{"contact", "GET", "/contact", contactJSON, one, func(ctx context.Context, c *funnel.Client) (any, error) {
		return pointedTo(c.Contacts.Get(ctx, funnel.ContactID(12)))
	}, sampleContact},
	{"contact by address", "GET", "/contact", contactJSON, one, func(ctx context.Context, c *funnel.Client) (any, error) {
		return pointedTo(c.Contacts.Get(ctx, funnel.Email("ada@example.com")))
	}, sampleContact},
	{"new contact", "POST", "/contact", contactIDJSON, newOne, func(ctx context.Context, c *funnel.Client) (any, error) {
		return c.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada@example.com"})
	}, funnel.ContactID(12)},
	{"tag of a contact", "GET", "/contacts-tags", tagJSON, listOf, func(ctx context.Context, c *funnel.Client) (any, error) {
		return firstOf(c.Contacts.Tags(ctx, funnel.ContactID(12)))
	}, sampleTag},
	{"custom field", "GET", "/custom-fields", fieldJSON, listOf, func(ctx context.Context, c *funnel.Client) (any, error) {
		return firstOf(c.CustomFields.List(ctx))
	}, sampleField},
	{"tag in a list", "GET", "/tags", tagJSON, pageOf, func(ctx context.Context, c *funnel.Client) (any, error) {
		return firstOfPage(c.Tags.List(ctx, funnel.TagListParams{}))
	}, sampleTag},
	{"new tag", "POST", "/tag", newTagJSON, newOne, func(ctx context.Context, c *funnel.Client) (any, error) {
		return pointedTo(c.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"}))
	}, sampleNewTag},
	{"contact of a tag", "GET", "/tags-contacts", tagContactJSON, pageOf, func(ctx context.Context, c *funnel.Client) (any, error) {
		return firstOfPage(c.Tags.Contacts(ctx, 7, funnel.PageParams{}))
	}, sampleTagContact},
	{"sequence in a list", "GET", "/sequences", sequenceJSON, pageOf, func(ctx context.Context, c *funnel.Client) (any, error) {
		return firstOfPage(c.Sequences.List(ctx, funnel.SequenceListParams{}))
	}, sampleSequence},
	{"new sequence", "POST", "/sequence", sequenceJSON, newOne, func(ctx context.Context, c *funnel.Client) (any, error) {
		return pointedTo(c.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"}))
	}, sampleSequence},
	{"new stage", "POST", "/sequence-stage", stageJSON, newOne, func(ctx context.Context, c *funnel.Client) (any, error) {
		return pointedTo(c.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: 3}))
	}, sampleStage},
	{"funnel in a list", "GET", "/funnels", funnelJSON, pageOf, func(ctx context.Context, c *funnel.Client) (any, error) {
		return firstOfPage(c.Funnels.List(ctx, funnel.FunnelListParams{}))
	}, sampleFunnelItem},
	{"new funnel", "POST", "/funnel", newFunnelJSON, newOne, func(ctx context.Context, c *funnel.Client) (any, error) {
		return pointedTo(c.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Shop"}))
	}, sampleNewFunnel},
	{"new step", "POST", "/funnel-step", newStepJSON, newOne, func(ctx context.Context, c *funnel.Client) (any, error) {
		return pointedTo(c.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: 4, Name: "Buy now"}))
	}, sampleNewStep},
	{"campaign in a list", "GET", "/campaigns", campaignJSON, pageOf, func(ctx context.Context, c *funnel.Client) (any, error) {
		return firstOfPage(c.Campaigns.List(ctx, funnel.CampaignListParams{}))
	}, sampleCampaign},
	{"campaign", "GET", "/campaign", campaignJSON, one, func(ctx context.Context, c *funnel.Client) (any, error) {
		return pointedTo(c.Campaigns.Get(ctx, 6))
	}, sampleCampaign},
	{"new campaign", "POST", "/campaign", newCampaignJSON, newOne, func(ctx context.Context, c *funnel.Client) (any, error) {
		return c.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	}, funnel.CampaignID(6)},
	{"webhook in a list", "GET", "/webhooks", webhookJSON, listOf, func(ctx context.Context, c *funnel.Client) (any, error) {
		return firstOf(c.Webhooks.List(ctx))
	}, sampleWebhook},
	{"new webhook", "POST", "/webhook", newWebhookJSON, newOne, func(ctx context.Context, c *funnel.Client) (any, error) {
		return pointedTo(c.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://example.com/hook"}))
	}, sampleNewWebhook},
	{"order in a list", "GET", "/orders", orderJSON, pageOf, func(ctx context.Context, c *funnel.Client) (any, error) {
		return firstOfPage(c.Orders.List(ctx, funnel.OrderListParams{}))
	}, sampleOrder},
	{"order", "GET", "/order", orderJSON, one, func(ctx context.Context, c *funnel.Client) (any, error) {
		return pointedTo(c.Orders.Get(ctx, "A-1001"))
	}, sampleOrder},
	{"transaction in a list", "GET", "/transactions", transactionJSON, pageOf, func(ctx context.Context, c *funnel.Client) (any, error) {
		return firstOfPage(c.Transactions.List(ctx, funnel.TransactionListParams{}))
	}, sampleTransaction},
	{"subscription in a list", "GET", "/subscriptions", subscriptionJSON, pageOf, func(ctx context.Context, c *funnel.Client) (any, error) {
		return firstOfPage(c.Subscriptions.List(ctx, funnel.SubscriptionListParams{}))
	}, sampleSubscription},
}

func one(result ...string) responder    { return data(result[0]) }
func newOne(result ...string) responder { return createdAs(result[0]) }

func pointedTo[T any](v *T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return *v, nil
}

func firstOf[T any](items []T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return items[0], nil
}

func firstOfPage[T any](page *funnel.Page[T], err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return firstOf(page.Items, nil)
}

// read makes the sample's call with another resource in the response.
func (s wireSample) read(t *testing.T, resource string) (any, error) {
	t.Helper()
	api := newMockAPI(t).on(s.method, s.path, s.wrap(resource))
	return s.call(t.Context(), api.client(t))
}

// A fieldPath leads to a field of a JSON object: a name, or names and places in
// lists with the field's own name at the end.
type fieldPath []any

func (p fieldPath) String() string {
	b, _ := json.Marshal([]any(p))
	return string(b)
}

func (p fieldPath) isID() bool { return p[len(p)-1] == "id" }

// fields returns the paths of all fields of the sample, also those of objects in it.
func (s wireSample) fields(t *testing.T) []fieldPath {
	t.Helper()
	var paths []fieldPath
	var walk func(v any, path fieldPath)
	walk = func(v any, path fieldPath) {
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				inner := append(slices.Clone(path), name)
				paths = append(paths, inner)
				walk(v[name], inner)
			}
		case []any:
			for i := range v {
				walk(v[i], append(slices.Clone(path), i))
			}
		}
	}
	walk(decoded(t, s.data), nil)
	return paths
}

// changed returns the sample with one field changed in the object that has it.
func (s wireSample) changed(t *testing.T, path fieldPath, change func(object map[string]any, name string)) string {
	t.Helper()
	root := decoded(t, s.data)
	v := root
	for _, step := range path[:len(path)-1] {
		switch step := step.(type) {
		case string:
			v = v.(map[string]any)[step]
		case int:
			v = v.([]any)[step]
		}
	}
	change(v.(map[string]any), path[len(path)-1].(string))
	b, err := json.Marshal(root)
	require.NoError(t, err)
	return string(b)
}

func decoded(t *testing.T, data string) (v any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(data))
	dec.UseNumber() // keeps 297.10 as it is
	require.NoError(t, dec.Decode(&v))
	return v
}

// zeroed returns v with the zero value in the field at path, and v itself if it has
// no such field.
func zeroed(v any, path fieldPath) any { return zeroedValue(reflect.ValueOf(v), path).Interface() }

func zeroedValue(v reflect.Value, path fieldPath) reflect.Value {
	if len(path) == 0 {
		return reflect.Zero(v.Type())
	}
	result := reflect.New(v.Type()).Elem()
	result.Set(v)
	switch step := path[0].(type) {
	case int:
		result.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v)) // a copy
		result.Index(step).Set(zeroedValue(v.Index(step), path[1:]))
	case string:
		if v.Kind() != reflect.Struct {
			break
		}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.Tag.Get("json") == step || strings.EqualFold(field.Name, step) {
				result.Field(i).Set(zeroedValue(v.Field(i), path[1:]))
			}
		}
	}
	return result
}

func TestWireSamples_Decode(t *testing.T) {
	t.Parallel()
	for _, sample := range wireSamples {
		t.Run(sample.name, func(t *testing.T) {
			t.Parallel()
			got, err := sample.read(t, sample.data)
			require.NoError(t, err)
			require.Equal(t, sample.want, got)
		})
	}
}

// A field that is null or missing is the zero value. Only a resource without its
// own id is an error, which shows the response.
func TestWireSamples_NullAndMissingFields(t *testing.T) {
	t.Parallel()
	changes := map[string]func(map[string]any, string){
		"null":    func(object map[string]any, name string) { object[name] = nil },
		"missing": func(object map[string]any, name string) { delete(object, name) },
	}
	for _, sample := range wireSamples {
		for _, path := range sample.fields(t) {
			for change, apply := range changes {
				t.Run(sample.name+" "+path.String()+" "+change, func(t *testing.T) {
					t.Parallel()
					response := sample.changed(t, path, apply)
					got, err := sample.read(t, response)
					if path.isID() {
						requireNoID(t, err, response)
						return
					}
					require.NoError(t, err)
					require.Equal(t, zeroed(sample.want, path), got)
				})
			}
		}
	}
}

// requireNoID requires the error of a resource without its own id.
func requireNoID(t *testing.T, err error, resource string) {
	t.Helper()
	require.ErrorContains(t, err, "an id is missing")
	require.ErrorContains(t, err, `{"success":true,"data":`) // the error's text has the beginning
	failed := apitest.AsError[*funnel.APIError](t, err)
	require.Contains(t, string(failed.Body), withoutSecret(resource))
	require.Equal(t, failed.Method == "POST", failed.MayHaveBeenApplied)
}

// PHP may send a number as a string.
func TestWireSamples_NumbersAsStrings(t *testing.T) {
	t.Parallel()
	for _, sample := range wireSamples {
		for _, path := range sample.fields(t) {
			changed := false
			response := sample.changed(t, path, func(object map[string]any, name string) {
				switch value := object[name].(type) {
				case json.Number:
					object[name], changed = value.String(), true
				case []any:
					for i := range value {
						if number, ok := value[i].(json.Number); ok {
							value[i], changed = number.String(), true
						}
					}
				}
			})
			if !changed {
				continue
			}
			t.Run(sample.name+" "+path.String(), func(t *testing.T) {
				t.Parallel()
				got, err := sample.read(t, response)
				require.NoError(t, err)
				require.Equal(t, sample.want, got)
			})
		}
	}
}

func TestWireSamples_UnknownFieldsAreIgnored(t *testing.T) {
	t.Parallel()
	for _, sample := range wireSamples {
		t.Run(sample.name, func(t *testing.T) {
			t.Parallel()
			got, err := sample.read(t, sample.changed(t, fieldPath{"lead_score"}, func(object map[string]any, name string) {
				object[name] = map[string]any{"id": "none", "history": []any{1, "x", nil}}
			}))
			require.NoError(t, err)
			require.Equal(t, sample.want, got)
		})
	}
}

// Before 2026-05-09 a resource's own id had another name. It is not read: the error
// shows the response.
func TestWireSamples_OldNamesOfIDs(t *testing.T) {
	t.Parallel()
	old := map[string]string{
		"/contact": "contact_id", "/contacts": "contact_id", "/tags-contacts": "contact_id",
		"/tag": "tag_id", "/tags": "tag_id", "/contacts-tags": "tag_id",
		"/sequence": "sequence_id", "/sequences": "sequence_id", "/sequence-stage": "stage_id",
		"/funnel": "funnel_id", "/funnels": "funnel_id", "/funnel-step": "step_id",
		"/campaign": "campaign_id", "/campaigns": "campaign_id",
		"/webhook": "webhook_id", "/webhooks": "webhook_id",
	}
	tested := map[string]bool{}
	for _, sample := range wireSamples {
		if old[sample.path] == "" {
			continue
		}
		for _, path := range sample.fields(t) {
			if !path.isID() {
				continue
			}
			oldName := old[sample.path]
			if len(path) > 1 { // of a step in a funnel
				oldName = "step_id"
			}
			tested[oldName] = true
			t.Run(sample.name+" "+path.String(), func(t *testing.T) {
				t.Parallel()
				response := sample.changed(t, path, func(object map[string]any, name string) {
					object[oldName] = object[name]
					delete(object, name)
				})
				_, err := sample.read(t, response)
				requireNoID(t, err, response)
				require.Contains(t, string(apitest.AsError[*funnel.APIError](t, err).Body), withoutSecret(oldName))
			})
		}
	}
	require.Len(t, tested, 8)
}

// An id of zero is none, and a list fails if one of its items has none.
func TestWireSamples_ZeroID(t *testing.T) {
	t.Parallel()
	for _, sample := range wireSamples {
		t.Run(sample.name, func(t *testing.T) {
			t.Parallel()
			response := sample.changed(t, fieldPath{"id"}, func(object map[string]any, name string) { object[name] = 0 })
			_, err := sample.read(t, response)
			requireNoID(t, err, response)
		})
	}
}

func utc(year int, month time.Month, day, hour, min, sec, nsec int) funnel.Timestamp {
	return funnel.Timestamp{Time: time.Date(year, month, day, hour, min, sec, nsec, time.UTC)}
}
