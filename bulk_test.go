package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/internal/apitest"
)

func TestBulk_KeepsTheQuotaBusyAtAnyLatency(t *testing.T) {
	for _, latency := range []time.Duration{50 * time.Millisecond, 400 * time.Millisecond, 5 * time.Second} {
		t.Run(latency.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := funneltest.NewServer(apitest.Latency(latency))
				defer server.Close()
				client := server.Client()
				start, next := time.Now(), 0
				for result := range client.Contacts.CreateAll(t.Context(), apitest.Contacts(2000)) {
					if result.Index != next || result.Status != funnel.BulkCreated || result.Err != nil {
						t.Fatalf("item %d: %+v", next, result)
					}
					next++
				}
				require.Equal(t, 2000, next)
				require.Equal(t, 2000, server.RequestCount(), "none was rejected")
				// Three full windows, and the last requests' way.
				require.Less(t, time.Since(start), 3*(time.Minute+latency)+8*latency+5*time.Second)
			})
		})
	}
}

func TestBulk_OneResultPerItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(400 * time.Millisecond))
		defer server.Close()
		client := server.Client()
		_, err := client.Contacts.Create(t.Context(), funnel.ContactCreateParams{Email: "old@example.com"})
		require.NoError(t, err)
		contacts := []funnel.ContactCreateParams{
			{Email: "new@example.com"},
			{Email: "old@example.com", FirstName: "Ada"},
			{Email: "no address"},
			{Email: ""},
			{Email: "NEW@example.com", FirstName: "Grace"},
		}

		var created []funnel.BulkStatus
		for result := range client.Contacts.CreateAll(t.Context(), slices.Values(contacts)) {
			require.Equal(t, len(created), result.Index)
			created = append(created, result.Status)
			if result.Status == funnel.BulkExists {
				require.ErrorIs(t, result.Err, funnel.ErrContactExists)
			}
		}
		require.Equal(t, []funnel.BulkStatus{funnel.BulkCreated, funnel.BulkExists, funnel.BulkFailed, funnel.BulkFailed, funnel.BulkExists}, created)

		var upserted []funnel.BulkStatus
		for result := range client.Contacts.UpsertAll(t.Context(), slices.Values(contacts)) {
			upserted = append(upserted, result.Status)
		}
		require.Equal(t, []funnel.BulkStatus{funnel.BulkUpdated, funnel.BulkUpdated, funnel.BulkFailed, funnel.BulkFailed, funnel.BulkUpdated}, upserted)
		contact, err := client.Contacts.Get(t.Context(), funnel.Email("new@example.com"))
		require.NoError(t, err)
		require.Equal(t, "Grace", contact.FirstName, "of those with the same address, the last prevails")
	})
}

func TestBulk_StopsOnAnInvalidKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(400 * time.Millisecond))
		defer server.Close()
		client := server.Client()
		pulled := 0
		items := func(yield func(funnel.ContactCreateParams) bool) {
			for params := range apitest.Contacts(10_000) {
				if pulled++; pulled == 100 { // the key is withdrawn
					server.Fail(funneltest.Fault{Code: funnel.ErrUnauthorized, Times: -1})
				}
				if !yield(params) {
					return
				}
			}
		}
		counts := map[funnel.BulkStatus]int{}
		total := 0
		for result := range client.Contacts.CreateAll(t.Context(), items) {
			require.Equal(t, total, result.Index)
			total++
			counts[result.Status]++
			if result.Status == funnel.BulkSkipped {
				require.ErrorIs(t, result.Err, funnel.ErrUnauthorized, "it says why")
			}
		}
		require.Equal(t, total, pulled, "each item that was taken has a result")
		require.Less(t, total, 500, "no more are taken")
		require.Positive(t, counts[funnel.BulkFailed])
		require.Equal(t, server.Counts()["contacts"], counts[funnel.BulkCreated])
		require.Zero(t, counts[funnel.BulkUnknown])
	})
}

func TestBulk_CancelReportsEveryItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(400 * time.Millisecond))
		defer server.Close()
		client := server.Client()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		status := map[string]funnel.BulkStatus{}
		for result := range client.Contacts.CreateAll(ctx, apitest.Contacts(5000)) {
			status[fmt.Sprintf("contact-%d@example.com", result.Index)] = result.Status
			if result.Index == 700 { // some are under way, some wait for the quota
				cancel()
			}
			if result.Err != nil {
				require.ErrorIs(t, result.Err, context.Canceled)
			}
		}
		there := map[string]bool{}
		for contact, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{}) {
			require.NoError(t, err)
			there[contact.Email] = true
		}
		for email, status := range status {
			switch status {
			case funnel.BulkCreated:
				require.True(t, there[email], email)
			case funnel.BulkFailed, funnel.BulkSkipped:
				require.False(t, there[email], email)
			}
			delete(there, email)
		}
		require.Empty(t, there, "nothing was done of which there is no result")
	})
}

func TestBulk_BreakStopsAllGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(400 * time.Millisecond))
		defer server.Close()
		client := server.Client()
		for result := range client.Contacts.CreateAll(t.Context(), apitest.Contacts(5000)) {
			if result.Index == 650 { // the quota is used up
				break
			}
		}
		requests := server.RequestCount()
		time.Sleep(2 * time.Minute)
		require.Equal(t, requests, server.RequestCount())
		// synctest fails the test if a goroutine is left
	})
}

