package contracttest_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// The held-out server is written from the vendor's reference alone: it shares
// nothing with the fake, the contract or the samples. All its values are random.

// A row is what the server sends of a resource, by the vendor's names.
type row map[string]any

// heldOut is the server. It refuses unknown and missing parameters.
type heldOut struct {
	mu     sync.Mutex
	random *rand.Rand
	rows   map[string][]row // by the path of the list
	sent   map[string]any   // the parameters of the last request
	last   row              // the data of the last response
}

// The two forms of a time, and an amount with two decimals.
type formA struct{ time.Time }
type formB struct{ time.Time }

func (t formA) MarshalJSON() ([]byte, error) {
	return []byte(t.Format(`"2006-01-02T15:04:05.000000Z"`)), nil
}
func (t formB) MarshalJSON() ([]byte, error) { return []byte(t.Format(`"2006-01-02 15:04:05"`)), nil }

func (h *heldOut) id() int { return 1 + h.random.IntN(1_000_000) }

func (h *heldOut) word() string {
	letters := []rune("abcdefghijklmnopqrstuvwxyzéüßñ ")
	word := []rune{'w'}
	for range 3 + h.random.IntN(12) {
		word = append(word, letters[h.random.IntN(len(letters))])
	}
	return string(word) + "x" // no white space at its ends
}

func (h *heldOut) orNull(value any) any {
	if h.random.IntN(4) == 0 {
		return nil
	}
	return value
}

func (h *heldOut) flag() bool    { return h.random.IntN(2) == 0 }
func (h *heldOut) email() string { return fmt.Sprintf("user%d@example.com", h.id()) }
func (h *heldOut) amount() json.Number {
	return json.Number(fmt.Sprintf("%d.%02d", h.random.IntN(5000), h.random.IntN(100)))
}
func (h *heldOut) oneOf(v ...string) string { return v[h.random.IntN(len(v))] }

func (h *heldOut) time() time.Time {
	return time.Date(2021+h.random.IntN(5), 1, 1, 0, 0, h.random.IntN(30_000_000), h.random.IntN(1_000_000)*1000, time.UTC)
}

func (h *heldOut) ids() []int {
	ids := make([]int, h.random.IntN(4))
	for i := range ids {
		ids[i] = h.id()
	}
	return ids
}

// row returns a random item of a list.
func (h *heldOut) row(list string) row {
	person := row{"id": h.id(), "email": h.email(), "first_name": h.orNull(h.word()), "last_name": h.orNull(h.word())}
	customer := row{
		"id": h.id(), "id_customer": h.id(), "email": h.email(), "firstname": h.orNull(h.word()), "lastname": h.orNull(h.word()),
		"amount": h.amount(), "currency": h.oneOf("EUR", "CHF", "JPY"), "created_at": formA{h.time()},
	}
	with := func(base, more row) row {
		for name, value := range more {
			base[name] = value
		}
		return base
	}
	switch list {
	case "/contacts":
		return with(person, row{"email_marketing": h.flag(), "gdpr": h.flag(), "created_at": formA{h.time()}})
	case "/tags-contacts":
		return person
	case "/tags", "/contacts-tags":
		return row{"id": h.id(), "name": h.word(), "created_at": formB{h.time().Truncate(time.Second)}}
	case "/custom-fields":
		if h.flag() {
			return row{"id": h.id(), "name": h.word(), "type": "select", "values": h.word() + "," + h.word()}
		}
		return row{"id": h.id(), "name": h.word(), "type": h.oneOf("text", "date"), "values": nil}
	case "/sequences":
		return row{"id": h.id(), "name": h.word(), "type": h.oneOf("normal", "inverted", "other")}
	case "/funnels":
		funnel := row{"id": h.id(), "name": h.word(), "type": h.random.IntN(5)}
		steps := []row{}
		for i := range h.random.IntN(4) {
			steps = append(steps, row{"id": h.id(), "funnel_id": funnel["id"], "name": h.word(), "path": h.word(), "order": i + 1, "type": h.random.IntN(9)})
		}
		return with(funnel, row{"steps": steps})
	case "/campaigns":
		return row{
			"id": h.id(), "name": h.word(), "subject": h.orNull(h.word()), "from_name": h.orNull(h.word()), "from_email": h.orNull(h.email()),
			"status": h.oneOf("draft", "sending", "sent", "scheduled", "error", "paused"), "sent_to": h.id(), "recipients_count": h.id(),
			"sent_at": h.orNull(formA{h.time()}), "scheduled_for": h.orNull(formA{h.time()}), "created_at": formA{h.time()},
		}
	case "/webhooks":
		return row{"id": h.id(), "url": fmt.Sprintf("https://%d.example.com/hook", h.id()), "active": h.flag(), "created_at": formA{h.time()}}
	case "/orders":
		return with(customer, row{"id_order": h.word(), "type": h.oneOf("Stripe", "PayPal"), "status": h.oneOf("completed", "waiting", "cancelled", "refunded")})
	case "/transactions":
		return row{
			"id": h.id(), "id_transaction": h.word(), "id_order": h.word(), "id_invoice": h.id(), "id_customer": h.id(), "type": h.word(),
			"status": h.oneOf("waiting", "processing", "completed", "refunded", "cancelled", "error"), "amount": h.amount(), "currency": "USD", "created_at": formA{h.time()},
		}
	default: // "/subscriptions"
		left := []any{"unlimited", h.id(), nil}
		return with(customer, row{
			"status": h.oneOf("active", "inactive", "error"), "name": h.word(), "payment_source": h.word(), "rate": h.word(), "trial": h.flag(),
			"payments_left": left[h.random.IntN(3)], "rebill_date": h.orNull(formB{h.time().Truncate(time.Second)}),
		})
	}
}

