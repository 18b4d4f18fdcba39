package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/funnel-go/funnel"
)

// maxRequests bounds the requests of a run, those of the cleanup included.
const maxRequests = 60

var errTooMany = fmt.Errorf("not sent: the run has made %d requests, its maximum", maxRequests)

// A doctor makes the checks, one after the other.
type doctor struct {
	client   *funnel.Client
	contract *contract
	report   report
	progress func(request int, operation string)

	values  map[string]bool // the letters of every text that the server has sent
	first   funnel.Response
	missing map[string]bool // the operations that the server does not have
	created []created       // and not yet deleted
	left    []string        // what could not be deleted

	name        string               // of everything that is created
	customField funnel.CustomFieldID // of type text; 0: there is none
	webhookURL  string               // "": no webhook is created
}

// namePrefix begins the names of everything that is created.
const namePrefix = "funnel-doctor-"

func newDoctor(client *funnel.Client, contract *contract, s settings) *doctor {
	return &doctor{
		client:     client,
		contract:   contract,
		report:     report{Writes: s.write, Complete: true},
		progress:   func(int, string) {},
		values:     map[string]bool{},
		missing:    map[string]bool{},
		name:       namePrefix + strings.ToLower(rand.Text()[:10]),
		webhookURL: s.webhookURL,
	}
}

// A check is one request and what the contract expects of its response.
type check struct {
	operation string // "GET /contact"
	about     string // what is special about the request

	// The expected response, unless it is a success.
	status int
	code   string

	// allowed is an error code with which the account, and not the API, prevents a
	// success.
	allowed string

	// unproven is set if a success does not show that the server understands the
	// parameters: a later check reads what was stored.
	unproven bool

	proves []string // the assumptions that verify confirms
	blame  string   // the assumption that another status makes wrong, if the check knows better than the contract

	call   func(context.Context) error
	verify func(response envelope) []difference // what the contract's schemas cannot say; may be nil
}

// run makes a check and adds its result to the report.
func (d *doctor) run(ctx context.Context, k check) {
	if ctx.Err() != nil || d.missing[k.operation] {
		return
	}
	response, err := d.send(ctx, k)
	if response.StatusCode == 0 && ctx.Err() != nil {
		return
	}
	r := d.judge(k, response, err)
	r.Operation, r.Case = k.operation, k.about
	for i := range r.Differences {
		d.contract.change(d.contract.operations[k.operation], &r.Differences[i])
		r.fails = r.fails || r.Differences[i].Assumption == ""
	}
	d.report.Results = append(d.report.Results, r)
}

// send makes the request of a check. If it is rejected by the rate limit, the
// client pauses, and it is sent once more.
func (d *doctor) send(ctx context.Context, k check) (response funnel.Response, err error) {
	for range 2 {
		if d.report.Requests >= maxRequests-len(d.created) {
			return response, errTooMany
		}
		d.progress(d.report.Requests+1, k.operation)
		err = k.call(funnel.WithResponse(funnel.WithoutRetry(ctx), &response))
		d.report.Requests += response.Attempts
		if response.StatusCode != http.StatusTooManyRequests {
			break
		}
	}
	if d.first.StatusCode == 0 {
		d.first = response
	}
	d.remember(parse(response.Body).all)
	return response, err
}

// remember keeps the letters of the texts in a response, for [report.hide].
func (d *doctor) remember(value any) {
	switch value := value.(type) {
	case string:
		d.values[plain(value)] = true
	case []any:
		for _, item := range value {
			d.remember(item)
		}
	case node:
		for _, item := range value {
			d.remember(item)
		}
	}
}