func TestBulk_AnyMethod(t *testing.T) {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	sequence, err := client.Sequences.Create(t.Context(), funnel.SequenceCreateParams{Name: "Welcome"})
	require.NoError(t, err)
	_, err = client.Sequences.CreateStage(t.Context(), funnel.StageCreateParams{SequenceID: sequence.ID})
	require.NoError(t, err)
	server.SeedContacts(20)
	ids := func(yield func(funnel.ContactID) bool) {
		for id := funnel.ContactID(1); id <= 21 && yield(id); id++ {
		}
	}
	enroll := func(ctx context.Context, contact funnel.ContactID) (funnel.ContactID, error) {
		return contact, client.Sequences.Enroll(ctx, sequence.ID, contact)
	}
	for result := range funnel.Bulk(t.Context(), client, ids, enroll) {
		if result.Index == 20 {
			require.Equal(t, funnel.BulkFailed, result.Status)
			require.ErrorIs(t, result.Err, funnel.ErrNotFound)
			continue
		}
		require.Equal(t, funnel.BulkResult[funnel.ContactID, funnel.ContactID]{
			Index:  result.Index,
			Item:   funnel.ContactID(result.Index + 1),
			Status: funnel.BulkDone,
			Value:  funnel.ContactID(result.Index + 1),
		}, result)
	}
}

func TestBulk_ItemTimeoutEndsItsWaitForTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(apitest.Latency(100 * time.Millisecond))
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client(funnel.WithRateLimit(1, time.Minute))
		start := time.Now()
		var status []funnel.BulkStatus
		for result := range funnel.Bulk(t.Context(), client, slices.Values([]int{1, 2, 3}), func(ctx context.Context, _ int) (*funnel.Contact, error) {
			ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
			defer cancel()
			return client.Contacts.Get(ctx, funnel.ContactID(1))
		}) {
			status = append(status, result.Status)
		}
		require.ElementsMatch(t, []funnel.BulkStatus{funnel.BulkDone, funnel.BulkFailed, funnel.BulkFailed}, status)
		require.LessOrEqual(t, time.Since(start), 2*time.Second)
		require.Equal(t, 1, server.RequestCount())
	})
}

func TestBulk_ItemErrorDoesNotEndIt(t *testing.T) {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	for name, err := range map[string]error{
		"a deadline of the program's own": fmt.Errorf("database: %w", context.DeadlineExceeded),
		"a resource that is forbidden":    &funnel.APIError{Code: funnel.ErrForbidden, StatusCode: http.StatusForbidden, Attempts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			done := 0
			for result := range funnel.Bulk(t.Context(), client, slices.Values(make([]int, 100)), func(context.Context, int) (int, error) {
				return 0, err
			}) {
				require.ErrorIs(t, result.Err, err)
				require.Equal(t, funnel.BulkFailed, result.Status)
				done++
			}
			require.Equal(t, 100, done)
		})
	}
}

func TestBulk_DoesNotFillAResponse(t *testing.T) {
	server := funneltest.NewServer()
	defer server.Close()
	var response funnel.Response
	for result := range server.Client().Contacts.CreateAll(funnel.WithResponse(t.Context(), &response), apitest.Contacts(100)) {
		require.NoError(t, result.Err)
	}
	require.Zero(t, response.StatusCode)
}

// A bulk job that stops does not wait for the quota.
func TestBulk_StoppedDoesNotWaitForTheQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodPost, "/contact", after(time.Second, failure(401, funnel.ErrUnauthorized, "no")))
		client := api.client(t, funnel.WithRateLimit(1, time.Minute))
		start := time.Now()
		for result := range client.Contacts.CreateAll(t.Context(), apitest.Contacts(10)) {
			require.ErrorIs(t, result.Err, funnel.ErrUnauthorized, "that is why")
		}
		require.Equal(t, time.Second, time.Since(start))
		require.Len(t, api.requests(), 1)
	})
}

// After a bulk job has stopped, it sends nothing more.
func TestBulk_StoppedSendsNothingMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Items with the same address are sent one after the other.
		sameAddress := slices.Repeat([]funnel.ContactCreateParams{{Email: "ada@example.com"}}, 20)
		api := newMockAPI(t).on(http.MethodPost, "/contact", after(time.Second, failure(401, funnel.ErrUnauthorized, "no")))
		got := []funnel.BulkStatus{}
		for result := range api.client(t).Contacts.CreateAll(t.Context(), slices.Values(sameAddress)) {
			require.ErrorIs(t, result.Err, funnel.ErrUnauthorized)
			require.NotErrorIs(t, result.Err, context.Canceled)
			if result.Status == funnel.BulkSkipped {
				require.EqualError(t, result.Err, "funnel: POST /contact: not sent, because the call of another item failed: POST /contact: 401 UNAUTHORIZED: no")
				require.NotErrorAs(t, result.Err, new(*funnel.APIError), "the API returned it for another item")
				var unsent *funnel.RequestError
				require.ErrorAs(t, result.Err, &unsent)
				require.Zero(t, unsent.Attempts)
				require.Empty(t, funnel.CodeOf(result.Err))
				require.True(t, funnel.CanRetry(result.Err))
			}
			got = append(got, result.Status)
		}
		require.Greater(t, len(got), 1, "items begun before the first one failed")
		require.Less(t, len(got), 20)
		want := append([]funnel.BulkStatus{funnel.BulkFailed}, slices.Repeat([]funnel.BulkStatus{funnel.BulkSkipped}, len(got)-1)...)
		require.Equal(t, want, got)
		require.Len(t, api.requests(), 1)
	})
}