var (
	paged   = []string{"/contacts", "/tags", "/tags-contacts", "/sequences", "/funnels", "/campaigns", "/orders", "/transactions", "/subscriptions"}
	unpaged = []string{"/contacts-tags", "/custom-fields", "/webhooks"}
)

// vendorParams are the parameters of each operation: * is required, and one of
// contact_id and email is required where both are listed without a star.
var vendorParams = map[string]string{
	"GET /contacts": "period range page per_page", "GET /contact": "contact_id email",
	"POST /contact": "email* first_name last_name email_marketing gdpr tag_ids sequence_ids",
	"PUT /contact":  "contact_id email first_name last_name email_marketing gdpr", "DELETE /contact": "contact_id email",
	"GET /contacts-tags": "contact_id email", "PUT /contact-custom-field": "contact_id email custom_field_id* value*",
	"POST /contact-tag": "contact_id email tag_id*", "DELETE /contact-tag": "contact_id email tag_id*",
	"POST /contact-sequence": "contact_id email sequence_id*", "DELETE /contact-sequence": "contact_id email sequence_id*",
	"GET /custom-fields": "", "GET /tags": "page per_page", "GET /tags-contacts": "tag_id* page per_page",
	"POST /tag": "name*", "PUT /tag": "tag_id* name", "DELETE /tag": "tag_id*",
	"GET /sequences": "page per_page", "POST /sequence": "name* type", "PUT /sequence": "sequence_id* name type", "DELETE /sequence": "sequence_id*",
	"POST /sequence-stage": "sequence_id* name stage_type time_value time_type", "PUT /sequence-stage": "stage_id* name stage_type time_value time_type",
	"DELETE /sequence-stage": "stage_id*", "PUT /sequence-stage-content": "stage_id* subject body",
	"GET /funnels": "page per_page", "POST /funnel": "name* type", "PUT /funnel": "funnel_id* name type", "DELETE /funnel": "funnel_id*",
	"POST /funnel-step": "funnel_id* name* type", "PUT /funnel-step": "step_id* name path", "DELETE /funnel-step": "step_id*",
	"GET /campaigns": "status period range page per_page", "GET /campaign": "campaign_id*",
	"POST /campaign": "name* subject from_name from_email", "PUT /campaign": "campaign_id* name subject from_name from_email", "DELETE /campaign": "campaign_id*",
	"POST /campaign-schedule": "campaign_id* scheduled_for*", "DELETE /campaign-schedule": "campaign_id*",
	"GET /webhooks": "", "POST /webhook": "url*", "DELETE /webhook": "webhook_id*",
	"GET /orders": "period range status page per_page", "GET /order": "id_order*", "GET /sales-amount": "period range",
	"GET /transactions": "period range page per_page", "GET /subscriptions": "period range status page per_page",
}

