package funnel_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
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
