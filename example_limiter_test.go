package funnel_test

import (
	"context"
	"fmt"
	"log"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// atOnce is a limiter that lets so many requests be under way at the same time
// as it has room for.
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

// Any limiter will do, at a price: this one bounds what is under way at once, and
// knows nothing of the API's 600 requests a minute.
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
