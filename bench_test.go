package funnel_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// One Contacts.Get over an in-memory transport, with limiter and retries, next to
// the same call written by hand with the same headers and fields.

const benchmarkBody = `{"success":true,"data":{"id":12,"email":"ada@example.com","first_name":"Ada","last_name":"Lovelace",` +
	`"email_marketing":true,"gdpr":true,"tags":[1,2,3,4,5,6,7,8],"sequences":[3],"created_at":"2026-11-22T09:30:00.000000Z"}}`

type cannedTransport struct{}

func (cannedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode:    http.StatusOK,
		Header:        http.Header{"Content-Type": {"application/json"}, "X-Ratelimit-Limit": {"600"}, "X-Ratelimit-Remaining": {"599"}},
		Body:          io.NopCloser(strings.NewReader(benchmarkBody)),
		ContentLength: int64(len(benchmarkBody)),
		Request:       req,
	}, nil
}

func BenchmarkContactsGet(b *testing.B) {
	b.Run("funnel", func(b *testing.B) { benchmark(b, getBySDK(b)) })
	b.Run("by-hand", func(b *testing.B) { benchmark(b, getByHand) })
	b.Run("funnel-100-goroutines", func(b *testing.B) {
		get := getBySDK(b)
		b.ReportAllocs()
		b.SetParallelism(100)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := get(b.Context()); err != nil {
					b.Error(err)
				}
			}
		})
	})
	// Both in turns, so that other load on the machine affects both.
	b.Run("ratio", func(b *testing.B) {
		const turn = 100
		bySDK := getBySDK(b)
		var sdk, hand time.Duration
		for b.Loop() {
			sdk += timed(b, turn, bySDK)
			hand += timed(b, turn, getByHand)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(sdk)/float64(hand), "times-by-hand")
	})
}

func benchmark(b *testing.B, get func(context.Context) error) {
	b.ReportAllocs()
	for b.Loop() {
		if err := get(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func timed(b *testing.B, n int, get func(context.Context) error) time.Duration {
	start := time.Now()
	for range n {
		if err := get(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

func getBySDK(b *testing.B) func(context.Context) error {
	client, err := newClientAt("https://api.example.com/v1", "key",
		funnel.WithHTTPClient(&http.Client{Transport: cannedTransport{}}),
		funnel.WithRateLimit(1<<30, time.Millisecond)) // in force, and never full
	require.NoError(b, err)
	return func(ctx context.Context) error {
		_, err := client.Contacts.Get(ctx, funnel.ContactID(12))
		return err
	}
}

var clientByHand = &http.Client{Transport: cannedTransport{}, Timeout: 30 * time.Second}

func getByHand(ctx context.Context) error {
	type contact struct {
		ID             int64     `json:"id"`
		Email          string    `json:"email"`
		FirstName      string    `json:"first_name"`
		LastName       string    `json:"last_name"`
		EmailMarketing bool      `json:"email_marketing"`
		GDPR           bool      `json:"gdpr"`
		Tags           []int64   `json:"tags"`
		Sequences      []int64   `json:"sequences"`
		CreatedAt      time.Time `json:"created_at"`
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example.com/v1/contact?contact_id=12", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "funnel-go/"+funnel.Version)
	req.Header.Set("Authorization", "Bearer key")
	resp, err := clientByHand.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var body struct {
		Success bool    `json:"success"`
		Data    contact `json:"data"`
	}
	return json.NewDecoder(resp.Body).Decode(&body)
}
