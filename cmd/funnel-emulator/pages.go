package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/funnel-go/funnel/api"
)

// assets is the prefix of the program's own paths, which the API will not have.
const assets = "/_emulator/"

//go:embed page
var pageFiles embed.FS

// pages are the paths that are not the API's.
func (e *emulator) pages() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", e.page())
	mux.HandleFunc("POST "+assets+"faults", e.addFault)
	mux.HandleFunc("POST "+assets+"faults/clear", e.clearFaults)
	for _, name := range []string{"style.css", "page.js", "icon.svg"} {
		mux.HandleFunc("GET "+assets+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, pageFiles, "page/"+name)
		})
	}
	mux.Handle("GET /favicon.ico", http.RedirectHandler(assets+"icon.svg", http.StatusSeeOther))
	mux.HandleFunc("GET /openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(api.OpenAPI()) // nobody is left to tell
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	})
	return mux
}

// page shows how things are. The page fetches itself every second and takes
// over what has changed, so that there is one place that draws it.
func (e *emulator) page() http.Handler {
	page := template.Must(template.ParseFS(pageFiles, "page/page.html"))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		if err := page.Execute(&b, e.view(r.Host, time.Now())); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(b.Bytes())
	})
}

// addFault is behind the page's fault buttons.
func (e *emulator) addFault(w http.ResponseWriter, r *http.Request) {
	kind, known := findKind(r.PostFormValue("fault"))
	span, offered := findSpan(r.PostFormValue("span"))
	if !known || !offered {
		http.Error(w, "There is no such fault.", http.StatusBadRequest)
		return
	}
	e.faults.add(kind, span)
	e.log.Info("fault provoked on the page", "fault", kind.Name, "requests", span.Name)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// clearFaults is behind the page's button that ends all faults.
func (e *emulator) clearFaults(w http.ResponseWriter, r *http.Request) {
	e.faults.clear()
	e.log.Info("faults cleared on the page")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// A view is what the page shows.
type view struct {
	BaseURL  string
	Quota    quota
	Counts   []count
	Kinds    []faultKind
	Spans    []span
	Waiting  []string
	Requests []entry
}

// A count is how many there are of a resource.
type count struct {
	Resource string
	Number   int
}

// A quota is the rate limit's state.
type quota struct {
	Limit, Used, Left int
	Window            string // that they are in
	Seconds           int    // to its end; zero: none has begun
}

func (e *emulator) view(host string, now time.Time) view {
	v := view{
		BaseURL:  "http://" + host,
		Kinds:    faultKinds(),
		Spans:    spans(),
		Waiting:  e.faults.list(),
		Requests: e.journal.list(),
	}
	counts := e.api.Counts()
	for _, resource := range slices.Sorted(maps.Keys(counts)) {
		v.Counts = append(v.Counts, count{resource, counts[resource]})
	}
	q := e.api.Quota()
	v.Quota = quota{Limit: q.Limit, Used: q.Used, Left: q.Limit - q.Used, Window: window(e.ratePer)}
	if !q.Ends.IsZero() {
		v.Quota.Seconds = int((q.Ends.Sub(now) + time.Second - 1) / time.Second)
	}
	return v
}

// window is what the page calls the rate limit's window.
func window(per time.Duration) string {
	if per == time.Minute {
		return "this minute"
	}
	return "in this window of " + per.String()
}

// Verdict sorts a request by how it ended.
func (e entry) Verdict() string {
	switch {
	case !e.Done:
		return "waiting"
	case e.Status == 0 || e.Status >= 500:
		return "failed"
	case e.Status >= 400:
		return "refused"
	default:
		return "fine"
	}
}

// Duration is how long the request took, as far as a person cares.
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
