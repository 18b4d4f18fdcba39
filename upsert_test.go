package funnel_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// What an upsert costs in requests: at ten per second, each that is saved saves a
// tenth of a second.
func TestUpsertAll_Costs(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	random := make([]bool, 1000)
	for i := range random {
		random[i] = rng.IntN(2) == 0
	}
	for _, tt := range []struct {
		name   string
		exists func(i int) bool
		most   float64 // requests per contact
	}{
		{"all are new", func(int) bool { return false }, 1},
		{"all exist", func(int) bool { return true }, 1.15},
		{"half exist, at random", func(i int) bool { return random[i] }, 1.6},
		{"the first half exists", func(i int) bool { return i < 500 }, 1.6},
		{"the second half exists", func(i int) bool { return i >= 500 }, 1.6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 1000
				server := funneltest.NewServer(fixedLatency(roundTrip))
				defer server.Close()
				client := server.Client()
				existing := func(yield func(funnel.ContactCreateParams) bool) {
					for i := range n {
						if tt.exists(i) && !yield(funnel.ContactCreateParams{Email: address(i)}) {
							return
						}
					}
				}
				for r := range client.Contacts.CreateAll(t.Context(), existing) {
					require.NoError(t, r.Err)
				}
				before := server.RequestCount()
				want, got := map[funnel.BulkStatus]int{}, map[funnel.BulkStatus]int{}
				for i := range n {
					if tt.exists(i) {
						want[funnel.BulkUpdated]++
					} else {
						want[funnel.BulkCreated]++
					}
				}
				for r := range client.Contacts.UpsertAll(t.Context(), named(n)) {
					require.NoError(t, r.Err)
					require.Equal(t, address(r.Index), r.Item.Email)
					got[r.Status]++
				}
				require.Equal(t, want, got)
				cost := float64(server.RequestCount()-before) / n
				t.Logf("%s: %.3f requests per contact", tt.name, cost)
				require.LessOrEqual(t, cost, tt.most)
				for contact, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{}) {
					require.NoError(t, err)
					require.Equal(t, "Ada", contact.FirstName, contact.Email)
				}
			})
		})
	}
}

// Without a field to set, an existing contact costs the create alone.
func TestUpsertAll_NothingToSetCostsOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(fixedLatency(roundTrip))
		defer server.Close()
		client := server.Client()
		importing(t, client, 100)
		before := server.RequestCount()
		for r := range client.Contacts.UpsertAll(t.Context(), manyContacts(100)) {
			require.NoError(t, r.Err)
			require.Equal(t, funnel.BulkUpdated, r.Status)
		}
		require.Equal(t, 100, server.RequestCount()-before)
	})
}

// A contact that is deleted while most exist is created again.
func TestUpsertAll_UpdateFirstFallsBackToCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(fixedLatency(roundTrip))
		defer server.Close()
		client := server.Client()
		ctx := t.Context()
		for r := range client.Contacts.CreateAll(ctx, named(100)) {
			require.NoError(t, r.Err)
		}
		require.NoError(t, client.Contacts.Delete(ctx, funnel.Email(address(90))))
		for r := range client.Contacts.UpsertAll(ctx, named(100)) {
			require.NoError(t, r.Err)
			require.Equal(t, r.Index == 90, r.Status == funnel.BulkCreated, r.Item.Email)
		}
		contact, err := client.Contacts.Get(ctx, funnel.Email(address(90)))
		require.NoError(t, err)
		require.Equal(t, "Ada", contact.FirstName)
	})
}

// An update that finds the contact and not its tag is an error of the tag.
func TestUpsertAll_UnknownTagIsNotAMissingContact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(fixedLatency(roundTrip))
		defer server.Close()
		client := server.Client()
		for r := range client.Contacts.CreateAll(t.Context(), named(50)) {
			require.NoError(t, r.Err)
		}
		items := func(yield func(funnel.ContactCreateParams) bool) {
			for params := range named(50) {
				params.TagIDs = []funnel.TagID{99}
				if !yield(params) {
					return
				}
			}
		}
		for r := range client.Contacts.UpsertAll(t.Context(), items) {
			require.ErrorIs(t, r.Err, funnel.ErrNotFound)
			require.NotErrorIs(t, r.Err, funnel.ErrContactExists)
		}
	})
}

func address(i int) string { return fmt.Sprintf("contact-%d@example.com", i) }

// named yields n contacts with a field to set.
func named(n int) iter.Seq[funnel.ContactCreateParams] {
	return func(yield func(funnel.ContactCreateParams) bool) {
		for i := range n {
			if !yield(funnel.ContactCreateParams{Email: address(i), FirstName: "Ada"}) {
				return
			}
		}
	}
}

// mostExisting yields 60 contacts that exist, so that the update comes first, and
// then params.
func mostExisting(params funnel.ContactCreateParams) iter.Seq[funnel.ContactCreateParams] {
	return func(yield func(funnel.ContactCreateParams) bool) {
		for i := range 60 {
			if !yield(funnel.ContactCreateParams{Email: address(i), FirstName: "Ada"}) {
				return
			}
		}
		yield(params)
	}
}