// Skipped items wrap the error that ended the job. An item that was applied in part
// keeps its own error.
func TestBulk_FatalErrorNotReportedForOtherItems(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		updating := make(chan struct{})
		client := clientOver(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
			switch req.Method {
			case http.MethodPut:
				close(updating)
				return after(2*time.Second, data(seven))(req)
			}
			body, err := io.ReadAll(req.Body)
			if err != nil || strings.Contains(string(body), "old@") {
				return failure(409, funnel.ErrContactExists, "there")(req)
			}
			<-updating
			return after(time.Second, failure(401, funnel.ErrUnauthorized, "no longer"))(req)
		}))
		results := slices.Collect(client.Contacts.UpsertAll(t.Context(), slices.Values([]funnel.ContactCreateParams{
			{Email: "new@example.com"},
			{Email: "old@example.com", FirstName: "Ada", TagIDs: []funnel.TagID{1}}, // updated, but not tagged
		})))
		require.Equal(t, funnel.BulkFailed, results[0].Status)
		require.False(t, funnel.MayHaveBeenApplied(results[0].Err))
		require.Equal(t, funnel.BulkUnknown, results[1].Status)
		require.ErrorIs(t, results[1].Err, results[0].Err, "that is why")
		require.True(t, funnel.MayHaveBeenApplied(results[1].Err))
	})
}

// runtime.Goexit, which t.FailNow calls, ends the loop instead of blocking it, in the
// program's function and in its transport.
func TestBulk_GoexitOfAnItemEndsTheLoop(t *testing.T) {
	t.Parallel()
	for name, loop := range map[string]func(context.Context, *funnel.Client){
		"a call": func(ctx context.Context, client *funnel.Client) { _ = getContact.call(ctx, client) },
		"a range": func(ctx context.Context, client *funnel.Client) {
			_, _ = collect(client.Contacts.All(ctx, funnel.ContactListParams{}))
		},
		"a bulk": func(ctx context.Context, client *funnel.Client) {
			_ = slices.Collect(client.Contacts.CreateAll(ctx, apitest.Contacts(100)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := clientOver(t, apitest.RoundTripper(func(*http.Request) (*http.Response, error) {
					runtime.Goexit() // as t.FailNow does
					return nil, nil
				}))
				went := make(chan bool, 1)
				go func() {
					defer close(went)
					loop(t.Context(), client)
					went <- true
				}()
				require.False(t, <-went, "on to what comes after it")
			})
		})
	}
}

// An item whose function returned an error was not skipped, also if the job has
// stopped in the meantime. Programs repeat skipped items.
func TestBulk_AttemptedItemIsNotSkipped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).
			on(http.MethodGet, "/contact", failure(401, funnel.ErrUnauthorized, "no")).
			on(http.MethodPost, "/funnel", data(seven))
		client := api.client(t)
		own, created := errors.New("the program's own"), make(chan struct{})
		results := slices.Collect(funnel.Bulk(t.Context(), client, slices.Values([]int{0, 1}), func(ctx context.Context, i int) (int, error) {
			if i == 0 {
				<-created
				return 0, getContact.call(ctx, client)
			}
			err := createFunnel.call(ctx, client)
			close(created)
			wait(t, time.Second) // the bulk stops
			return 0, errors.Join(err, own)
		}))
		require.ErrorIs(t, results[0].Err, funnel.ErrUnauthorized)
		require.EqualError(t, results[1].Err, own.Error())
		require.Equal(t, funnel.BulkFailed, results[1].Status)
	})
}

// In a long outage a bulk job ends, and says of each item whether to repeat it.
func TestBulk_EndsInALongOutage(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]funneltest.Fault{
		"5xx":         {Status: http.StatusServiceUnavailable},
		"no response": {DropConnection: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := funneltest.NewServer(apitest.Latency(50 * time.Millisecond))
				defer server.Close()
				away := time.Now().Add(20 * time.Second)
				fault.Times, fault.Match = -1, func(*http.Request) bool { return time.Since(away) >= 0 && time.Since(away) < 10*time.Minute }
				server.Fail(fault)
				client := server.Client()
				const all = 5000
				var again []funnel.ContactCreateParams
				index, done := -1, 0
				contacts := slices.Collect(apitest.Contacts(all))
				for result := range client.Contacts.UpsertAll(t.Context(), slices.Values(contacts)) {
					index = result.Index
					if result.Again() {
						again = append(again, contacts[index])
					} else if result.Err == nil {
						done++
					}
				}
				require.Less(t, index, all/2, "it ends")
				require.Less(t, time.Since(away), 2*time.Minute)
				require.GreaterOrEqual(t, time.Since(away), 30*time.Second, "a shorter outage ends nothing")
				require.Len(t, again, index+1-done, "no item is lost between done and again")
				require.NotEmpty(t, again)

				wait(t, 15*time.Minute)
				for result := range client.Contacts.UpsertAll(t.Context(), slices.Values(append(again, contacts[index+1:]...))) {
					require.NoError(t, result.Err)
				}
				require.Equal(t, all, server.Counts()["contacts"])
			})
		})
	}
}

