package funnel_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

func TestWithKey_SendsItsOwnKey(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
	parent := api.client(t, funnel.WithUserAgent("agency/1"))
	child, err := parent.WithKey("key-of-the-child")
	require.NoError(t, err)
	require.NoError(t, getContact.call(t.Context(), child))
	require.NoError(t, getContact.call(t.Context(), parent))
	require.Equal(t, "Bearer key-of-the-child", api.requests()[0].Header.Get("Authorization"))
	require.Equal(t, "Bearer "+testKey, api.requests()[1].Header.Get("Authorization"))
	require.Equal(t, "agency/1", api.requests()[0].Header.Get("User-Agent"), "options are shared")
}

func TestWithKey_PausesAndQuotaAreItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodGet, "/contact", func(req *http.Request) (*http.Response, error) {
			if req.Header.Get("Authorization") == "Bearer "+testKey {
				return tooMany("X-RateLimit-Remaining", "0")(req)
			}
			return data(seven)(req)
		})
		parent := api.client(t)
		child, err := parent.WithKey("key-of-the-child")
		require.NoError(t, err)
		require.ErrorIs(t, getContact.call(funnel.WithoutRetry(t.Context()), parent), funnel.ErrRateLimited)
		require.False(t, parent.RateLimit().PausedUntil.IsZero())
		start := time.Now()
		require.NoError(t, getContact.call(t.Context(), child))
		require.Zero(t, time.Since(start))
		require.Zero(t, child.RateLimit().PausedUntil)
	})
}

func TestWithKey_NeverUsesTheCookieJar(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	base, err := url.Parse(testBaseURL)
	require.NoError(t, err)
	jar.SetCookies(base, []*http.Cookie{{Name: "session", Value: "of-the-parent"}})
	api := newMockAPI(t).on(http.MethodGet, "/contact", data(seven))
	parent := api.client(t, funnel.WithHTTPClient(&http.Client{Transport: api, Jar: jar}))
	child, err := parent.WithKey("key-of-the-child")
	require.NoError(t, err)
	require.NoError(t, getContact.call(t.Context(), parent))
	require.NoError(t, getContact.call(t.Context(), child))
	require.Equal(t, "session=of-the-parent", api.requests()[0].Header.Get("Cookie"))
	require.Empty(t, api.requests()[1].Header.Get("Cookie"))
}

func TestWithKey_EachClientHidesItsOwnKey(t *testing.T) {
	t.Parallel()
	const childKey = "key-of-the-child"
	api := newMockAPI(t).on(http.MethodGet, "/contact", failure(http.StatusBadRequest, "ECHO", "you sent "+childKey))
	parent := api.client(t)
	child, err := parent.WithKey(childKey)
	require.NoError(t, err)
	require.NotContains(t, getContact.call(t.Context(), child).Error(), childKey)
	require.Contains(t, getContact.call(t.Context(), parent).Error(), childKey, "the parent does not know that it is a key")
	require.NotContains(t, fmt.Sprintf("%+v %#v", *child, *child), childKey)
}

func TestWithKey_WhatWasMadeForOneAccountIsRefused(t *testing.T) {
	t.Parallel()
	limiter := funnel.LimiterFromWaiter(noWait{})
	_, err := newMockAPI(t).client(t, funnel.WithLimiter(limiter)).WithKey("key-of-the-child")
	requireArgumentError(t, err, "WithLimiter")
	_, err = newMockAPI(t).client(t, funnel.WithLimiter(limiter)).WithKey("key-of-the-child", funnel.WithLimiter(limiter))
	require.NoError(t, err)

	auth := funnel.WithAuth(func(*http.Request) error { return nil })
	_, err = newMockAPI(t).client(t, auth).WithKey("key-of-the-child")
	requireArgumentError(t, err, "WithAuth")
	_, err = newMockAPI(t).client(t, auth).WithKey("key-of-the-child", auth)
	require.NoError(t, err)

	_, err = newMockAPI(t).client(t).WithKey(" ")
	requireArgumentError(t, err, "apiKey")
	_, err = new(funnel.Client).WithKey("key-of-the-child")
	requireArgumentError(t, err, "client")
}

// A thousand clients in use at once share one pool of connections, and none sees
// anything of another.
func TestWithKey_AThousandAccounts(t *testing.T) {
	t.Parallel()
	const accounts = 1000
	var connections sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections.Store(r.RemoteAddr, true)
		key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		http.SetCookie(w, &http.Cookie{Name: "account", Value: key})
		if r.Header.Get("Cookie") != "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, `{"success":true,"data":{"id":7,"email":"`+key+`@example.com"}}`)
	}))
	defer server.Close()
	parent, err := funnel.New("parent", funnel.WithBaseURL(server.URL))
	require.NoError(t, err)
	defer parent.CloseIdleConnections()
	clients := make([]*funnel.Client, accounts)
	for i := range clients {
		clients[i], err = parent.WithKey(fmt.Sprintf("account-%d", i))
		require.NoError(t, err)
	}
	work := make(chan int)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i := range work {
				contact, err := clients[i].Contacts.Get(t.Context(), funnel.ContactID(7))
				if err != nil || contact.Email != fmt.Sprintf("account-%d@example.com", i) {
					t.Errorf("client %d: %v, %v", i, contact, err)
				}
			}
		})
	}
	for range 2 {
		for i := range clients {
			work <- i
		}
	}
	close(work)
	wg.Wait()
	open := 0
	connections.Range(func(any, any) bool { open++; return true })
	require.LessOrEqual(t, open, 64, "connections for 2,000 calls, 16 at once")
}

type noWait struct{}

func (noWait) Wait(ctx context.Context) error { return ctx.Err() }

func BenchmarkWithKey(b *testing.B) {
	parent, err := funnel.New("parent")
	require.NoError(b, err)
	var before, after runtime.MemStats
	clients := make([]*funnel.Client, 0, b.N)
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		client, err := parent.WithKey("key-of-the-child")
		require.NoError(b, err)
		clients = append(clients, client)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(clients)), "heap-bytes/client")
	runtime.KeepAlive(clients)
}
