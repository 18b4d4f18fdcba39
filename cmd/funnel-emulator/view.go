package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A view is the content of the page.
type view struct {
	BaseURL string
	Ahead   string // how far the clock is ahead; empty: it is not
	Quota   quota

	Counts []count
	Items  *items // of the resource that was clicked, or nil

	Kinds  []faultKind
	Spans  []span
	Faults []faultView

	Deliveries []deliveryView

	Requests []entry
	Request  *entry // the one that was clicked, or nil

	query url.Values
}

// A count is how many items a resource has.
type count struct {
	Name   string
	Label  string
	Number int
}

// A quota is the state of the rate limit.
type quota struct {
	Limit, Used, Left int
	Window            string // of the limit
	Seconds           int    // to its end; zero: none is open
}

// The page's query parameters.
const (
	askedResource = "resource"
	askedRequest  = "request"
)

func (e *emulator) view(r *http.Request, now time.Time) (view, error) {
	v := view{
		BaseURL:    "http://" + r.Host + basePath,
		Kinds:      faultKinds(),
		Spans:      spans(),
		Faults:     e.faults.list(),
		Deliveries: e.deliveries(),
		Requests:   e.journal.list(),
		query:      r.URL.Query(),
	}
	if ahead := time.Duration(e.clock.ahead.Load()); ahead > 0 {
		v.Ahead = ahead.String()
	}
	counts := e.api.Counts()
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		v.Counts = append(v.Counts, count{name, label(name), counts[name]})
	}
	if resource := v.query.Get(askedResource); resource != "" {
		var err error
		if v.Items, err = e.items(resource); err != nil {
			return v, err
		}
	}
	number := v.query.Get(askedRequest)
	if i := slices.IndexFunc(v.Requests, func(e entry) bool { return strconv.Itoa(e.Number) == number }); i >= 0 {
		v.Request = &v.Requests[i]
	}
	q := e.api.Quota()
	v.Quota = quota{Limit: q.Limit, Used: q.Used, Left: q.Limit - q.Used, Window: window(e.ratePer)}
	if !q.Ends.IsZero() {
		v.Quota.Seconds = int((q.Ends.Sub(now) + time.Second - 1) / time.Second)
	}
	return v, nil
}

// ResourceLink returns the page with the items of a resource; without a name,
// with none. A request that is shown stays.
func (v view) ResourceLink(name string) string { return v.link(askedResource, name) }

// RequestLink returns the page with a request; with number 0, with none. Items
// that are shown stay.
func (v view) RequestLink(number int) string {
	if number == 0 {
		return v.link(askedRequest, "")
	}
	return v.link(askedRequest, strconv.Itoa(number))
}

func (v view) link(parameter, value string) string {
	query := url.Values{}
	for _, name := range []string{askedResource, askedRequest} {
		if kept := v.query.Get(name); kept != "" && name != parameter {
			query.Set(name, kept)
		}
	}
	if value == "" {
		return "/?" + query.Encode()
	}
	query.Set(parameter, value)
	return "/?" + query.Encode() + "#" + parameter
}

// label is the name of a resource as text.
func label(resource string) string { return strings.ReplaceAll(resource, "_", " ") }

// window is the page's name of the rate limit's window.
func window(per time.Duration) string {
	if per == time.Minute {
		return "this minute"
	}
	return "in this window of " + per.String()
}

// Level is the style for how the request ended.
func (e entry) Level() string {
	switch {
	case !e.Done:
		return "pending"
	case e.Status == 0 || e.Status >= 500:
		return "error"
	case e.Status >= 400:
		return "warning"
	default:
		return "ok"
	}
}

// Result is the status as text.
func (e entry) Result() string {
	switch {
	case !e.Done:
		return "in progress"
	case e.Status == 0:
		return "no response"
	default:
		return strconv.Itoa(e.Status)
	}
}

// Duration is how long the request took, rounded for people.
func (e entry) Duration() string {
	switch {
	case !e.Done:
		return ""
	case e.Took < time.Millisecond:
		return "< 1 ms"
	case e.Took < time.Second:
		return fmt.Sprintf("%d ms", e.Took.Milliseconds())
	default:
		return fmt.Sprintf("%.1f s", e.Took.Seconds())
	}
}