// refuse returns why a request is wrong, or "".
func (h *heldOut) refuse(r *http.Request, operation string) string {
	names, known := vendorParams[operation]
	h.sent = make(map[string]any)
	switch {
	case !known:
		return "no such operation"
	case r.Header.Get("Authorization") != "Bearer held-out":
		return "no key"
	case r.Method == http.MethodGet:
		for name, values := range r.URL.Query() {
			h.sent[name] = values[0]
		}
	default:
		decoder := json.NewDecoder(r.Body)
		decoder.UseNumber()
		if r.URL.RawQuery != "" || r.Header.Get("Content-Type") != "application/json" || decoder.Decode(&h.sent) != nil {
			return "no JSON body"
		}
	}
	for name, value := range h.sent {
		if !slices.Contains(strings.FieldsFunc(names, func(r rune) bool { return r == ' ' || r == '*' }), name) {
			return "unknown parameter " + name
		}
		_, isNumber := value.(json.Number)
		wantNumber := r.Method != http.MethodGet && (strings.HasSuffix(name, "_id") || strings.HasPrefix(name, "time_") || name == "type" && r.URL.Path != "/v1/sequence")
		_, isFlag := value.(bool)
		if wantNumber != isNumber || isFlag != (name == "gdpr" || name == "email_marketing") {
			return "another type of " + name
		}
	}
	for name := range strings.FieldsSeq(names) {
		if required, ok := strings.CutSuffix(name, "*"); ok && h.sent[required] == nil {
			return "no " + required
		}
	}
	if strings.HasPrefix(names, "contact_id email") && (h.sent["contact_id"] == nil) == (h.sent["email"] == nil) {
		return "not one of contact_id and email"
	}
	if days, ok := h.sent["range"].(string); ok && (h.sent["period"] != "between" || !regexp.MustCompile(`^\d{4}-\d\d-\d\dto\d{4}-\d\d-\d\d$`).MatchString(days)) {
		return "a malformed range"
	}
	return ""
}

// ServeHTTP implements [http.Handler].
func (h *heldOut) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v1")
	body := map[string]any{"success": true}
	w.Header().Set("Content-Type", "application/json")
	if wrong := h.refuse(r, r.Method+" "+path); wrong != "" {
		w.WriteHeader(http.StatusUnprocessableEntity)
		body = map[string]any{"success": false, "error": map[string]any{"code": "VALIDATION_ERROR", "message": wrong, "details": map[string]any{}}}
		_ = json.NewEncoder(w).Encode(body)
		return
	}
	switch rows, isList := h.rows[path]; {
	case r.Method == http.MethodGet && slices.Contains(paged, path):
		number, size := 1, 50
		if page, ok := h.sent["page"].(string); ok {
			number, _ = strconv.Atoi(page)
		}
		if perPage, ok := h.sent["per_page"].(string); ok {
			size, _ = strconv.Atoi(perPage)
		}
		from, to := min((number-1)*size, len(rows)), min(number*size, len(rows))
		body["data"] = rows[from:to]
		body["meta"] = row{"current_page": number, "last_page": (len(rows) + size - 1) / size, "per_page": size, "total": len(rows)}
	case isList:
		body["data"] = rows
	default:
		h.last = h.data(r.Method, path)
		if h.last != nil {
			body["data"] = h.last
		} else if h.flag() {
			return // no body: it is a success
		}
	}
	if r.Method == http.MethodPost && !strings.HasPrefix(path, "/contact-") && path != "/campaign-schedule" {
		w.WriteHeader(http.StatusCreated)
	}
	_ = json.NewEncoder(w).Encode(body)
}

