package progress

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestTheETAFollowsTheQuota(t *testing.T) {
	now := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		name     string
		requests int
		quota    funnel.RateLimit
		want     time.Duration
	}{
		{"all fits in", 500, funnel.RateLimit{Limit: 600, Remaining: 500}, 0},
		{"one too many", 501, funnel.RateLimit{Limit: 600, Remaining: 500}, time.Minute},
		{"2,000 with a full quota", 2000, funnel.RateLimit{Limit: 600, Remaining: 600}, 3 * time.Minute},
		{"nobody knows what is left", 600, funnel.RateLimit{Limit: 600, Remaining: -1}, time.Minute},
		{"nobody knows the limit", 600, funnel.RateLimit{Remaining: -1}, 0},
		{"paused", 1, funnel.RateLimit{Limit: 600, Remaining: 600, PausedUntil: now.Add(40 * time.Second)}, 40 * time.Second},
	} {
		e := eta{per: time.Minute}
		if got := e.left(now, test.requests, test.quota); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestTheETACountsDownWhileTheQuotaIsUsedUp(t *testing.T) {
	e := eta{per: time.Minute}
	now := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	for seconds, want := range map[int]time.Duration{0: time.Minute, 50: 10 * time.Second, 61: 0} {
		quota := funnel.RateLimit{Limit: 600}
		e := e
		e.left(now, 100, quota)
		if got := e.left(now.Add(time.Duration(seconds)*time.Second), 100, quota); got != want {
			t.Errorf("after %d s: %s, want %s", seconds, got, want)
		}
	}
}

// work is a job of 1,500 requests, each of which gets done, as fast as the
// quota allows.
func work(t *testing.T, terminal bool) string {
	server := funneltest.NewServer()
	defer server.Close()
	var sent atomic.Int64
	client := server.Client(funnel.WithObserver(funnel.Observer{
		AttemptDone: func(context.Context, funnel.AttemptInfo, funnel.AttemptResult) { sent.Add(1) },
	}))
	var out strings.Builder
	meter := Start(&out, terminal, Job{
		Unit:   "rows",
		Total:  1500,
		Client: client,
		Per:    time.Minute,
		Sent:   sent.Load,
	}, 1500)
	items := func(yield func(int) bool) {
		for i := range 1500 {
			if !yield(i) {
				return
			}
		}
	}
	for result := range funnel.Bulk(t.Context(), client, items, func(ctx context.Context, i int) (*funnel.Tag, error) {
		return client.Tags.Create(ctx, funnel.TagCreateParams{Name: fmt.Sprint(i)})
	}) {
		if result.Err != nil {
			t.Fatal(result.Err)
		}
		meter.Set(result.Index+1, 1500)
	}
	meter.Stop()
	return out.String()
}

func TestWithoutATerminalThereIsALineEveryFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines := strings.Split(strings.TrimSpace(work(t, false)), "\n")
		if len(lines) != 24 { // two minutes of waiting for the quota
			t.Errorf("%d lines", len(lines))
		}
		for i, want := range []string{"about 1m55s left", "about 1m50s left", "about 1m45s left"} {
			if line := regexp.MustCompile(`^\d+ of 1500 rows, \d+ %, ` + want + "$"); !line.MatchString(lines[i]) {
				t.Errorf("line %d is %q, want %s", i, lines[i], line)
			}
		}
		if last := lines[len(lines)-1]; !strings.HasSuffix(last, ", less than 1m0s left") {
			t.Errorf("the last line is %q", last)
		}
	})
}

func TestOnATerminalThereIsABar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := work(t, true)
		frames := strings.Split(out, "\r")
		last := frames[len(frames)-1]
		if want := " 100% |██████████████████████████████| (1500/1500) done \n"; last != want {
			t.Errorf("the last frame is %q, want %q", last, want)
		}
		if frame := regexp.MustCompile(`\r +\d+% \|█* +\| \(\d+/1500\) about 1m30s left`); !frame.MatchString(out) {
			t.Errorf("no frame is %s", frame)
		}
		if strings.Count(out, "\n") != 1 {
			t.Error("a bar stays on its line")
		}
	})
}

func TestAnUnknownTotalIsCountedOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		meter := Start(&out, true, Job{Unit: "contacts", Sent: func() int64 { return 0 }}, 0)
		meter.Set(7, 0)
		<-time.After(lineInterval + 1)
		meter.Stop()
		if out.String() != "7 contacts\n" {
			t.Errorf("got %q", out.String())
		}
	})
}
