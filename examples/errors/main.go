// Errors provokes each class of error and shows how a program tells them apart.
// It talks to an API in memory, on which faults can be provoked.
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
		MinWait:       10 * time.Millisecond, // a real program leaves these at their defaults
		RateLimitWait: 50 * time.Millisecond,
	}))
	ada := funnel.ContactCreateParams{Email: "ada@example.com"}

	for _, provoke := range []struct {
		what string
		call func() error
	}{
		{"a new contact", func() error {
			_, err := client.Contacts.Create(ctx, ada)
			return err
		}},
		{"the same once more", func() error {
			_, err := client.Contacts.Create(ctx, ada)
			return err
		}},
		{"an address that is none", func() error {
			_, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: "ada"})
			return err
		}},
		{"an id of zero", func() error {
			_, err := client.Contacts.Get(ctx, 0)
			return err
		}},
		{"a contact that is not there", func() error {
			_, err := client.Contacts.Get(ctx, 404)
			return err
		}},
		{"a server that is rate limited once", func() error {
			server.Fail(funneltest.Fault{Status: 429})
			_, err := client.Contacts.Get(ctx, 1)
			return err
		}},
		{"the same, without retries", func() error {
			server.Fail(funneltest.Fault{Status: 429})
			_, err := client.Contacts.Get(funnel.WithoutRetry(ctx), 1)
			return err
		}},
		{"a server that is down for good", func() error {
			server.Fail(funneltest.Fault{Code: funnel.ErrServer, Times: 4})
			_, err := client.Contacts.Get(ctx, 1)
			return err
		}},
		{"a funnel whose creation got no answer", func() error {
			server.Fail(funneltest.Fault{DropConnection: true, AfterCommit: true})
			_, err := client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Launch"})
			return err
		}},
		{"a time-out of the program's own", func() error {
			server.Fail(funneltest.Fault{Delay: time.Second})
			ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			_, err := client.Contacts.Get(ctx, 1)
			return err
		}},
		{"a key that is not accepted", func() error {
			server.Fail(funneltest.Fault{Code: funnel.ErrUnauthorized})
			_, err := client.Contacts.Get(ctx, 1)
			return err
		}},
	} {
		fmt.Fprintf(out, "%-38s %s\n", provoke.what, describe(provoke.call()))
	}
}

// describe tells errors apart, the most certain first.
func describe(err error) string {
	var (
		argument *funnel.ArgumentError
		invalid  *funnel.ValidationError
		limited  *funnel.RateLimitError
		request  *funnel.RequestError
		apiErr   *funnel.APIError
	)
	switch {
	case err == nil:
		return "no error"
	case errors.Is(err, funnel.ErrContactExists), errors.Is(err, funnel.ErrTagExists):
		return "already there: use what is there, or Upsert"
	case errors.Is(err, funnel.ErrNotFound):
		return "not there"
	case errors.Is(err, funnel.ErrUnauthorized):
		return "give the operator a call: the API key is not accepted"
	case errors.Is(err, context.DeadlineExceeded):
		return "took too long for this program"
	case errors.As(err, &argument):
		return fmt.Sprintf("mend the program: %s %s", argument.Field, argument.Message)
	case errors.As(err, &invalid):
		return fmt.Sprintf("tell the user: %v", invalid.Details)
	case errors.As(err, &limited):
		return fmt.Sprintf("come back in %s", limited.RetryAfter)
	case errors.As(err, &request):
		return fmt.Sprintf("no answer; may have been applied: %t", request.MayHaveBeenApplied)
	case errors.As(err, &apiErr):
		return fmt.Sprintf("log it: status %d after %d attempts, body %.40s…", apiErr.StatusCode, apiErr.Attempts, apiErr.Body)
	default:
		return "unheard of: " + err.Error()
	}
}