// data returns the data of a response that is no list.
func (h *heldOut) data(method, path string) row {
	sent := func(name string, fallback any) any {
		if value, ok := h.sent[name]; ok {
			return value
		}
		return fallback
	}
	switch method + " " + path {
	case "GET /contact":
		one := h.row("/contacts")
		one["tags"], one["sequences"] = h.ids(), h.ids()
		if id, ok := h.sent["contact_id"]; ok {
			one["id"] = json.Number(id.(string))
		} else {
			one["email"] = h.sent["email"]
		}
		return one
	case "GET /campaign":
		one := h.row("/campaigns")
		one["id"] = json.Number(h.sent["campaign_id"].(string))
		return one
	case "GET /order":
		one := h.row("/orders")
		one["id_order"] = h.sent["id_order"]
		return one
	case "GET /sales-amount":
		return row{"amount": h.amount()}
	case "POST /contact":
		return row{"id": h.id()}
	case "POST /tag":
		return row{"id": h.id(), "name": h.sent["name"]}
	case "POST /sequence":
		return row{"id": h.id(), "name": h.sent["name"], "type": sent("type", "normal")}
	case "POST /sequence-stage":
		return row{
			"id": h.id(), "sequence_id": h.sent["sequence_id"], "step": h.id(), "name": sent("name", "Step 7"), "stage_type": sent("stage_type", "action"),
			"time_value": sent("time_value", 1), "time_type": sent("time_type", 86400),
		}
	case "POST /funnel":
		return row{"id": h.id(), "name": h.sent["name"], "type": sent("type", 0)}
	case "POST /funnel-step":
		return row{"id": h.id(), "funnel_id": h.sent["funnel_id"], "name": h.sent["name"], "path": h.word(), "order": h.id()}
	case "POST /campaign":
		return row{"id": h.id(), "status": "draft"}
	case "POST /webhook":
		return row{"id": h.id(), "url": h.sent["url"], "active": true, "secret": h.word()}
	case "POST /contact-tag":
		return row{"contact_id": h.id(), "tag_id": h.sent["tag_id"]}
	case "POST /contact-sequence":
		return row{"contact_id": h.id(), "sequence_id": h.sent["sequence_id"]}
	case "PUT /contact-custom-field":
		return row{"contact_id": h.id(), "custom_field_id": h.sent["custom_field_id"], "value": h.sent["value"]}
	}
	if h.flag() { // a PUT or DELETE, whose response was not seen
		return nil
	}
	return row{"id": h.id()}
}

// Every method of the SDK works against the held-out server, and loses no field.
func TestHeldOut_EveryMethod(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			h := &heldOut{random: rand.New(rand.NewPCG(seed, 2026)), rows: make(map[string][]row)}
			for _, list := range slices.Concat(paged, unpaged) {
				for range 137 { // two pages of 100
					h.rows[list] = append(h.rows[list], h.row(list))
				}
			}
			server := httptest.NewServer(h)
			defer server.Close()
			client, err := funnel.New("held-out", funnel.WithBaseURL(server.URL+"/v1"))
			require.NoError(t, err)
			known := make(map[string]bool) // the server does not have what was added after it
			for _, op := range document(t).Operations {
				if _, ok := vendorParams[op.String()]; ok {
					for _, method := range op.SDK {
						known[method] = true
					}
				}
			}
			require.Greater(t, len(known), 50)
			called := make(map[string]bool)
			for _, c := range h.calls() {
				if !known[c.method] {
					continue
				}
				called[c.method] = true
				got, err := invoke(funnel.WithoutRetry(t.Context()), client, c.method, c.args...)
				require.NoError(t, err, c.method)
				h.checkResult(t, c, got)
			}
			for name := range known {
				require.True(t, called[name], "%s was not called", name)
			}
		})
	}
}

// A call is a method of the SDK with arguments, and the list that it reads.
type call struct {
	method string
	args   []any
	list   string // "": the result is the data of the last response
}

// calls returns a call of every method: those of the samples, and those that are
// built on them.
func (h *heldOut) calls() []call {
	name := func(list string) string { return h.rows[list][h.random.IntN(len(h.rows[list]))]["name"].(string) }
	contact := funnel.ContactCreateParams{Email: h.email(), FirstName: h.word(), TagIDs: []funnel.TagID{funnel.TagID(h.id())}}
	contacts := slices.Values([]funnel.ContactCreateParams{contact})
	calls := []call{
		{"Contacts.All", []any{funnel.ContactListParams{Period: funnel.PeriodLast30Days}}, "/contacts"},
		{"Contacts.Get", []any{funnel.Email(h.email())}, ""},
		{"Contacts.Upsert", []any{contact}, ""},
		{"Contacts.CreateAll", []any{contacts}, ""},
		{"Contacts.UpsertAll", []any{contacts}, ""},
		{"CustomFields.GetByName", []any{name("/custom-fields")}, "/custom-fields"},
		{"Tags.All", []any{funnel.TagListParams{}}, "/tags"},
		{"Tags.AllContacts", []any{funnel.TagID(h.id())}, "/tags-contacts"},
		{"Tags.Ensure", []any{name("/tags"), h.word()}, ""},
		{"Sequences.All", []any{funnel.SequenceListParams{}}, "/sequences"},
		{"Sequences.GetByName", []any{name("/sequences")}, "/sequences"},
		{"Sequences.CreateStage", []any{funnel.StageCreateParams{SequenceID: funnel.SequenceID(h.id())}}, ""},
		{"Funnels.All", []any{funnel.FunnelListParams{}}, "/funnels"},
		{"Campaigns.All", []any{funnel.CampaignListParams{Status: "paused"}}, "/campaigns"},
		{"Orders.All", []any{funnel.OrderListParams{}}, "/orders"},
		{"Transactions.All", []any{funnel.TransactionListParams{}}, "/transactions"},
		{"Subscriptions.All", []any{funnel.SubscriptionListParams{}}, "/subscriptions"},
	}
	for _, s := range samples {
		list := strings.TrimPrefix(s.operation(), "GET ")
		if h.rows[list] == nil {
			list = ""
		}
		calls = append(calls, call{s.method, s.args, list})
	}
	return calls
}

