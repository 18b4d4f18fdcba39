package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGuard_ServesHostsThatCannotBeRebound(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]int{
		"127.0.0.1:8080":         200,
		"127.0.0.1":              200,
		"127.9.9.9:1":            200, // a forwarded port, for example
		"[::1]:8080":             200,
		"[::1]":                  200,
		"192.168.1.7:8080":       200,
		"localhost:8080":         200,
		"LocalHost":              200,
		"emulator.test:8080":     200, // the name in -addr
		"Emulator.Test":          200,
		"foreign.example:8080":   421,
		"127.0.0.1.example:8080": 421,
		"localhost.example":      421,
		"xlocalhost":             421,
		"":                       421,
		":8080":                  421,
	} {
		e := newEmulator(newServer(), new(clock), "emulator.test:8080", slog.New(slog.DiscardHandler))
		for _, target := range []string{"/", "/?resource=contacts", "/openapi.yaml", "/_emulator/style.css"} {
			r := httptest.NewRequest(http.MethodGet, target, nil)
			r.Host = host
			require.Equal(t, want, send(e, r).Code, "%s under %q", target, host)
		}
		for _, target := range []string{"/healthz", "/v1/tags"} { // a probe and a client may use any name
			r := httptest.NewRequest(http.MethodGet, target, nil)
			r.Host = host
			r.Header.Set("Authorization", "Bearer "+e.api.APIKey())
			require.Equal(t, http.StatusOK, send(e, r).Code, "%s under %q", target, host)
		}
	}
}

func TestGuard_AddressWithoutNameAllowsNone(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{":8080", "", "127.0.0.1:8080"} {
		e := newEmulator(newServer(), new(clock), addr, slog.New(slog.DiscardHandler))
		for _, host := range []string{"", ":8080", "foreign.example"} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Host = host
			require.Equal(t, http.StatusMisdirectedRequest, send(e, r).Code, "%q under %q", addr, host)
		}
	}
}

func TestGuard_OtherSitesCannotPost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		site, origin string
		want         int
	}{
		"the page":                     {"same-origin", "http://127.0.0.1:8080", 303},
		"the page, an old browser":     {"", "http://127.0.0.1:8080", 303},
		"a program that is no browser": {"", "", 303},
		"another site":                 {"cross-site", "https://foreign.example", 403},
		"another port":                 {"same-site", "http://127.0.0.1:9090", 403},
		"another port, an old browser": {"", "http://127.0.0.1:9090", 403},
		"a sandboxed frame":            {"", "null", 403},
	} {
		e := quiet()
		callAPI(e, http.MethodPost, "/v1/webhook", `{"url":"https://example.com/hook"}`)
		for _, target := range []string{"/_emulator/page/faults", "/_emulator/page/faults/clear", "/_emulator/page/deliveries"} {
			r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8080"+target, strings.NewReader("fault=500&span=all&event=1"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if tt.site != "" {
				r.Header.Set("Sec-Fetch-Site", tt.site)
			}
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			require.Equal(t, tt.want, sendLocally(e, r).Code, "%s to %s", name, target)
		}
		effects := 0
		if tt.want == http.StatusSeeOther {
			effects = 1
		}
		require.Len(t, e.faults.list(), effects, name)
		require.Len(t, e.api.Deliveries(), effects, name)
	}
}

func TestGuard_PageCannotBeFramedOrRead(t *testing.T) {
	t.Parallel()
	header := ask(quiet(), "/").Header()
	require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	require.NotContains(t, header.Get("Content-Security-Policy"), "unsafe")
	require.Equal(t, "DENY", header.Get("X-Frame-Options"))
	require.Equal(t, "same-origin", header.Get("Cross-Origin-Resource-Policy"))
	require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", header.Get("Cache-Control"))
	require.Empty(t, header.Get("Access-Control-Allow-Origin"))
}

// A website that a developer visits cannot drive the control API; a script can.
func TestGuard_OtherSitesCannotControl(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		host, site, origin string
		want               int
	}{
		"a script":              {"127.0.0.1:8080", "", "", 201},
		"another site":          {"127.0.0.1:8080", "cross-site", "https://foreign.example", 403},
		"an old browser":        {"127.0.0.1:8080", "", "https://foreign.example", 403},
		"a rebound name":        {"foreign.example:8080", "same-origin", "http://foreign.example:8080", 421},
		"a script, by any name": {"foreign.example:8080", "", "", 421},
	} {
		e := quiet()
		r := httptest.NewRequest(http.MethodPost, "/_emulator/faults", strings.NewReader(`{"status":500}`))
		r.Host = tt.host
		for header, value := range map[string]string{"Sec-Fetch-Site": tt.site, "Origin": tt.origin} {
			if value != "" {
				r.Header.Set(header, value)
			}
		}
		require.Equal(t, tt.want, sendLocally(e, r).Code, name)
		require.Equal(t, tt.want == http.StatusCreated, len(e.faults.list()) == 1, name)
	}
}
