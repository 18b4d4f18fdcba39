package funnel

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strconv"

	"github.com/funnel-go/funnel/internal/redact"
)

// scrub returns an error with the cleaned text of err, and err itself if there is
// nothing to hide.
func scrub(err error, clean func(text string) string) error {
	message := clean(err.Error())
	if message == err.Error() {
		return err
	}
	return &scrubbed{message, func() error { return err }, clean}
}

// withoutURL returns what is inside of net/http's errors, whose text has the URL
// with the query.
func withoutURL(err error) error {
	for wrapped := (*url.Error)(nil); errors.As(err, &wrapped); {
		if err = wrapped.Err; err == nil { // of a transport of the user's own
			return errors.New("the transport returned a url.Error without a cause")
		}
	}
	return err
}

// A scrubbed error matches what the error behind it matches, but does not lead
// to a text with what was hidden. It keeps that error in a closure, because a failed
// assertion prints unexported fields.
type scrubbed struct {
	message string
	err     func() error
	clean   func(text string) string
}

func (e *scrubbed) Error() string { return e.message }

func (e *scrubbed) GoString() string { return strconv.Quote(e.message) }

func (e *scrubbed) Is(target error) bool { return errors.Is(e.err(), target) }

// As finds an error behind it, unless its text would show what was hidden.
func (e *scrubbed) As(target any) bool {
	if !errors.As(e.err(), target) {
		return false
	}
	found := reflect.ValueOf(target).Elem()
	if err, ok := found.Interface().(error); ok && e.clean(err.Error()) != err.Error() {
		found.SetZero()
		return false
	}
	return true
}

// hideSecrets returns a function that hides the API key and the secrets of webhooks.
func hideSecrets(apiKey string) func(text string) string {
	hideKey := redact.Hide(apiKey)
	return func(text string) string { return redact.WebhookSecret(hideKey(text)) }
}

func hideInHeader(h http.Header, hide func(string) string) http.Header {
	h = h.Clone()
	for _, values := range h {
		for i := range values {
			values[i] = hide(values[i])
		}
	}
	return h
}
