package funnel_test

import (
	"context"
	"fmt"
	"log"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// atOnce is a limiter that allows a number of requests at the same time: its capacity.
type atOnce chan struct{}

// Acquire waits for room.
func (l atOnce) Acquire(ctx context.Context) (release func(funnel.Outcome), err error) {
	select {
	case l <- struct{}{}:
		return func(funnel.Outcome) { <-l }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// A limiter replaces the SDK's own. This one bounds the requests at the same time. It does
// not keep to the API's limit of 600 requests per minute.
func ExampleWithLimiter() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client(funnel.WithLimiter(make(atOnce, 4)))
	server.SeedContacts(1000)

	n := 0
	for _, err := range client.Contacts.All(context.Background(), funnel.ContactListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		n++
	}
	fmt.Println(n, "contacts")
	// Output: 1000 contacts
}
