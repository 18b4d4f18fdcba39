package contracttest_test

import (
	"time"

	"github.com/funnel-go/funnel"
)

// A sample is a call, the request that it sends, a response in the vendor's shape,
// and the result. The values are our own. Every parameter and every field is set.
type sample struct {
	method   string // of the SDK
	args     []any
	request  string // method, path and query
	body     string // JSON; "" for a GET
	response string // JSON; "" is {"success": true}
	want     any    // nil: the method returns only an error
}

const sampleSecret = "q8Zt0Lw3Rk5Vn1Xc7Yb2Md9Hs4Jf6Pg0" // of a new webhook

const meta = `"meta": {"current_page": 2, "last_page": 3, "per_page": 25, "total": 61}`

var (
	march     = funnel.DateRange{From: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2025, 3, 31, 0, 0, 0, 0, time.UTC)}
	morning   = funnel.Timestamp{Time: time.Date(2025, 3, 9, 8, 15, 0, 250_000, time.UTC)}
	evening   = funnel.Timestamp{Time: time.Date(2025, 3, 9, 20, 45, 10, 0, time.UTC)}
	nextMonth = funnel.Timestamp{Time: time.Date(2025, 4, 9, 0, 0, 0, 0, time.UTC)}
)

func page[T any](items ...T) *funnel.Page[T] {
	return &funnel.Page[T]{Items: items, Page: 2, PerPage: 25, LastPage: 3, Total: 61}
}

