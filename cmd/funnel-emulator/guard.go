package main

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// maxForm is more than any form of the page needs.
const maxForm = 4 << 10

// guard keeps the pages of other sites away from this one. They can make a
// browser send requests here, and by DNS rebinding even as if they came from
// here; the API itself is safe from that by its key.
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

// cannotBeRebound tells whether the host that a browser asked for is one that
// no stranger's DNS can point here: an address, localhost, or the name that
// the user has given.
func cannotBeRebound(host, name string) bool {
	asked := (&url.URL{Host: host}).Hostname()
	if _, err := netip.ParseAddr(asked); err == nil {
		return true
	}
	return asked != "" && (strings.EqualFold(asked, "localhost") || strings.EqualFold(asked, name))
}