// checkResult compares a result with the rows that the server has sent.
func (h *heldOut) checkResult(t *testing.T, c call, got any) {
	t.Helper()
	v := reflect.ValueOf(got)
	switch {
	case got == nil: // only an error
	case c.method == "Tags.Ensure":
		require.Equal(t, fmt.Sprint(h.last["id"]), fmt.Sprint(got.(map[string]funnel.TagID)[c.args[1].(string)]))
	case strings.HasSuffix(c.method, "GetByName"):
		for _, want := range h.rows[c.list] {
			if want["name"] == c.args[0] {
				same(t, c.method, want, v.Elem())
			}
		}
	case v.Kind() == reflect.Func: // an iterator
		n := 0
		if c.list == "" {
			for result := range v.Seq() {
				require.Equal(t, fmt.Sprint(h.last["id"]), fmt.Sprint(result.FieldByName("Value")))
				n++
			}
			require.Equal(t, 1, n)
			return
		}
		for item, err := range v.Seq2() {
			require.True(t, err.IsNil(), c.method)
			same(t, c.method, h.rows[c.list][n], item.Elem())
			n++
		}
		require.Equal(t, len(h.rows[c.list]), n, c.method)
	case pageItems(reflect.Indirect(v)).IsValid(): // the second page of 25
		items := pageItems(v.Elem())
		require.Equal(t, 25, items.Len(), c.method)
		for i := range items.Len() {
			same(t, c.method, h.rows[c.list][25+i], items.Index(i))
		}
	case v.Kind() == reflect.Slice:
		require.Equal(t, len(h.rows[c.list]), v.Len(), c.method)
		for i := range v.Len() {
			same(t, c.method, h.rows[c.list][i], v.Index(i))
		}
	case v.Kind() == reflect.Pointer:
		same(t, c.method, h.last, v.Elem())
	case c.method == "Orders.SalesAmount":
		require.Equal(t, fmt.Sprint(h.last["amount"]), fmt.Sprint(got))
	default: // an id
		require.Equal(t, fmt.Sprint(h.last["id"]), fmt.Sprint(got), c.method)
	}
}

// same compares a row with a struct, field by field. A field that the row does not
// have is zero, and every value of the row has a field.
func same(t *testing.T, where string, want row, got reflect.Value) {
	t.Helper()
	compared := 0
	for _, field := range reflect.VisibleFields(got.Type()) {
		name, v := snake(field.Name), got.FieldByIndex(field.Index)
		value, ok := want[name]
		if ok {
			compared++
		}
		at := where + ": " + name
		if value == nil {
			require.True(t, v.IsZero(), at)
			continue
		}
		switch v := v.Interface().(type) {
		case funnel.Timestamp:
			a, _ := value.(formA)
			b, _ := value.(formB)
			require.True(t, v.Equal(a.Time) || v.Equal(b.Time), "%s: %s, %s", at, value, v)
		case funnel.PaymentsLeft:
			if value == "unlimited" {
				require.Equal(t, funnel.PaymentsLeft{Unlimited: true}, v, at)
			} else {
				require.Equal(t, funnel.PaymentsLeft{Count: funnel.Ptr(value.(int))}, v, at)
			}
		case []string:
			require.Equal(t, value, strings.Join(v, ","), at)
		case []funnel.Step:
			require.Len(t, v, len(value.([]row)), at)
			for i := range v {
				same(t, at, value.([]row)[i], reflect.ValueOf(v[i]))
			}
		default:
			require.Equal(t, fmt.Sprint(value), fmt.Sprint(v), at)
		}
	}
	require.Equal(t, len(want), compared, "%s: the struct does not have every field of %v", where, want)
}

// snake is a Go name as the vendor spells it: "FirstName" is first_name and
// "IDOrder" is id_order.
func snake(name string) string {
	return strings.ToLower(regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`).ReplaceAllString(name, "${1}${3}_${2}${4}"))
}