// judge compares a response with the contract. err is that of the SDK; it is never
// shown, because it may quote the response.
func (d *doctor) judge(k check, response funnel.Response, err error) *result {
	op := d.contract.operations[k.operation]
	parsed := parse(response.Body)
	expected := k.status
	if k.code == "" {
		expected = op.success
		if op.method != http.MethodGet && expected == http.StatusOK && response.StatusCode/100 == 2 {
			expected = response.StatusCode // no page shows the status of such a write
		}
	}
	switch {
	case response.StatusCode == 0:
		return &result{Outcome: unavailable, Note: noResponse(err), fails: true}
	case isNoRoute(response, parsed) && (k.code == "" || response.StatusCode != expected):
		d.missing[k.operation] = true
		return &result{Outcome: unavailable, Differences: []difference{{
			Field: "route", Expected: "the operation", Found: fmt.Sprint(response.StatusCode), Assumption: op.assumption,
		}}}
	case response.StatusCode == http.StatusForbidden && parsed.code == string(funnel.ErrForbidden):
		return &result{Outcome: unavailable, Note: "the API key has no access"}
	case response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= http.StatusInternalServerError:
		return &result{Outcome: unavailable, Note: fmt.Sprint("status ", response.StatusCode), fails: true}
	case k.allowed != "" && parsed.code == k.allowed:
		return &result{Outcome: untestable, Note: k.allowed}
	case response.StatusCode != expected:
		return &result{Outcome: differs, Differences: []difference{d.status(op, k, response.StatusCode, expected, parsed)}}
	}

	found := d.shape(op, expected, response)
	switch {
	case len(found) > 0:
	case k.code != "" && parsed.code != k.code:
		found = []difference{{
			Field: "error.code", Expected: k.code, Found: d.contract.knownCode(parsed.code),
			Assumption: assumptionOf(d.contract.response(op, expected)), Change: "errors.go",
		}}
	case k.code == "" && err != nil:
		found = []difference{{Field: "body", Expected: "a response that the SDK accepts", Found: "another"}}
	case k.verify != nil:
		found = k.verify(parsed)
	}
	if len(found) > 0 {
		return &result{Outcome: differs, Differences: found}
	}
	if list, ok := parsed.data.([]any); ok && len(list) == 0 {
		return &result{Outcome: untestable, Note: "the list is empty"}
	}
	names := append(d.contract.confirmed(op, expected, !k.unproven), k.proves...)
	if slices.SortFunc(names, byNumber); len(names) > 0 {
		return &result{Outcome: confirmed, Assumptions: slices.Compact(names)}
	}
	return &result{Outcome: documented}
}

// shape compares the body of a response. That of a write may be empty if no page
// shows it.
func (d *doctor) shape(op *operation, status int, response funnel.Response) []difference {
	if status/100 == 2 {
		status = op.success
	}
	_, data := below(d.contract.response(op, status), "content", "application/json", "schema")["allOf"]
	if len(response.Body) == 0 && status/100 == 2 && !data {
		return nil
	}
	return d.contract.compare(op, status, response.Header, response.Body)
}

// status is the difference between two statuses.
func (d *doctor) status(op *operation, k check, got, want int, parsed envelope) difference {
	found := fmt.Sprint(got)
	if got >= http.StatusBadRequest {
		found += " with " + d.contract.knownCode(parsed.code)
	}
	diff := difference{Field: "status", Expected: strings.TrimSpace(fmt.Sprint(want, " ", k.code)), Found: found}
	switch {
	case k.blame != "":
		diff.Assumption = k.blame
	case k.code != "":
		diff.Assumption = assumptionOf(d.contract.response(op, want))
	case got >= http.StatusBadRequest:
		diff.Assumption = d.contract.blame(op, parsed)
	case got/100 == 2:
		diff.Change = "nothing: the SDK accepts every status from 200 to 299"
	}
	return diff
}

// noResponse says why there is no response, in the SDK's own labels. They are in
// lower case; a label in capitals is the code of another response.
func noResponse(err error) string {
	kind := funnel.ErrorKind(err)
	switch {
	case errors.Is(err, errTooMany):
		return err.Error()
	case kind != strings.ToLower(kind):
		return "not sent"
	}
	return "no response: " + kind
}

// isNoRoute reports whether the server does not have the operation.
func isNoRoute(response funnel.Response, parsed envelope) bool {
	switch response.StatusCode {
	case http.StatusMethodNotAllowed:
		return true
	case http.StatusNotFound, http.StatusNotImplemented:
		return parsed.code == ""
	}
	return false
}

// untested adds the result of operations for which there is nothing to test with.
func (d *doctor) untested(ctx context.Context, why string, operations ...string) {
	if ctx.Err() != nil {
		return
	}
	for _, operation := range operations {
		d.report.Results = append(d.report.Results, &result{Operation: operation, Outcome: untestable, Note: why})
	}
}

// headers checks the quota headers of the first response. Those of an error may not
// be the API's.
func (d *doctor) headers() {
	if d.first.StatusCode/100 != 2 {
		return
	}
	r := &result{Operation: "response headers", Outcome: confirmed, Assumptions: []string{"B7"}}
	for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining"} {
		value := d.first.Header.Get(name)
		if _, err := strconv.ParseUint(value, 10, 32); err == nil {
			continue
		}
		diff := difference{Field: "header " + name, Expected: "integer", Found: "nothing", Assumption: "B7"}
		if value != "" {
			diff.Found = "another string"
		}
		for _, other := range slices.Sorted(maps.Keys(d.first.Header)) {
			if value == "" && strings.TrimPrefix(plain(other), "x") == strings.TrimPrefix(plain(name), "x") {
				diff.Instead = append(diff.Instead, other)
			}
		}
		d.contract.change(nil, &diff)
		r.Outcome, r.Assumptions, r.Differences = differs, nil, append(r.Differences, diff)
	}
	d.report.Results = append(d.report.Results, r)
}
