package main

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"

	"github.com/funnel-go/funnel/api"
)

// assets is the prefix of the program's own paths. The API has none below it.
const assets = "/_emulator/"

//go:embed page
var pageFiles embed.FS

// pages serves the paths that are not the API's.
func (e *emulator) pages() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", e.page())
	e.controls(mux)
	for form, handle := range map[string]http.HandlerFunc{
		"faults":       e.addFault,
		"faults/clear": e.clearFault,
		"deliveries":   e.addDelivery,
	} {
		mux.Handle("POST "+assets+"page/"+form, e.local(handle))
	}
	for _, name := range []string{"style.css", "page.js", "icon.svg"} {
		mux.HandleFunc("GET "+assets+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, pageFiles, "page/"+name)
		})
	}
	mux.Handle("GET /favicon.ico", http.RedirectHandler(assets+"icon.svg", http.StatusSeeOther))
	mux.HandleFunc("GET /openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(api.OpenAPI()) // the client is gone: there is nobody to report it to
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	})
	return mux
}

// page renders the page. Its script fetches it every second and replaces what
// has changed, so all rendering is done here.
func (e *emulator) page() http.Handler {
	page := template.Must(template.ParseFS(pageFiles, "page/page.html"))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		view, err := e.view(r, e.clock.now())
		if err == nil {
			err = page.Execute(&b, view)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(b.Bytes())
	})
}

// addFault serves the page's fault buttons.
func (e *emulator) addFault(w http.ResponseWriter, r *http.Request) {
	kind, known := findKind(r.PostFormValue("fault"))
	span, offered := findSpan(r.PostFormValue("span"))
	if !known || !offered {
		http.Error(w, "There is no such fault.", http.StatusBadRequest)
		return
	}
	fault := kind.fault
	fault.Times = span.times
	e.faults.add(fault, kind.Title+", "+kind.Hint)
	e.log.Info("fault added on the page", "fault", kind.Name, "requests", span.Name)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// clearFault serves the page's button next to a pending fault.
func (e *emulator) clearFault(w http.ResponseWriter, r *http.Request) {
	e.faults.clear(r.PostFormValue("id"))
	e.log.Info("fault cleared on the page")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