// Failed items do not end a job, however many there are in a row.
func TestBulk_InvalidItemsDoNotEndIt(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodPost, "/contact", failure(422, funnel.ErrValidation, "no"))
	results := 0
	for result := range api.client(t, funnel.WithRateLimit(10_000, time.Minute)).Contacts.CreateAll(t.Context(), apitest.Contacts(500)) {
		require.Equal(t, funnel.BulkFailed, result.Status)
		require.False(t, result.Again())
		results++
	}
	require.Equal(t, 500, results)
}

// The same holds for errors in a 200, and for other errors that concern one item.
func TestBulk_FailedItemsDoNotEndIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		response responder
		again    bool
	}{
		"200 that says it is no success": {failure(200, funnel.ErrValidation, "no"), false},
		"no access to this one":          {failure(403, funnel.ErrForbidden, "no"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newMockAPI(t).on(http.MethodGet, "/campaign", test.response).client(t, funnel.WithRateLimit(10_000, time.Minute))
			results := 0
			for result := range funnel.Bulk(t.Context(), client, slices.Values(make([]int, 500)), func(ctx context.Context, _ int) (*funnel.Campaign, error) {
				return client.Campaigns.Get(ctx, 7)
			}) {
				require.Equal(t, funnel.BulkFailed, result.Status)
				require.Equal(t, test.again, result.Again())
				results++
			}
			require.Equal(t, 500, results)
		})
	}
}

// roomAt is a custom limiter that has room from that time on.
type roomAt struct {
	moment time.Time
	says   bool // how long that is
}

func (l roomAt) Acquire(ctx context.Context) (func(funnel.Outcome), error) {
	deadline, ok := ctx.Deadline()
	switch {
	case !ok || deadline.After(l.moment):
		time.Sleep(time.Until(l.moment))
		return func(funnel.Outcome) {}, nil
	case l.says:
		return nil, noRoomFor(time.Until(l.moment))
	}
	return nil, errors.New("would exceed context deadline") // as golang.org/x/time/rate says it
}

// The Retry-After of another API does not concern this client.
func TestBulk_RateLimitOfAnotherServiceDoesNotEndIt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	results := 0
	for result := range funnel.Bulk(ctx, newMockAPI(t).client(t), slices.Values(make([]int, 200)), func(context.Context, int) (int, error) {
		return 0, noRoomFor(time.Hour)
	}) {
		require.Equal(t, funnel.BulkFailed, result.Status)
		results++
	}
	require.Equal(t, 200, results)
}

type noRoomFor time.Duration

func (e noRoomFor) Error() string             { return "no room" }
func (e noRoomFor) Unwrap() error             { return context.DeadlineExceeded }
func (e noRoomFor) RetryAfter() time.Duration { return time.Duration(e) }

// A job ends if the wait for the quota exceeds the deadline of its own context. The
// deadline of an item ends only that item.
func TestBulk_EndsIfTheQuotaWaitExceedsItsDeadline(t *testing.T) {
	t.Parallel()
	roomInAMinute := func(saysWhen bool) func() funnel.Limiter {
		return func() funnel.Limiter { return roomAt{time.Now().Add(time.Minute), saysWhen} }
	}
	for _, test := range []struct {
		name         string
		limiter      func() funnel.Limiter // nil: 10 requests per minute
		jobDeadline  time.Duration         // 0: none
		itemDeadline time.Duration         // 0: none
		minResults   int
		maxResults   int
		lastStatus   funnel.BulkStatus
		retryAfter   time.Duration // of the last error; 0: it has none
	}{
		// Next to a limit of 10 a minute, a background call waits 10 s for the slots
		// that are reserved for interactive calls.
		{
			name: "deadline of the job", jobDeadline: 10 * time.Second,
			minResults: 11, maxResults: 600, lastStatus: funnel.BulkSkipped, retryAfter: 10 * time.Second,
		}, {
			name: "deadline of the items", jobDeadline: 24 * time.Hour, itemDeadline: 10 * time.Second,
			minResults: 40, maxResults: 40, lastStatus: funnel.BulkFailed, retryAfter: 10 * time.Second,
		}, {
			name: "deadline of the items only", itemDeadline: 10 * time.Second,
			minResults: 40, maxResults: 40, lastStatus: funnel.BulkFailed, retryAfter: 10 * time.Second,
		}, {
			name: "custom limiter, deadline of the job", limiter: roomInAMinute(true), jobDeadline: 10 * time.Second,
			minResults: 1, maxResults: 600, lastStatus: funnel.BulkSkipped, retryAfter: time.Minute,
		}, {
			name: "custom limiter, deadline of the items", limiter: roomInAMinute(true), jobDeadline: time.Hour, itemDeadline: 10 * time.Second,
			minResults: 40, maxResults: 40, lastStatus: funnel.BulkFailed, retryAfter: time.Minute,
		}, {
			name: "custom limiter without a time", limiter: roomInAMinute(false), jobDeadline: 45 * time.Second,
			minResults: 1, maxResults: 600, lastStatus: funnel.BulkSkipped,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newMockAPI(t).on(http.MethodGet, "/campaign", data(seven))
				options := []funnel.Option{funnel.WithRateLimit(10, time.Minute)}
				if test.limiter != nil {
					options = []funnel.Option{funnel.WithLimiter(test.limiter())}
				}
				client := api.client(t, options...)
				ctx, items := t.Context(), 40
				if test.jobDeadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.jobDeadline)
					defer cancel()
				}
				if test.itemDeadline == 0 {
					items = 10_000
				}
				var last funnel.BulkResult[int, *funnel.Campaign]
				results := 0
				for last = range funnel.Bulk(ctx, client, slices.Values(make([]int, items)), func(ctx context.Context, _ int) (*funnel.Campaign, error) {
					if test.itemDeadline > 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, test.itemDeadline)
						defer cancel()
					}
					return client.Campaigns.Get(ctx, 7)
				}) {
					results++
				}
				require.GreaterOrEqual(t, results, test.minResults)
				require.LessOrEqual(t, results, test.maxResults)
				require.Equal(t, test.lastStatus, last.Status, "%v", last.Err)
				require.True(t, last.Again())
				require.Equal(t, test.retryAfter > 0, errors.Is(last.Err, context.DeadlineExceeded))
				var limited *funnel.RateLimitError
				require.Equal(t, test.retryAfter > 0, errors.As(last.Err, &limited), "%v", last.Err)
				if limited != nil {
					require.InDelta(t, test.retryAfter, limited.RetryAfter, float64(time.Second))
					require.Zero(t, limited.Attempts)
				} else {
					require.ErrorAs(t, last.Err, new(*funnel.RequestError))
				}
			})
		})
	}
}

