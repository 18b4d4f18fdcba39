package funnel_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// pacemaker stands for any type with a Wait method, such as the rate.Limiter of
// golang.org/x/time.
type pacemaker struct{ *time.Ticker }

// Wait waits for the next beat.
func (p pacemaker) Wait(ctx context.Context) error {
	select {
	case <-p.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func ExampleLimiterFromWaiter() {
	server := funneltest.NewServer()
	defer server.Close()
	pace := pacemaker{time.NewTicker(time.Millisecond)} // in a program: ten per second
	defer pace.Stop()
	client := server.Client(funnel.WithLimiter(funnel.LimiterFromWaiter(pace)))

	for _, name := range []string{"vip", "customer", "trial"} {
		if _, err := client.Tags.Create(context.Background(), funnel.TagCreateParams{Name: name}); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(server.Counts()["tags"], "tags")
	// Output: 3 tags
}
