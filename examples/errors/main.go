// Errors provokes each class of error and shows how a program tells them apart.
// It uses an in-memory API, which can fail on demand.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func main() {
	run(context.Background(), os.Stdout)
}

func run(ctx context.Context, out io.Writer) {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client(funnel.WithRetry(funnel.RetryPolicy{
		MinWait:       10 * time.Millisecond, // keep the defaults in a real program
		RateLimitWait: 50 * time.Millisecond,
	}))
	ada := funnel.ContactCreateParams{Email: "ada@example.com"}
	create := func(params funnel.ContactCreateParams) error {
		_, err := client.Contacts.Create(ctx, params)
		return err
	}
	get := func(ctx context.Context, contact funnel.ContactRef) error {
		_, err := client.Contacts.Get(ctx, contact)
		return err
	}

	for _, example := range []struct {
		name string
		call func() error
	}{
		{"new contact", func() error { return create(ada) }},
		{"same contact", func() error { return create(ada) }},
		{"malformed address", func() error { return create(funnel.ContactCreateParams{Email: "ada"}) }},
		{"empty address", func() error { return create(funnel.ContactCreateParams{}) }},
		{"unknown contact", func() error { return get(ctx, funnel.Email("grace@example.com")) }},
		{"rate limited once", func() error {
			server.Fail(funneltest.Fault{Status: 429})
			return get(ctx, funnel.Email(ada.Email))
		}},
		{"rate limited, no retry", func() error {
			server.Fail(funneltest.Fault{Status: 429})
			return get(funnel.WithoutRetry(ctx), funnel.Email(ada.Email))
		}},
		{"server down", func() error {
			server.Fail(funneltest.Fault{Code: funnel.ErrServer, Times: 4})
			return get(ctx, funnel.Email(ada.Email))
		}},
		{"lost response", func() error {
			server.Fail(funneltest.Fault{DropConnection: true, AfterCommit: true})
			_, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Launch"})
			return err
		}},
		{"deadline exceeded", func() error {
			server.Fail(funneltest.Fault{Delay: time.Second})
			ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			return get(ctx, funnel.Email(ada.Email))
		}},
		{"wrong API key", func() error {
			server.Fail(funneltest.Fault{Code: funnel.ErrUnauthorized})
			return get(ctx, funnel.Email(ada.Email))
		}},
	} {
		err := example.call()
		fmt.Fprintf(out, "%-22s  %-16s  %s\n", example.name, funnel.ErrorKind(err), advice(err))
	}
}

// advice says what a program should do about an error. The order of the cases
// matters: the most specific come first.
func advice(err error) string {
	fields := funnel.FieldErrors(err)
	var limited *funnel.RateLimitError
	switch {
	case err == nil:
		return "nothing to do"
	case fields != nil:
		return fmt.Sprintf("show to the user: %v", fields)
	case errors.Is(err, funnel.ErrContactExists):
		return "use the existing contact, or call Upsert"
	case errors.Is(err, funnel.ErrNotFound):
		return "it does not exist"
	case errors.Is(err, funnel.ErrUnauthorized):
		return "alert the operator: the API key is not accepted"
	case funnel.MayHaveBeenApplied(err):
		return "check whether it was applied before calling again"
	case errors.As(err, &limited):
		return fmt.Sprintf("call again in %s", limited.RetryAfter)
	case funnel.CanRetry(err):
		return "call again later"
	default:
		return "log it: " + err.Error()
	}
}