// Each result has its item, whatever its status.
func TestBulkResult_Item(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodPost, "/contact", func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		require.NoError(t, err)
		if strings.Contains(string(body), "contact-3@") {
			return failure(422, funnel.ErrValidation, "no")(req)
		}
		return data(seven)(req)
	})
	client := api.client(t)
	contacts := slices.Collect(apitest.Contacts(100))
	contacts[5].Email = "" // refused before it is sent
	contacts[6].TagIDs = []funnel.TagID{1, 2}
	for name, bulk := range map[string]iter.Seq[funnel.BulkResult[funnel.ContactCreateParams, funnel.ContactID]]{
		"CreateAll": client.Contacts.CreateAll(t.Context(), slices.Values(contacts)),
		"UpsertAll": client.Contacts.UpsertAll(t.Context(), slices.Values(contacts)),
		"Bulk":      funnel.Bulk(t.Context(), client, slices.Values(contacts), client.Contacts.Create),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := []funnel.ContactCreateParams{}
			for result := range bulk {
				require.Equal(t, len(got), result.Index)
				require.Equal(t, result.Index == 3 || result.Index == 5, result.Err != nil, result.Err)
				require.Equal(t, result.Err == nil, result.Value == 7)
				got = append(got, result.Item)
			}
			require.Equal(t, contacts, got)
		})
	}
}

// Each is Bulk for a function without a result.
func TestEach_ReportsEveryItem(t *testing.T) {
	t.Parallel()
	api := newMockAPI(t).on(http.MethodPost, "/contact-tag", func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		require.NoError(t, err)
		if strings.Contains(string(body), `"contact_id":2,`) {
			return failure(404, funnel.ErrNotFound, "no such contact")(req)
		}
		return data(`{"contact_id":7,"tag_id":3}`)(req)
	})
	client := api.client(t)
	type result = funnel.BulkResult[funnel.ContactID, struct{}]
	got := []result{}
	var failed error
	for r := range funnel.Each(t.Context(), client, slices.Values([]funnel.ContactID{1, 2, 3}), func(ctx context.Context, id funnel.ContactID) error {
		return client.Contacts.AddTag(ctx, id, 3)
	}) {
		if r.Err != nil {
			failed, r.Err = r.Err, nil
		}
		got = append(got, r)
	}
	require.ErrorIs(t, failed, funnel.ErrNotFound)
	require.Equal(t, []result{
		{Index: 0, Item: 1, Status: funnel.BulkDone},
		{Index: 1, Item: 2, Status: funnel.BulkFailed},
		{Index: 2, Item: 3, Status: funnel.BulkDone},
	}, got)
}