var samples = []sample{
	// Contacts.
	{
		method:  "Contacts.List",
		args:    []any{funnel.ContactListParams{Page: 2, PerPage: 25, Period: funnel.PeriodBetween, Range: march}},
		request: "GET /contacts?page=2&per_page=25&period=between&range=2025-03-01to2025-03-31",
		response: `{"success": true, "data": [{"id": 812, "email": "ada@example.com", "first_name": "Ada", "last_name": "Byron",
			"email_marketing": true, "gdpr": true, "created_at": "2025-03-09T08:15:00.000250Z"}], ` + meta + `}`,
		want: page(funnel.Contact{
			ID: 812, Email: "ada@example.com", FirstName: "Ada", LastName: "Byron", EmailMarketing: true, GDPR: true, CreatedAt: morning,
		}),
	},
	{
		method:  "Contacts.Get",
		args:    []any{funnel.ContactID(812)},
		request: "GET /contact?contact_id=812",
		response: `{"success": true, "data": {"id": 812, "email": "ada@example.com", "first_name": "Ada", "last_name": "Byron",
			"email_marketing": true, "gdpr": true, "tags": [31, 7], "sequences": [204], "created_at": "2025-03-09T08:15:00.000250Z"}}`,
		want: &funnel.Contact{
			ID: 812, Email: "ada@example.com", FirstName: "Ada", LastName: "Byron", EmailMarketing: true, GDPR: true,
			Tags: []funnel.TagID{31, 7}, Sequences: []funnel.SequenceID{204}, CreatedAt: morning,
		},
	},
	{
		method: "Contacts.Create",
		args: []any{funnel.ContactCreateParams{
			Email: "ada@example.com", FirstName: "Ada", LastName: "Byron", EmailMarketing: funnel.Ptr(true), GDPR: funnel.Ptr(false),
			TagIDs: []funnel.TagID{31, 7}, SequenceIDs: []funnel.SequenceID{204},
		}},
		request: "POST /contact",
		body: `{"email": "ada@example.com", "first_name": "Ada", "last_name": "Byron", "email_marketing": true, "gdpr": false,
			"tag_ids": "31,7", "sequence_ids": "204"}`,
		response: `{"success": true, "data": {"id": 812}}`,
		want:     funnel.ContactID(812),
	},
	{
		method: "Contacts.Update",
		args: []any{funnel.Email("ada@example.com"), funnel.ContactUpdateParams{
			FirstName: funnel.Ptr("Augusta"), LastName: funnel.Ptr("King"), EmailMarketing: funnel.Ptr(false), GDPR: funnel.Ptr(true),
		}},
		request: "PUT /contact",
		body:    `{"email": "ada@example.com", "first_name": "Augusta", "last_name": "King", "email_marketing": false, "gdpr": true}`,
	},
	{
		method:  "Contacts.Delete",
		args:    []any{funnel.ContactID(812)},
		request: "DELETE /contact",
		body:    `{"contact_id": 812}`,
	},
	{
		method:   "Contacts.Tags",
		args:     []any{funnel.Email("ada+news@example.com")},
		request:  "GET /contacts-tags?email=ada%2Bnews%40example.com",
		response: `{"success": true, "data": [{"id": 31, "name": "vip", "created_at": "2025-03-09 20:45:10"}]}`,
		want:     []funnel.Tag{{ID: 31, Name: "vip", CreatedAt: evening}},
	},
	{
		method:   "Contacts.SetCustomField",
		args:     []any{funnel.ContactID(812), funnel.CustomFieldID(5), "Team"},
		request:  "PUT /contact-custom-field",
		body:     `{"contact_id": 812, "custom_field_id": 5, "value": "Team"}`,
		response: `{"success": true, "data": {"contact_id": 812, "custom_field_id": 5, "value": "Team"}}`,
	},
	{
		method:   "Contacts.AddTag",
		args:     []any{funnel.ContactID(812), funnel.TagID(31)},
		request:  "POST /contact-tag",
		body:     `{"contact_id": 812, "tag_id": 31}`,
		response: `{"success": true, "data": {"contact_id": 812, "tag_id": 31}}`,
	},
	{
		method:  "Contacts.RemoveTag",
		args:    []any{funnel.Email("ada@example.com"), funnel.TagID(31)},
		request: "DELETE /contact-tag",
		body:    `{"email": "ada@example.com", "tag_id": 31}`,
	},
	{
		method:   "Sequences.Enroll",
		args:     []any{funnel.SequenceID(204), funnel.Email("ada@example.com")},
		request:  "POST /contact-sequence",
		body:     `{"email": "ada@example.com", "sequence_id": 204}`,
		response: `{"success": true, "data": {"contact_id": 812, "sequence_id": 204}}`,
	},
	{
		method:  "Sequences.Unenroll",
		args:    []any{funnel.SequenceID(204), funnel.ContactID(812)},
		request: "DELETE /contact-sequence",
		body:    `{"contact_id": 812, "sequence_id": 204}`,
	},

	// Custom fields.
	{
		method:  "CustomFields.List",
		request: "GET /custom-fields",
		response: `{"success": true, "data": [{"id": 5, "name": "Plan", "type": "select", "values": "Free,Team,Big firm"},
			{"id": 6, "name": "City", "type": "text", "values": null}]}`,
		want: []funnel.CustomField{
			{ID: 5, Name: "Plan", Type: funnel.CustomFieldSelect, Values: []string{"Free", "Team", "Big firm"}},
			{ID: 6, Name: "City", Type: funnel.CustomFieldText},
		},
	},

	// Tags.
	{
		method:   "Tags.List",
		args:     []any{funnel.TagListParams{Page: 2, PerPage: 25}},
		request:  "GET /tags?page=2&per_page=25",
		response: `{"success": true, "data": [{"id": 31, "name": "vip", "created_at": "2025-03-09 20:45:10"}], ` + meta + `}`,
		want:     page(funnel.Tag{ID: 31, Name: "vip", CreatedAt: evening}),
	},
	{
		method:   "Tags.Contacts",
		args:     []any{funnel.TagID(31), funnel.PageParams{Page: 2, PerPage: 25}},
		request:  "GET /tags-contacts?page=2&per_page=25&tag_id=31",
		response: `{"success": true, "data": [{"id": 812, "email": "ada@example.com", "first_name": "Ada", "last_name": "Byron"}], ` + meta + `}`,
		want:     page(funnel.TagContact{ID: 812, Email: "ada@example.com", FirstName: "Ada", LastName: "Byron"}),
	},
	{
		method:   "Tags.Create",
		args:     []any{funnel.TagCreateParams{Name: "vip"}},
		request:  "POST /tag",
		body:     `{"name": "vip"}`,
		response: `{"success": true, "data": {"id": 31, "name": "vip"}}`,
		want:     &funnel.Tag{ID: 31, Name: "vip"},
	},
	{
		method:  "Tags.Update",
		args:    []any{funnel.TagID(31), funnel.TagUpdateParams{Name: funnel.Ptr("gold")}},
		request: "PUT /tag",
		body:    `{"tag_id": 31, "name": "gold"}`,
	},
	{
		method:  "Tags.Delete",
		args:    []any{funnel.TagID(31)},
		request: "DELETE /tag",
		body:    `{"tag_id": 31}`,
	},

	// Sequences and stages.
	{
		method:   "Sequences.List",
		args:     []any{funnel.SequenceListParams{Page: 2, PerPage: 25}},
		request:  "GET /sequences?page=2&per_page=25",
		response: `{"success": true, "data": [{"id": 204, "name": "Welcome", "type": "inverted"}], ` + meta + `}`,
		want:     page(funnel.Sequence{ID: 204, Name: "Welcome", Type: funnel.SequenceInverted}),
	},
	{
		method:   "Sequences.Create",
		args:     []any{funnel.SequenceCreateParams{Name: "Welcome", Type: funnel.SequenceInverted}},
		request:  "POST /sequence",
		body:     `{"name": "Welcome", "type": "inverted"}`,
		response: `{"success": true, "data": {"id": 204, "name": "Welcome", "type": "inverted"}}`,
		want:     &funnel.Sequence{ID: 204, Name: "Welcome", Type: funnel.SequenceInverted},
	},
	{
		method:  "Sequences.Update",
		args:    []any{funnel.SequenceID(204), funnel.SequenceUpdateParams{Name: funnel.Ptr("Hello"), Type: funnel.Ptr(funnel.SequenceNormal)}},
		request: "PUT /sequence",
		body:    `{"sequence_id": 204, "name": "Hello", "type": "normal"}`,
	},
	{
		method:  "Sequences.Delete",
		args:    []any{funnel.SequenceID(204)},
		request: "DELETE /sequence",
		body:    `{"sequence_id": 204}`,
	},
	{
		method: "Sequences.CreateStage",
		args: []any{funnel.StageCreateParams{
			SequenceID: 204, Name: "Reminder", StageType: funnel.StageSendSMS, TimeValue: 3, TimeType: funnel.TimeTypeWeeks,
		}},
		request: "POST /sequence-stage",
		body:    `{"sequence_id": 204, "name": "Reminder", "stage_type": "send_sms", "time_value": 3, "time_type": 604800}`,
		response: `{"success": true, "data": {"id": 61, "sequence_id": 204, "step": 4, "name": "Reminder", "stage_type": "send_sms",
			"time_value": 3, "time_type": 604800}}`,
		want: &funnel.Stage{
			ID: 61, SequenceID: 204, Step: 4, Name: "Reminder", StageType: funnel.StageSendSMS, TimeValue: 3, TimeType: funnel.TimeTypeWeeks,
		},
	},
	{
		method: "Sequences.UpdateStage",
		args: []any{funnel.StageID(61), funnel.StageUpdateParams{
			Name: funnel.Ptr("Call"), StageType: funnel.Ptr(funnel.StageAction), TimeValue: funnel.Ptr(6), TimeType: funnel.Ptr(funnel.TimeTypeHours),
		}},
		request: "PUT /sequence-stage",
		body:    `{"stage_id": 61, "name": "Call", "stage_type": "action", "time_value": 6, "time_type": 3600}`,
	},
	{
		method:  "Sequences.DeleteStage",
		args:    []any{funnel.StageID(61)},
		request: "DELETE /sequence-stage",
		body:    `{"stage_id": 61}`,
	},
	{
		method:  "Sequences.UpdateStageContent",
		args:    []any{funnel.StageID(61), funnel.StageContentParams{Subject: "Hello", Body: "<p>Good morning.</p>"}},
		request: "PUT /sequence-stage-content",
		body:    `{"stage_id": 61, "subject": "Hello", "body": "<p>Good morning.</p>"}`,
	},

	// Funnels and steps.
	{
		method:  "Funnels.List",
		args:    []any{funnel.FunnelListParams{Page: 2, PerPage: 25}},
		request: "GET /funnels?page=2&per_page=25",
		response: `{"success": true, "data": [{"id": 19, "name": "Spring", "type": 2, "steps": [
			{"id": 90, "funnel_id": 19, "name": "Order form", "path": "order-form", "order": 1, "type": 3}]}], ` + meta + `}`,
		want: page(funnel.Funnel{ID: 19, Name: "Spring", Type: funnel.FunnelSales, Steps: []funnel.Step{
			{ID: 90, FunnelID: 19, Name: "Order form", Path: "order-form", Order: 1, Type: 3},
		}}),
	},
	{
		method:   "Funnels.Create",
		args:     []any{funnel.FunnelCreateParams{Name: "Spring", Type: funnel.FunnelSales}},
		request:  "POST /funnel",
		body:     `{"name": "Spring", "type": 2}`,
		response: `{"success": true, "data": {"id": 19, "name": "Spring", "type": 2}}`,
		want:     &funnel.Funnel{ID: 19, Name: "Spring", Type: funnel.FunnelSales},
	},
	{
		method:  "Funnels.Update",
		args:    []any{funnel.FunnelID(19), funnel.FunnelUpdateParams{Name: funnel.Ptr("Summer"), Type: funnel.Ptr(funnel.FunnelBlank)}},
		request: "PUT /funnel",
		body:    `{"funnel_id": 19, "name": "Summer", "type": 0}`,
	},
	{
		method:  "Funnels.Delete",
		args:    []any{funnel.FunnelID(19)},
		request: "DELETE /funnel",
		body:    `{"funnel_id": 19}`,
	},
	{
		method:   "Funnels.CreateStep",
		args:     []any{funnel.StepCreateParams{FunnelID: 19, Name: "Order form", Type: 3}},
		request:  "POST /funnel-step",
		body:     `{"funnel_id": 19, "name": "Order form", "type": 3}`,
		response: `{"success": true, "data": {"id": 90, "funnel_id": 19, "name": "Order form", "path": "order-form-1", "order": 2}}`,
		want:     &funnel.Step{ID: 90, FunnelID: 19, Name: "Order form", Path: "order-form-1", Order: 2},
	},
	{
		method:  "Funnels.UpdateStep",
		args:    []any{funnel.StepID(90), funnel.StepUpdateParams{Name: funnel.Ptr("Checkout"), Path: funnel.Ptr("checkout")}},
		request: "PUT /funnel-step",
		body:    `{"step_id": 90, "name": "Checkout", "path": "checkout"}`,
	},
	{
		method:  "Funnels.DeleteStep",
		args:    []any{funnel.StepID(90)},
		request: "DELETE /funnel-step",
		body:    `{"step_id": 90}`,
	},

	// Campaigns.
	{
		method: "Campaigns.List",
		args: []any{funnel.CampaignListParams{
			Page: 2, PerPage: 25, Status: funnel.CampaignSent, Period: funnel.PeriodBetween, Range: march,
		}},
		request: "GET /campaigns?page=2&per_page=25&period=between&range=2025-03-01to2025-03-31&status=sent",
		response: `{"success": true, "data": [{"id": 44, "name": "Launch", "subject": "It is here", "from_name": "Grace",
			"from_email": "grace@example.com", "status": "sent", "sent_to": 980, "recipients_count": 1004,
			"sent_at": "2025-03-09T20:45:10.000000Z", "scheduled_for": "2025-03-09T20:45:10.000000Z",
			"created_at": "2025-03-09T08:15:00.000250Z"}], ` + meta + `}`,
		want: page(funnel.Campaign{
			ID: 44, Name: "Launch", Subject: "It is here", FromName: "Grace", FromEmail: "grace@example.com", Status: funnel.CampaignSent,
			SentTo: 980, RecipientsCount: 1004, SentAt: evening, ScheduledFor: evening, CreatedAt: morning,
		}),
	},
	{
		method:  "Campaigns.Get",
		args:    []any{funnel.CampaignID(44)},
		request: "GET /campaign?campaign_id=44",
		response: `{"success": true, "data": {"id": 44, "name": "Launch", "subject": "It is here", "from_name": "Grace",
			"from_email": "grace@example.com", "status": "sending", "sent_to": 12, "recipients_count": 1004,
			"sent_at": "2025-03-09T20:45:10.000000Z", "scheduled_for": "2025-03-09T20:45:10.000000Z",
			"created_at": "2025-03-09T08:15:00.000250Z"}}`,
		want: &funnel.Campaign{
			ID: 44, Name: "Launch", Subject: "It is here", FromName: "Grace", FromEmail: "grace@example.com", Status: funnel.CampaignSending,
			SentTo: 12, RecipientsCount: 1004, SentAt: evening, ScheduledFor: evening, CreatedAt: morning,
		},
	},
	{
		method:   "Campaigns.Create",
		args:     []any{funnel.CampaignCreateParams{Name: "Launch", Subject: "It is here", FromName: "Grace", FromEmail: "grace@example.com"}},
		request:  "POST /campaign",
		body:     `{"name": "Launch", "subject": "It is here", "from_name": "Grace", "from_email": "grace@example.com"}`,
		response: `{"success": true, "data": {"id": 44, "status": "draft"}}`,
		want:     funnel.CampaignID(44),
	},
	{
		method: "Campaigns.Update",
		args: []any{funnel.CampaignID(44), funnel.CampaignUpdateParams{
			Name: funnel.Ptr("Relaunch"), Subject: funnel.Ptr("It is back"), FromName: funnel.Ptr("Mary"), FromEmail: funnel.Ptr("mary@example.com"),
		}},
		request: "PUT /campaign",
		body:    `{"campaign_id": 44, "name": "Relaunch", "subject": "It is back", "from_name": "Mary", "from_email": "mary@example.com"}`,
	},
	{
		method:  "Campaigns.Delete",
		args:    []any{funnel.CampaignID(44)},
		request: "DELETE /campaign",
		body:    `{"campaign_id": 44}`,
	},
	{
		method:  "Campaigns.Schedule",
		args:    []any{funnel.CampaignID(44), time.Date(2025, 4, 9, 9, 30, 0, 987, time.FixedZone("", 2*60*60))},
		request: "POST /campaign-schedule",
		body:    `{"campaign_id": 44, "scheduled_for": "2025-04-09T07:30:00Z"}`,
	},
	{
		method:  "Campaigns.Unschedule",
		args:    []any{funnel.CampaignID(44)},
		request: "DELETE /campaign-schedule",
		body:    `{"campaign_id": 44}`,
	},

	// Webhooks.
	{
		method:  "Webhooks.List",
		request: "GET /webhooks",
		response: `{"success": true, "data": [{"id": 3, "url": "https://hooks.example.com/wolfeo", "active": true,
			"created_at": "2025-03-09T08:15:00.000250Z"}]}`,
		want: []funnel.Webhook{{ID: 3, URL: "https://hooks.example.com/wolfeo", Active: true, CreatedAt: morning}},
	},
	{
		method:  "Webhooks.Create",
		args:    []any{funnel.WebhookCreateParams{URL: "https://hooks.example.com/wolfeo"}},
		request: "POST /webhook",
		body:    `{"url": "https://hooks.example.com/wolfeo"}`,
		response: `{"success": true, "data": {"id": 3, "url": "https://hooks.example.com/wolfeo", "active": true,
			"secret": "` + sampleSecret + `"}}`,
		want: &funnel.Webhook{ID: 3, URL: "https://hooks.example.com/wolfeo", Active: true, Secret: sampleSecret},
	},
	{
		method:  "Webhooks.Delete",
		args:    []any{funnel.WebhookID(3)},
		request: "DELETE /webhook",
		body:    `{"webhook_id": 3}`,
	},

	// Orders, transactions and subscriptions.
	{
		method: "Orders.List",
		args: []any{funnel.OrderListParams{
			Page: 2, PerPage: 25, Status: funnel.OrderRefunded, Period: funnel.PeriodBetween, Range: march,
		}},
		request: "GET /orders?page=2&per_page=25&period=between&range=2025-03-01to2025-03-31&status=refunded",
		response: `{"success": true, "data": [{"id": 1801, "id_order": "WO-7F3-1741508100", "id_customer": 702, "email": "ada@example.com",
			"firstname": "Ada", "lastname": "Byron", "type": "PayPal", "status": "refunded", "amount": 129.90, "currency": "CHF",
			"created_at": "2025-03-09T08:15:00.000250Z"}], ` + meta + `}`,
		want: page(funnel.Order{
			ID: 1801, IDOrder: "WO-7F3-1741508100", IDCustomer: 702, Email: "ada@example.com", Firstname: "Ada", Lastname: "Byron", Type: "PayPal",
			Status: funnel.OrderRefunded, Amount: "129.90", Currency: "CHF", CreatedAt: morning,
		}),
	},
	{
		method:  "Orders.Get",
		args:    []any{"WO-7F3-1741508100"},
		request: "GET /order?id_order=WO-7F3-1741508100",
		response: `{"success": true, "data": {"id": 1801, "id_order": "WO-7F3-1741508100", "id_customer": 702, "email": "ada@example.com",
			"firstname": "Ada", "lastname": "Byron", "type": "PayPal", "status": "waiting", "amount": "129.90", "currency": "CHF",
			"created_at": "2025-03-09T08:15:00.000250Z"}}`,
		want: &funnel.Order{
			ID: 1801, IDOrder: "WO-7F3-1741508100", IDCustomer: 702, Email: "ada@example.com", Firstname: "Ada", Lastname: "Byron", Type: "PayPal",
			Status: funnel.OrderWaiting, Amount: "129.90", Currency: "CHF", CreatedAt: morning,
		},
	},
	{
		method:   "Orders.SalesAmount",
		args:     []any{funnel.PeriodParams{Period: funnel.PeriodBetween, Range: march}},
		request:  "GET /sales-amount?period=between&range=2025-03-01to2025-03-31",
		response: `{"success": true, "data": {"amount": 10450.05}}`,
		want:     funnel.Decimal("10450.05"),
	},
	{
		method:  "Transactions.List",
		args:    []any{funnel.TransactionListParams{Page: 2, PerPage: 25, Period: funnel.PeriodBetween, Range: march}},
		request: "GET /transactions?page=2&per_page=25&period=between&range=2025-03-01to2025-03-31",
		response: `{"success": true, "data": [{"id": 960, "id_transaction": "pay_3Kd81", "id_order": "WO-7F3-1741508100", "id_invoice": 33,
			"id_customer": 702, "status": "processing", "type": "one_time", "amount": 9.05, "currency": "CHF",
			"created_at": "2025-03-09T08:15:00.000250Z"}], ` + meta + `}`,
		want: page(funnel.Transaction{
			ID: 960, IDTransaction: "pay_3Kd81", IDOrder: "WO-7F3-1741508100", IDInvoice: 33, IDCustomer: 702, Status: funnel.TransactionProcessing,
			Type: "one_time", Amount: "9.05", Currency: "CHF", CreatedAt: morning,
		}),
	},
	{
		method: "Subscriptions.List",
		args: []any{funnel.SubscriptionListParams{
			Page: 2, PerPage: 25, Status: funnel.SubscriptionActive, Period: funnel.PeriodBetween, Range: march,
		}},
		request: "GET /subscriptions?page=2&per_page=25&period=between&range=2025-03-01to2025-03-31&status=active",
		response: `{"success": true, "data": [{"id": 14, "id_customer": 702, "email": "ada@example.com", "firstname": "Ada", "lastname": "Byron",
			"status": "active", "name": "Club", "amount": 19.00, "currency": "CHF", "payment_source": "paypal", "rate": "3 month(s)",
			"trial": true, "payments_left": 4, "rebill_date": "2025-04-09 00:00:00", "created_at": "2025-03-09T08:15:00.000250Z"}], ` + meta + `}`,
		want: page(funnel.Subscription{
			ID: 14, IDCustomer: 702, Email: "ada@example.com", Firstname: "Ada", Lastname: "Byron", Status: funnel.SubscriptionActive, Name: "Club",
			Amount: "19.00", Currency: "CHF", PaymentSource: "paypal", Rate: "3 month(s)", Trial: true,
			PaymentsLeft: funnel.PaymentsLeft{Count: funnel.Ptr(4)}, RebillDate: nextMonth, CreatedAt: morning,
		}),
	},
}
