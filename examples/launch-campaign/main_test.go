package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

const launched = `tag "launch", sequence "Launch week" with 3 stages, funnel "Launch" with 3 steps, campaign "We are live" scheduled` + "\n"

func TestALaunchCanBeRunAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		var out strings.Builder
		for range 2 {
			if err := launch(t.Context(), server.Client(), &out); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := out.String(), launched+launched; got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
		expectOneOfEach(t, server)
	})
}

func TestALaunchCanBeInterruptedAtEachRequest(t *testing.T) {
	for name, fault := range map[string]funneltest.Fault{
		"before it": {Code: funnel.ErrForbidden},
		"after it":  {DropConnection: true, AfterCommit: true},
	} {
		over := false
		for n := 1; !over; n++ {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := funneltest.NewServer()
					defer server.Close()
					fault.Match = nth(n)
					server.Fail(fault)
					err := launch(t.Context(), server.Client(), io.Discard)
					over = len(server.PendingFaults()) > 0 // there are fewer requests
					if over && err != nil {
						t.Fatal(err)
					}
					server.ClearFaults()
					var out strings.Builder
					if err := launch(t.Context(), server.Client(), &out); err != nil {
						t.Fatal(err)
					}
					if out.String() != launched {
						t.Errorf("got %s\nwant %s", out.String(), launched)
					}
					expectOneOfEach(t, server)
				})
			})
		}
	}
}

// nth matches the nth request.
func nth(n int) func(*http.Request) bool {
	return func(*http.Request) bool { n--; return n == 0 }
}

func expectOneOfEach(t *testing.T, server *funneltest.Server) {
	t.Helper()
	for what, want := range map[string]int{"tags": 1, "sequences": 1, "stages": 3, "funnels": 1, "steps": 3, "campaigns": 1} {
		if got := server.Counts()[what]; got != want {
			t.Errorf("there are %d %s, want %d", got, what, want)
		}
	}
}

func TestALaunchIsNotSentTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		client := server.Client()
		var sent []funnel.Timestamp
		for range 4 { // twice before it is sent, twice after
			if err := launch(t.Context(), client, io.Discard); err != nil {
				t.Fatal(err)
			}
			<-time.After(10 * time.Hour)
			campaign, err := client.Campaigns.Get(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			sent = append(sent, campaign.SentAt)
		}
		if !sent[1].IsZero() || sent[2].IsZero() || sent[3] != sent[2] {
			t.Errorf("sent at %s, want once, after a day", sent)
		}
		expectOneOfEach(t, server)
	})
}

func TestALaunchUsesATagInOtherCapitals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := funneltest.NewServer()
		defer server.Close()
		if _, err := server.Client().Tags.Create(t.Context(), funnel.TagCreateParams{Name: "Launch"}); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := launch(t.Context(), server.Client(), &out); err != nil {
			t.Fatal(err)
		}
		if got, want := out.String(), strings.Replace(launched, "launch", "Launch", 1); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	})
}

func TestALaunchSaysWhatIsMissing(t *testing.T) {
	server := funneltest.NewServer(funneltest.WithoutSubdomain())
	defer server.Close()
	err := launch(context.Background(), server.Client(), &strings.Builder{})
	if !errors.Is(err, funnel.ErrNoSubdomain) || !strings.HasPrefix(err.Error(), "set up a subdomain in the account first: ") {
		t.Errorf("the error is %v", err)
	}
}