// A nil sequence of items is one result with an error.
func TestBulk_RefusesNilItems(t *testing.T) {
	t.Parallel()
	client := newMockAPI(t).client(t)
	ctx := t.Context()
	for name, bulk := range map[string]func() []error{
		"CreateAll": func() []error { return errorsOf(client.Contacts.CreateAll(ctx, nil)) },
		"UpsertAll": func() []error { return errorsOf(client.Contacts.UpsertAll(ctx, nil)) },
		"Bulk": func() []error {
			return errorsOf(funnel.Bulk(ctx, client, nil, func(context.Context, int) (int, error) { return 0, nil }))
		},
		"Each": func() []error {
			return errorsOf(funnel.Each(ctx, client, nil, func(context.Context, int) error { return nil }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := bulk()
			require.Len(t, got, 1)
			requireArgumentError(t, got[0], "items")
			require.ErrorContains(t, got[0], "is nil")
		})
	}
}

// errorsOf returns the error of each result.
func errorsOf[P, R any](results iter.Seq[funnel.BulkResult[P, R]]) []error {
	errs := []error{}
	for result := range results {
		errs = append(errs, result.Err)
	}
	return errs
}

func TestBulkResult_Again(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		result funnel.BulkResult[int, int]
		again  bool
	}{
		{"done", funnel.BulkResult[int, int]{Status: funnel.BulkDone}, false},
		{"created", funnel.BulkResult[int, int]{Status: funnel.BulkCreated}, false},
		{"there already", funnel.BulkResult[int, int]{Status: funnel.BulkExists, Err: &funnel.APIError{Code: funnel.ErrContactExists, StatusCode: 409, Attempts: 1}}, false},
		{"skipped", funnel.BulkResult[int, int]{Status: funnel.BulkSkipped, Err: context.Canceled}, true},
		{"unknown", funnel.BulkResult[int, int]{Status: funnel.BulkUnknown, Err: io.EOF}, true},
		{"refused by the SDK", funnel.BulkResult[int, int]{Status: funnel.BulkFailed, Err: &funnel.ArgumentError{Field: "email"}}, false},
		{"no such name", funnel.BulkResult[int, int]{Status: funnel.BulkFailed, Err: &funnel.NameError{Resource: "sequence", Name: "welcome"}}, false},
		{"validation error", funnel.BulkResult[int, int]{Status: funnel.BulkFailed, Err: &funnel.ValidationError{APIError: funnel.APIError{StatusCode: 422, Attempts: 1}}}, false},
		{"validation error in a 200", funnel.BulkResult[int, int]{Status: funnel.BulkFailed, Err: &funnel.APIError{StatusCode: 200, Code: funnel.ErrValidation, Attempts: 1}}, false},
		{"no success, and no reason", funnel.BulkResult[int, int]{Status: funnel.BulkFailed, Err: &funnel.APIError{StatusCode: 200, Attempts: 1}}, true},
		{"unauthorized in a 200", funnel.BulkResult[int, int]{Status: funnel.BulkFailed, Err: &funnel.APIError{StatusCode: 200, Code: funnel.ErrUnauthorized, Attempts: 1}}, true},
		{"unauthorized", funnel.BulkResult[int, int]{Status: funnel.BulkFailed, Err: &funnel.APIError{StatusCode: 401, Attempts: 1}}, true},
		{"forbidden", funnel.BulkResult[int, int]{Status: funnel.BulkFailed, Err: &funnel.APIError{StatusCode: 403, Attempts: 1}}, true},
		{"rate limited", funnel.BulkResult[int, int]{Status: funnel.BulkFailed, Err: &funnel.RateLimitError{APIError: funnel.APIError{StatusCode: 429, Attempts: 4}}}, true},
		{"not sent", funnel.BulkResult[int, int]{Status: funnel.BulkFailed, Err: &funnel.RequestError{Attempts: 4, Err: io.EOF}}, true},
		{"server error", funnel.BulkResult[int, int]{Status: funnel.BulkFailed, Err: &funnel.APIError{StatusCode: 503, Attempts: 4}}, true},
		{"an error of the program's own", funnel.BulkResult[int, int]{Status: funnel.BulkFailed, Err: io.EOF}, true},
	} {
		require.Equal(t, test.again, test.result.Again(), test.name)
	}
}

// A panic in the program's function reaches the goroutine that ranges over the
// results, which can recover it.
func TestBulk_PanicReachesTheLoop(t *testing.T) {
	t.Parallel()
	client := newMockAPI(t).client(t)
	own := errors.New("the program's own")
	for name, p := range map[string]any{"an error": own, "a text": "the program's own"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var err error
			func() {
				defer func() { err, _ = recover().(error) }()
				for range funnel.Bulk(t.Context(), client, slices.Values([]int{1, 2, 3}), func(context.Context, int) (int, error) { panic(p) }) {
					t.Error("there is no result")
				}
			}()
			require.ErrorContains(t, err, "panicked: the program's own\n")
			require.ErrorContains(t, err, "TestBulk_PanicReachesTheLoop", "where it was")
			if p == own {
				require.ErrorIs(t, err, own)
			}
		})
	}
}

// A pause that exceeds only the deadline of an item does not end the job.
func TestBulk_ItemDeadlineInAPauseDoesNotEndIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		server.SeedContacts(1)
		client := server.Client()
		server.Fail(funneltest.Fault{Status: http.StatusTooManyRequests})
		_, err := client.Contacts.Get(funnel.WithoutRetry(t.Context()), funnel.ContactID(1))
		require.ErrorIs(t, err, funnel.ErrRateLimited)
		var status []funnel.BulkStatus
		for result := range funnel.Bulk(t.Context(), client, slices.Values([]int{0, 1, 2}), func(ctx context.Context, i int) (int, error) {
			if i == 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Second)
				defer cancel()
			}
			_, err := client.Contacts.Get(ctx, funnel.ContactID(1))
			return 0, err
		}) {
			status = append(status, result.Status)
		}
		require.Equal(t, []funnel.BulkStatus{funnel.BulkFailed, funnel.BulkDone, funnel.BulkDone}, status)
	})
}

// A bulk job that stops does not wait for backoffs.
func TestBulk_StoppedDoesNotWaitForABackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := clientOver(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(req.Body)
			if err == nil && strings.Contains(string(body), "contact-9@") {
				return after(3*time.Second, failure(401, funnel.ErrUnauthorized, "no longer"))(req)
			}
			return after(time.Second, respond(503, "", "Retry-After", "30"))(req)
		}))
		start := time.Now()
		results := slices.Collect(client.Contacts.CreateAll(t.Context(), apitest.Contacts(1000)))
		require.Less(t, time.Since(start), 5*time.Second, "a request takes 1 s")
		require.Less(t, len(results), 200)
		for i, result := range results {
			require.ErrorIs(t, result.Err, funnel.ErrUnauthorized, "that is why")
			require.True(t, result.Again(), i)
		}
	})
}

