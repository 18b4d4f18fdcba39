package main

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// maxForm bounds the body of a form and of a control request, which may contain an
// event.
const maxForm = 64 << 10

// guard protects the page and the control API from other sites. Their pages can make a browser send
// requests here, and with DNS rebinding these look like the page's own. The API
// does not need this, because it requires its key.
func guard(addr string, next http.Handler) http.Handler {
	name, _, _ := net.SplitHostPort(addr)
	next = http.MaxBytesHandler(next, maxForm)
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" && !cannotBeRebound(r.Host, name) {
			http.Error(w, "This page is served under its IP address, localhost, or the name given as -addr only.", http.StatusMisdirectedRequest)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// cannotBeRebound reports whether the host of a request is one that no foreign
// DNS server can point here: an address, localhost, or the name in -addr.
func cannotBeRebound(host, name string) bool {
	asked := (&url.URL{Host: host}).Hostname()
	if _, err := netip.ParseAddr(asked); err == nil {
		return true
	}
	return asked != "" && (strings.EqualFold(asked, "localhost") || strings.EqualFold(asked, name))
}