// lastResult returns the result of the last item.
func lastResult[P, R any](results iter.Seq[funnel.BulkResult[P, R]]) (last funnel.BulkResult[P, R]) {
	for last = range results {
	}
	return last
}

func TestUpsertAll_UpdateFirstChecksTheItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(fixedLatency(roundTrip))
		defer server.Close()
		client := server.Client()
		importing(t, client, 60)
		last := lastResult(client.Contacts.UpsertAll(t.Context(), mostExisting(funnel.ContactCreateParams{Email: "j@example.com", FirstName: "J\xfcrgen"})))
		require.Equal(t, funnel.BulkFailed, last.Status)
		requireArgumentError(t, last.Err, "first_name")
	})
}

// An update that finds no contact proves that there is none, also after a lost
// response.
func TestUpsertAll_UpdateFirstCreatesAfterALostResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(fixedLatency(roundTrip))
		defer server.Close()
		var lost atomic.Int32
		client := server.Client(funnel.WithHTTPClient(&http.Client{Transport: roundTripFunc(func(req *http.Request) (*http.Response, error) {
			if body, err := req.GetBody(); err == nil && req.Method == http.MethodPut {
				if sent, _ := io.ReadAll(body); strings.Contains(string(sent), "new@example.com") && lost.Add(1) == 1 {
					return nil, io.ErrUnexpectedEOF
				}
			}
			return server.Transport().RoundTrip(req)
		})}))
		importing(t, client, 60)
		last := lastResult(client.Contacts.UpsertAll(t.Context(), mostExisting(funnel.ContactCreateParams{Email: "new@example.com", FirstName: "New"})))
		require.NoError(t, last.Err)
		require.EqualValues(t, 2, lost.Load(), "the update was retried")
		require.Equal(t, funnel.BulkCreated, last.Status)
	})
}

func TestUpsert_ContactThatIsDeletedInBetweenIsCreated(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).
		on(http.MethodPost, "/contact", failure(http.StatusConflict, funnel.ErrContactExists, "Taken."), data(seven)).
		on(http.MethodPut, "/contact", failure(http.StatusNotFound, funnel.ErrNotFound, "Gone."))
	id, created, err := api.client(t).Contacts.Upsert(t.Context(), funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada"})
	require.NoError(t, err)
	require.True(t, created)
	require.Equal(t, funnel.ContactID(7), id)
	require.Equal(t, []string{"POST /contact", "PUT /contact", "POST /contact"}, api.operations())
}

// A contact that is updated and has an unknown tag is not to be repeated for ever.
func TestUpsertAll_UnknownTagIsNotRepeated(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).
		on(http.MethodPost, "/contact", failure(http.StatusConflict, funnel.ErrContactExists, "Taken.")).
		on(http.MethodPut, "/contact", success200).
		on(http.MethodPost, "/contact-tag", failure(http.StatusNotFound, funnel.ErrNotFound, "No tag."))
	item := funnel.ContactCreateParams{Email: "ada@example.com", FirstName: "Ada", TagIDs: []funnel.TagID{99}}
	last := lastResult(api.client(t).Contacts.UpsertAll(t.Context(), slices.Values([]funnel.ContactCreateParams{item})))
	require.ErrorIs(t, last.Err, funnel.ErrNotFound)
	require.Equal(t, funnel.BulkUnknown, last.Status)
	require.False(t, last.Again())
}

// success200 replies with a success without a result.
func success200(req *http.Request) (*http.Response, error) {
	return answers(http.StatusOK, `{"success":true}`)(req)
}

// A bulk job over many accounts goes on if the key of one is not accepted.
func TestBulk_AnotherClientsErrorDoesNotEndIt(t *testing.T) {
	t.Parallel()
	parent := clientOver(t, roundTripFunc(func(req *http.Request) (*http.Response, error) {
		if req.Header.Get("Authorization") == "Bearer account-3" {
			return failure(http.StatusUnauthorized, funnel.ErrUnauthorized, "Disabled.")(req)
		}
		return data(`{"amount":12.50}`)(req)
	}))
	accounts := make([]string, 300)
	for i := range accounts {
		accounts[i] = fmt.Sprintf("account-%d", i)
	}
	failed := 0
	results := 0
	for r := range funnel.Bulk(t.Context(), parent, slices.Values(accounts), func(ctx context.Context, key string) (funnel.Decimal, error) {
		client, err := parent.WithKey(key)
		if err != nil {
			return "", err
		}
		return client.Orders.SalesAmount(ctx, funnel.PeriodParams{})
	}) {
		results++
		if r.Err != nil {
			failed++
			require.Equal(t, "account-3", r.Item)
		}
	}
	require.Equal(t, 300, results)
	require.Equal(t, 1, failed)
}

func TestBulk_NilFunctionIsRefused(t *testing.T) {
	t.Parallel()
	client := newMockAPI(t).client(t)
	last := lastResult(funnel.Each(t.Context(), client, slices.Values([]int{1}), nil))
	requireArgumentError(t, last.Err, "do")
}
