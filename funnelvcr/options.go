package funnelvcr

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/funnel-go/funnel"
)

// An Option sets up a [Recorder]. A bad value makes [New] fail with a
// [*funnel.ArgumentError].
type Option func(*config) error

type config struct {
	transport  http.RoundTripper
	secrets    []string
	redact     func(string) string
	replayOnly bool
}

// ReplayOnly makes [New] fail if the file does not exist, instead of recording. Use it
// where nothing must be sent, such as in CI.
func ReplayOnly() Option {
	return func(cfg *config) error {
		cfg.replayOnly = true
		return nil
	}
}

// WithTransport records the responses of transport instead of those of
// [http.DefaultTransport].
func WithTransport(transport http.RoundTripper) Option {
	return func(cfg *config) error {
		if transport == nil {
			return badArgument("WithTransport", "the transport is nil")
		}
		cfg.transport = transport
		return nil
	}
}

// WithSecrets hides more secrets than the API key in the header Authorization, such as
// those that a function given to [funnel.WithAuth] sends. As for the API key, up to 8
// letters and nothing else are taken for a common word and stay.
func WithSecrets(secrets ...string) Option {
	return func(cfg *config) error {
		if slices.Contains(secrets, "") {
			return badArgument("WithSecrets", "a secret is empty")
		}
		cfg.secrets = append(cfg.secrets, secrets...)
		return nil
	}
}

// WithRedact passes every recorded text through redact: paths, the names and values of
// query parameters, bodies, and the values of response headers. Paths, names and values
// are decoded before and encoded after it. Requests go through it too before they are
// looked up, so it must return the same text in every run. It must be safe for concurrent
// use. [funnel.ContactsService.Get] by an e-mail address refuses a contact with another
// address: in a replay, ask for the replacement.
func WithRedact(redact func(text string) string) Option {
	return func(cfg *config) error {
		if redact == nil {
			return badArgument("WithRedact", "the function is nil")
		}
		cfg.redact = redact
		return nil
	}
}

func badArgument(field, format string, args ...any) error {
	return &funnel.ArgumentError{Field: field, Message: fmt.Sprintf(format, args...)}
}
