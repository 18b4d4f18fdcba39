package funnel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/funnel-go/funnel/internal/text"
)

// maxLoggedBody bounds the part of a body that is logged, in characters.
const maxLoggedBody = 2048

// logTo returns the observer behind [WithLogger].
func logTo(logger *slog.Logger, hide func(string) string) Observer {
	clean := func(s string, most int) string { return text.Clip(hide(s), most) }
	operation := func(method, path string) slog.Attr { return slog.String("operation", method+" "+text.Clip(path, 128)) }
	var quotaWaits everyMinute
	return Observer{
		AttemptDone: func(ctx context.Context, info AttemptInfo, result AttemptResult) {
			if !logger.Enabled(ctx, slog.LevelDebug) {
				return
			}
			attrs := []slog.Attr{
				operation(info.Method, hide(info.Path)),
				slog.Int("attempt", info.Attempt),
				slog.Int("status", result.StatusCode),
				slog.String("waited", info.Waited.String()),
				slog.String("took", result.Duration.String()),
				slog.String("body", clean(string(result.Body), maxLoggedBody)),
			}
			if result.Err != nil {
				attrs = append(attrs, slog.String("error", clean(result.Err.Error(), maxErrorText)))
			}
			logger.LogAttrs(ctx, slog.LevelDebug, "funnel: attempt", attrs...)
		},
		Wait: func(ctx context.Context, info WaitInfo) {
			switch {
			case info.Reason == WaitQuota:
				if quotaWaits.due() {
					logger.LogAttrs(ctx, slog.LevelInfo, "funnel: rate limit used up, calls wait",
						slog.String("for", roundedWait(info.Duration)))
				}
				return
			case info.Err == nil:
				return // the pause was logged when it began
			}
			logger.LogAttrs(ctx, slog.LevelWarn, "funnel: retrying",
				operation(info.Method, impersonalPath(hide(info.Path))),
				slog.String("after", clean(impersonal(info.Err), 128)),
				slog.String("in", info.Duration.String()))
		},
		Limiter: func(ctx context.Context, event LimiterEvent) { logEvent(ctx, logger, event) },
	}
}

func logEvent(ctx context.Context, logger *slog.Logger, event LimiterEvent) {
	level, message := slog.LevelWarn, "funnel: limiter: "+text.Clip(string(event.Kind), 64)
	switch event.Kind {
	case LimiterPaused:
		message = "funnel: rate limited, pausing"
	case LimiterStoreLost:
		message = "funnel: the limiter's store does not respond"
	case LimiterFallback:
		message = "funnel: sending without the limiter's store, within a share of the rate limit"
	case LimiterStoreBack:
		level, message = slog.LevelInfo, "funnel: the limiter's store responds again"
	case LimiterDataLost:
		message = "funnel: the limiter's store has lost its data, pausing"
	}
	var attrs []slog.Attr
	if !event.Until.IsZero() {
		attrs = append(attrs, slog.String("for", roundedWait(time.Until(event.Until))))
	}
	if event.Err != nil {
		attrs = append(attrs, slog.String("error", text.Clip(impersonal(event.Err), 128)))
	}
	logger.LogAttrs(ctx, level, message, attrs...)
}

// roundedWait is a wait that was measured, without the digits that mean nothing.
func roundedWait(d time.Duration) string { return d.Round(time.Millisecond).String() }

// everyMinute says when something is due that is to happen once a minute at most.
type everyMinute struct {
	mu   sync.Mutex
	last time.Time
}

func (m *everyMinute) due() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if !m.last.IsZero() && now.Sub(m.last) < time.Minute {
		return false
	}
	m.last = now
	return true
}

// impersonalPath is a path without the segments that may hold an e-mail address,
// which those that [Client.Call] is given may.
func impersonalPath(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if !isPlain(segment) {
			segments[i] = "[hidden]"
		}
	}
	return strings.Join(segments, "/")
}

// impersonal describes an error without the words of a server or a transport
// that the SDK does not know: an e-mail address may be among them.
func impersonal(err error) string {
	var (
		apiErr *APIError
		netErr *net.OpError
	)
	switch {
	case errors.As(err, &apiErr):
		return joinTexts(" ", strconv.Itoa(apiErr.StatusCode), impersonalCode(apiErr.Code))
	case errors.As(err, &netErr):
		if operation := joinTexts(" ", netErr.Op, netErr.Net); isPlain(operation) {
			return operation + ": " + impersonal(netErr.Err)
		}
		return impersonal(netErr.Err)
	}
	for _, known := range []error{context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	kind := reflect.TypeOf(err)
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch kind.PkgPath() {
	case "syscall", "net", "internal/poll", "crypto/tls":
		if message := err.Error(); isPlain(message) { // a transport may put its own words into them
			return message
		}
	}
	return fmt.Sprintf("%T", err)
}

// isPlain reports whether s has none of the characters without which no e-mail
// address can be written, be it in a URL, in HTML or in JSON.
func isPlain(s string) bool {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:'/[]_-"
	return strings.Trim(s, plain) == ""
}

// impersonalCode is a code that is spelled as codes are.
func impersonalCode(code Code) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
	if strings.Trim(string(code), letters) != "" {
		return ""
	}
	return code.clipped()
}