// A response that is not the API's counts as an outage, such as a proxy's 404 during a
// deployment, a maintenance page or a redirect to one: the job ends, and the items can be
// repeated.
func TestBulk_ForeignResponsesAreAnOutage(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 302, 401, 403, 404, 405, 408, 421, 425} {
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).on(http.MethodPost, "/contact", after(roundTrip, respond(status, "default backend", "Content-Type", "text/plain")))
			client := api.client(t, funnel.WithRateLimit(1<<30, time.Minute))
			start := time.Now()
			results := slices.Collect(client.Contacts.CreateAll(t.Context(), apitest.Contacts(5000)))
			require.Less(t, len(results), 1000, "it ends")
			for _, result := range results {
				require.True(t, result.Again(), "item %d: %v", result.Index, result.Err)
			}
			require.GreaterOrEqual(t, time.Since(start), 30*time.Second)
			require.LessOrEqual(t, time.Since(start), time.Minute)
		})
	}
}

// A bulk job ends if the server rejects every request.
func TestBulk_EndsIfEverythingIsRejected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).on(http.MethodPost, "/contact", after(roundTrip, tooMany()))
		start := time.Now()
		results := slices.Collect(api.client(t).Contacts.CreateAll(t.Context(), apitest.Contacts(5000)))
		t.Logf("%s, %d results", time.Since(start), len(results))
		require.Less(t, len(results), 500)
		require.GreaterOrEqual(t, time.Since(start), 4*time.Minute)
		require.LessOrEqual(t, time.Since(start), 10*time.Minute)
		for _, result := range results {
			require.ErrorIs(t, result.Err, funnel.ErrRateLimited)
			require.True(t, result.Again())
		}
	})
}

// A bulk job over many accounts goes on if one of them fails, whatever calls it makes for
// each.
func TestBulk_ErrorOfAnotherClientDoesNotEndIt(t *testing.T) {
	t.Parallel()
	for kind, broken := range map[string]responder{
		"unauthorized": failure(http.StatusUnauthorized, funnel.ErrUnauthorized, "Disabled."),
		"outage":       respond(http.StatusServiceUnavailable, ""),
	} {
		for name, visit := range map[string]func(context.Context, *funnel.Client) error{
			"a call": getContact.call,
			"a bulk job": func(ctx context.Context, client *funnel.Client) error {
				return lastResult(client.Contacts.CreateAll(ctx, apitest.Contacts(2))).Err
			},
			"a bulk job in another": func(ctx context.Context, client *funnel.Client) error {
				return lastResult(funnel.Each(ctx, client, slices.Values([]int{1}), func(ctx context.Context, _ int) error {
					return lastResult(client.Contacts.CreateAll(ctx, apitest.Contacts(2))).Err
				})).Err
			},
		} {
			t.Run(kind+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					parent := clientOver(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
						if req.Header.Get("Authorization") == "Bearer account-3" {
							return after(roundTrip, broken)(req)
						}
						return after(roundTrip, data(seven))(req)
					}), funnel.WithRateLimit(100_000, time.Minute))
					accounts := make([]string, 600) // more than run at a time
					for i := range accounts {
						accounts[i] = fmt.Sprintf("account-%d", i)
					}
					failed := []string{}
					results := 0
					for r := range funnel.Each(t.Context(), parent, slices.Values(accounts), func(ctx context.Context, key string) error {
						client, err := parent.WithKey(key)
						if err != nil {
							return err
						}
						return visit(ctx, client)
					}) {
						results++
						if r.Err != nil {
							failed = append(failed, r.Item)
						}
					}
					require.Equal(t, 600, results)
					require.Equal(t, []string{"account-3"}, failed)
				})
			})
		}
	}
}

// When a bulk job has ended, its items' further calls are not sent, whatever their kind.
// Those of another client are.
func TestBulk_EndStopsItsOwnClientOnly(t *testing.T) {
	t.Parallel()
	for name, visit := range map[string]func(context.Context, *funnel.Client) error{
		"a call": getContact.call,
		"a list": func(ctx context.Context, client *funnel.Client) error {
			_, err := collect(client.Tags.All(ctx, funnel.TagListParams{}))
			return err
		},
		"a bulk job": func(ctx context.Context, client *funnel.Client) error {
			return lastResult(client.Contacts.CreateAll(ctx, apitest.Contacts(1))).Err
		},
		"a call in a bulk job of a third client": func(ctx context.Context, client *funnel.Client) error {
			return lastResult(funnel.Each(ctx, newMockAPI(t).client(t), slices.Values([]int{1}), func(ctx context.Context, _ int) error {
				return getContact.call(ctx, client)
			})).Err
		},
	} {
		for _, another := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", of another client: ", another), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					api := newMockAPI(t).
						on(http.MethodPost, "/funnel", after(2500*time.Millisecond, failure(401, funnel.ErrUnauthorized, "No."))).
						on(http.MethodGet, "/contact", after(time.Second, data(seven))).
						on(http.MethodPost, "/contact", after(time.Second, data(seven))).
						on(http.MethodGet, "/tags", after(time.Second, data("[]")))
					own := api.client(t)
					visited := own
					if another {
						visited = api.client(t)
					}
					done := 0
					for range funnel.Each(t.Context(), own, slices.Values([]int{0, 1}), func(ctx context.Context, i int) error {
						if i == 0 {
							return createFunnel.call(ctx, own) // ends the job after 2.5 s
						}
						for range 5 {
							if visit(ctx, visited) == nil {
								done++
							}
						}
						return nil
					}) {
					}
					want := 3 // the third is in flight
					if another {
						want = 5
					}
					require.Equal(t, want, done)
					require.Len(t, api.requests(), 1+want)
				})
			})
		}
	}
}

