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

// One Contacts.Get over a transport in memory, limiter and retries included,
// beside the same call written by hand: the same headers, the same fields.

const benchmarkAnswer = `{"success":true,"data":{"id":12,"email":"ada@example.com","first_name":"Ada",` +
	`"last_name":"Lovelace","phone":"+44 20 7946 0000","status":"subscribed",` +
	`"custom_fields":{"plan":"pro","seats":"12"},"tags":[{"id":1,"name":"vip"},{"id":2,"name":"beta"}],` +
	`"created_at":"2026-11-22T09:30:00.000000Z","updated_at":"2026-11-22T09:30:00.000000Z"}}`

type cannedTransport struct{}

func (cannedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode:    http.StatusOK,
		Header:        http.Header{"Content-Type": {"application/json"}, "X-Ratelimit-Limit": {"600"}, "X-Ratelimit-Remaining": {"599"}},
		Body:          io.NopCloser(strings.NewReader(benchmarkAnswer)),
		ContentLength: int64(len(benchmarkAnswer)),
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
	// Both in turns, so that whatever else the machine does befalls both.
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
	client, err := funnel.New("https://api.example.com/v1", "key",
		funnel.WithHTTPClient(&http.Client{Transport: cannedTransport{}}),
		funnel.WithRateLimit(1<<30, time.Millisecond)) // in force, and never full
	require.NoError(b, err)
	return func(ctx context.Context) error {
		_, err := client.Contacts.Get(ctx, 12)
		return err
	}
}

var clientByHand = &http.Client{Transport: cannedTransport{}, Timeout: 30 * time.Second}

func getByHand(ctx context.Context) error {
	type tag struct {
		ID            int64     `json:"id"`
		Name          string    `json:"name"`
		ContactsCount int       `json:"contacts_count"`
		CreatedAt     time.Time `json:"created_at"`
	}
	type contact struct {
		ID           int64             `json:"id"`
		Email        string            `json:"email"`
		FirstName    string            `json:"first_name"`
		LastName     string            `json:"last_name"`
		Phone        string            `json:"phone"`
		Status       string            `json:"status"`
		CustomFields map[string]string `json:"custom_fields"`
		Tags         []tag             `json:"tags"`
		CreatedAt    time.Time         `json:"created_at"`
		UpdatedAt    time.Time         `json:"updated_at"`
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
	var answer struct {
		Success bool    `json:"success"`
		Data    contact `json:"data"`
	}
	return json.NewDecoder(resp.Body).Decode(&answer)
}
