package funnel_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// fixedLatency takes as long on both ways.
func fixedLatency(d time.Duration) funneltest.Option {
	return funneltest.WithLatency(func() (there, back time.Duration) { return d / 2, d / 2 })
}

func TestAllReadsAheadAtTheQuotasSpeed(t *testing.T) {
	for _, headers := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			options := []funneltest.Option{fixedLatency(400 * time.Millisecond)}
			if !headers {
				options = append(options, funneltest.WithoutRateLimitHeaders())
			}
			server := funneltest.NewServer(options...)
			defer server.Close()
			server.SeedContacts(100_000)
			client := server.Client()

			start := time.Now()
			next := funnel.ContactID(1)
			for contact, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{}) {
				if err != nil || contact.ID != next {
					t.Fatalf("want contact %d, got %+v, %v", next, contact, err)
				}
				next++
			}
			require.EqualValues(t, 100_001, next)
			t.Logf("took %s", time.Since(start))
			require.LessOrEqual(t, time.Since(start), 70*time.Second)
			require.LessOrEqual(t, server.RequestCount(), 1010)
			for _, request := range server.Requests() {
				require.Equal(t, 200, request.Status)
			}
		})
	}
}

func TestBreakingOffARangeStopsItAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer(fixedLatency(400 * time.Millisecond))
		defer server.Close()
		server.SeedContacts(10_000)
		client := server.Client()

		start, n := time.Now(), 0
		for _, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 2500 {
				break
			}
		}
		took, requests := time.Since(start), server.RequestCount()
		require.LessOrEqual(t, requests, 25+64, "what was taken, and at most 64 pages ahead")
		time.Sleep(time.Minute)
		require.Equal(t, requests, server.RequestCount(), "nothing is fetched any more")
		require.Less(t, took, 4*time.Second)
		// synctest fails the test if a goroutine is left
	})
}

func TestAMillionContactsNeedLittleMemory(t *testing.T) {
	client, err := funnel.New("https://api.example.com", "key",
		funnel.WithHTTPClient(&http.Client{Transport: hugeList{pages: 10_000}}),
		funnel.WithRateLimit(1<<30, time.Microsecond))
	require.NoError(t, err)

	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before, most, n := heap(), uint64(0), 0
	for _, err := range client.Contacts.All(t.Context(), funnel.ContactListParams{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%100_000 == 0 {
			most = max(most, heap())
		}
	}
	require.Equal(t, 1_000_000, n)
	require.Less(t, most-min(most, before), uint64(64<<20))
}

// hugeList is a list of so many pages of 100 contacts.
type hugeList struct{ pages int }

func (l hugeList) RoundTrip(req *http.Request) (*http.Response, error) {
	page, err := strconv.Atoi(req.URL.Query().Get("page"))
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	for i := range 100 {
		fmt.Fprintf(&body, `,{"id":%d,"email":"contact-%[1]d@example.com"}`, (page-1)*100+i+1)
	}
	answer := fmt.Sprintf(`{"success":true,"data":[%s],"meta":{"current_page":%d,"last_page":%d}}`, body.Bytes()[1:], page, l.pages)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: req}, nil
}