// A call of the own client that failed earlier, and that the function did not mind, does
// not make another client's error its own.
func TestBulk_ToleratedFailureDoesNotCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		own := newMockAPI(t).on(http.MethodGet, "/contact", after(roundTrip, failure(404, funnel.ErrNotFound, "no"))).client(t)
		another := newMockAPI(t).on(http.MethodGet, "/contact", after(roundTrip, failure(401, funnel.ErrUnauthorized, "no"))).client(t)
		failed := 0
		for result := range funnel.Each(t.Context(), own, slices.Values(make([]int, 100)), func(ctx context.Context, _ int) error {
			if err := getContact.call(ctx, own); !errors.Is(err, funnel.ErrNotFound) {
				return err
			}
			return getContact.call(ctx, another)
		}) {
			require.Equal(t, funnel.BulkFailed, result.Status)
			failed++
		}
		require.Equal(t, 100, failed)
	})
}

// An item of a job can clean up after the end of the job's context.
func TestBulk_CleanUpWithoutCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newMockAPI(t).
			on(http.MethodPost, "/funnel", data(seven)).
			on(http.MethodPost, "/tag", hangs).
			on(http.MethodDelete, "/funnel", after(roundTrip, data(`{}`)))
		client := api.client(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for result := range funnel.Each(ctx, client, slices.Values([]int{1}), func(ctx context.Context, _ int) error {
			if err := createFunnel.call(ctx, client); err != nil {
				return err
			}
			failed := createTag.call(ctx, client)
			require.NoError(t, client.Funnels.Delete(context.WithoutCancel(ctx), 7))
			return failed
		}) {
			require.ErrorIs(t, result.Err, context.DeadlineExceeded)
		}
		require.Equal(t, []string{"POST /funnel", "POST /tag", "DELETE /funnel"}, api.operations())
	})
}

// A call that outlives its job is sent: the end of a job that was not stopped is no
// cancellation.
func TestBulk_CallOutlivesTheJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newMockAPI(t).on(http.MethodPost, "/tag", after(roundTrip, data(seven))).client(t)
		late := make(chan error, 1)
		for range funnel.Each(t.Context(), client, slices.Values([]int{1}), func(ctx context.Context, _ int) error {
			go func() {
				time.Sleep(time.Second)
				late <- createTag.call(context.WithoutCancel(ctx), client)
			}()
			return nil
		}) {
		}
		require.NoError(t, <-late)
	})
}

// What another goroutine's call or the authentication has failed with is not the item's
// fault.
func TestBulk_ForeignErrorsAreRepeated(t *testing.T) {
	t.Parallel()
	t.Run("cause of the context", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			api := newMockAPI(t).
				on(http.MethodPost, "/tag", hangs).
				on(http.MethodGet, "/contact", failure(404, funnel.ErrNotFound, "no"))
			client := api.client(t)
			ctx, cancel := context.WithCancelCause(t.Context()) // as an errgroup does
			defer cancel(nil)
			time.AfterFunc(time.Second, func() { cancel(getContact.call(ctx, client)) })
			for result := range funnel.Each(ctx, client, slices.Values([]int{1, 2}), func(ctx context.Context, _ int) error {
				return createTag.call(ctx, client)
			}) {
				require.True(t, result.Again(), "%s: %v", result.Status, result.Err)
			}
		})
	})
	t.Run("authentication", func(t *testing.T) {
		t.Parallel()
		client := newMockAPI(t).client(t, funnel.WithAuth(func(req *http.Request) error {
			req.Header.Set("Authorization", "Bearer from a file\n")
			return nil
		}))
		for result := range funnel.Each(t.Context(), client, slices.Values([]int{1}), func(ctx context.Context, _ int) error {
			return createTag.call(ctx, client)
		}) {
			require.True(t, result.Again(), "%v", result.Err)
		}
	})
}

func TestBulk_RefusesANilFunction(t *testing.T) {
	t.Parallel()
	client := newMockAPI(t).client(t)
	last := lastResult(funnel.Each(t.Context(), client, slices.Values([]int{1}), nil))
	requireArgumentError(t, last.Err, "do")
}

// The source of a job can be a list of the same client: its pages are read while
// calls of the job run, also when the quota is used up.
func TestBulk_ListOfTheSameClientAsSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const contacts = 1300
		server := funneltest.NewServer(apitest.Latency(200 * time.Millisecond))
		defer server.Close()
		server.SeedContacts(contacts)
		client := server.Client()
		tag, err := client.Tags.Create(t.Context(), funnel.TagCreateParams{Name: "vip"})
		require.NoError(t, err)
		var listErr error
		ids := func(yield func(funnel.ContactID) bool) {
			for contact, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{}) {
				if err != nil {
					listErr = err
					return
				}
				if !yield(contact.ID) {
					return
				}
			}
		}
		done := 0
		for result := range funnel.Each(t.Context(), client, ids, func(ctx context.Context, id funnel.ContactID) error {
			return client.Contacts.AddTag(ctx, id, tag.ID)
		}) {
			require.NoError(t, result.Err)
			done++
		}
		require.NoError(t, listErr)
		require.Equal(t, contacts, done)
	})
}
