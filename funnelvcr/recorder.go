package funnelvcr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"

	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/recorder"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/redact"
)

// ErrNotRecorded is the code of the error for a request that the recording has no
// response for.
const ErrNotRecorded funnel.Code = "NOT_RECORDED"

// A Recorder is an [http.RoundTripper] that records or replays. Create it with [New] and
// end it with [Recorder.Stop]. It is safe for concurrent use.
type Recorder struct {
	path   string
	redact func(text string) string
	vcr    *recorder.Recorder
	stop   func() error

	mu      sync.Mutex
	secrets []secret // the longest first: one may contain another
	empty   bool     // nothing was recorded
}

// New returns a Recorder for the file at path, whose name ends in ".yaml". It records if
// the file does not exist, and replays otherwise.
//
// Errors: [*funnel.ArgumentError] for a bad argument; another error if the file cannot
// be read or is not a recording.
func New(path string, opts ...Option) (*Recorder, error) {
	name, isYAML := strings.CutSuffix(path, ".yaml")
	if !isYAML || name == "" {
		return nil, badArgument("path", `is %q: give the name of a file that ends in ".yaml"`, path)
	}
	cfg := config{transport: http.DefaultTransport}
	for _, opt := range opts {
		if opt == nil {
			return nil, badArgument("opts", "an option is nil")
		}
		if err := opt(&cfg); err != nil {
			return nil, err
		}
	}
	mode := recorder.ModeRecordOnly
	_, err := os.Stat(path)
	switch {
	case err == nil:
		mode = recorder.ModeReplayOnly
	case !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("funnelvcr: %w", err)
	case cfg.replayOnly:
		return nil, fmt.Errorf("funnelvcr: there is no recording to replay (record it first, without ReplayOnly): %w", err)
	}

	r := &Recorder{path: path, redact: cfg.redact, empty: true}
	r.stop = sync.OnceValue(r.save)
	for _, text := range cfg.secrets {
		r.learn(text, false)
	}
	r.vcr, err = recorder.New(name,
		recorder.WithMode(mode),
		recorder.WithRealTransport(bodyReader{cfg.transport}),
		recorder.WithSkipRequestLatency(true),
		recorder.WithMatcher(r.matches),
		recorder.WithHook(r.note, recorder.AfterCaptureHook),
		recorder.WithHook(r.clean, recorder.BeforeSaveHook),
		// Anything but io.Discard: VCR_DEBUG would print the API key.
		recorder.WithDebugWriter(struct{ io.Writer }{io.Discard}),
	)
	if err != nil {
		return nil, fmt.Errorf("funnelvcr: %s is not a recording (delete it to record again): %w", path, err)
	}
	return r, nil
}

// Client returns an [http.Client] for [funnel.WithHTTPClient].
func (r *Recorder) Client() *http.Client { return &http.Client{Transport: r} }

// Recording reports whether requests are sent and recorded. Otherwise they are replayed.
func (r *Recorder) Recording() bool { return r.vcr.IsRecording() }

// Stop writes the file if the Recorder recorded anything. Call it when no call of the
// client is running any more, and check its error. Without Stop nothing is written: if a
// test has failed, do not call it, or later runs replay the failure. Another call does
// nothing and returns the same error.
func (r *Recorder) Stop() error { return r.stop() }

// save must run only once: it would redact what is redacted already.
func (r *Recorder) save() error {
	r.mu.Lock()
	empty := r.empty
	r.mu.Unlock()
	if empty {
		return nil
	}
	if err := r.vcr.Stop(); err != nil {
		return fmt.Errorf("funnelvcr: cannot write %s: %w", r.path, err)
	}
	return nil
}

// RoundTrip implements [http.RoundTripper].
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(req.Body)
		req.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	sent := req.Clone(req.Context()) // go-vcr changes the request
	if req.Body != nil {
		sent.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		sent.Body, _ = sent.GetBody()
	}
	if words := strings.Fields(req.Header.Get("Authorization")); len(words) > 0 {
		r.learn(words[len(words)-1], true) // without "Bearer"
	}
	resp, err := r.vcr.RoundTrip(sent)
	if errors.Is(err, cassette.ErrInteractionNotFound) {
		return r.notRecorded(sent), nil
	}
	return resp, err
}

// A bodyReader reads each body before the transport gets it. A transport need not read
// it, or not all of it, and go-vcr records only what is read.
type bodyReader struct{ transport http.RoundTripper }

func (b bodyReader) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil && req.GetBody != nil {
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return nil, err
		}
		req.Body, _ = req.GetBody() // from memory
	}
	return b.transport.RoundTrip(req)
}

// learn adds to what is hidden.
func (r *Recorder) learn(text string, isKey bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.IndexFunc(r.secrets, func(s secret) bool { return s.text == text }); i >= 0 {
		r.secrets[i].isKey = r.secrets[i].isKey || isKey
		return
	}
	r.secrets = append(r.secrets, secret{text: text, isKey: isKey, hide: redact.Hide(text)})
	slices.SortFunc(r.secrets, func(a, b secret) int { return len(b.text) - len(a.text) })
}

// cleaner returns a cleaner for all secrets that are known so far.
func (r *Recorder) cleaner() cleaner {
	r.mu.Lock()
	defer r.mu.Unlock()
	return cleaner{secrets: slices.Clone(r.secrets), redact: r.redact}
}

// notRecorded is a response rather than an error, which the SDK would retry.
func (r *Recorder) notRecorded(req *http.Request) *http.Response {
	cleaner := r.cleaner()
	message := fmt.Sprintf("%s has no response left for %s %s", r.path, req.Method, cleaner.url(req.URL))
	if body := cleaner.text(bodyOf(req)); body != "" {
		message += " with the body " + body
	}
	envelope, _ := json.Marshal(map[string]any{ // of texts, which cannot fail
		"success": false,
		"error":   map[string]string{"code": string(ErrNotRecorded), "message": message + "; delete the file to record again"},
	})
	return &http.Response{
		Status:        "400 Bad Request",
		StatusCode:    http.StatusBadRequest,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(bytes.NewReader(envelope)),
		ContentLength: int64(len(envelope)),
		Request:       req,
	}
}

// matches reports whether the recorded request is the one to be sent. The API key of a
// replay can be a text such as "1", which a request contains by chance. So the URL and the
// body may match with the key hidden, as in the recording, or without.
func (r *Recorder) matches(req *http.Request, recorded cassette.Request) bool {
	if req.Method != recorded.Method {
		return false
	}
	hidden := r.cleaner()
	shown := hidden.withoutKeys()
	body := bodyOf(req)
	return (hidden.url(req.URL) == recorded.URL || shown.url(req.URL) == recorded.URL) &&
		(hidden.text(body) == recorded.Body || shown.text(body) == recorded.Body)
}

func bodyOf(req *http.Request) string {
	if req.GetBody == nil {
		return ""
	}
	body, _ := req.GetBody()
	text, _ := io.ReadAll(body) // from memory
	return string(text)
}

func (r *Recorder) note(*cassette.Interaction) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.empty = false
	return nil
}

// unrecordedHeaders are those of responses that a recording leaves out.
var unrecordedHeaders = []string{
	"Set-Cookie", "Date", "Content-Length",
	"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset",
}

// clean removes what a recording must not contain, and what would differ in each.
func (r *Recorder) clean(i *cassette.Interaction) error {
	sent, err := i.GetHTTPRequest()
	if err != nil {
		return err
	}
	cleaner := r.cleaner()
	i.Request = cassette.Request{
		Method:  i.Request.Method,
		URL:     cleaner.url(sent.URL),
		Headers: http.Header{},
		Body:    cleaner.text(i.Request.Body),
	}
	for _, name := range []string{"Accept", "Content-Type"} {
		if values := sent.Header.Values(name); len(values) > 0 {
			i.Request.Headers[name] = values
		}
	}
	headers := http.Header{}
	for name, values := range i.Response.Headers {
		for _, value := range values {
			headers.Add(name, cleaner.text(value))
		}
	}
	for _, name := range unrecordedHeaders {
		headers.Del(name)
	}
	i.Response.Headers = headers
	i.Response.Trailer, i.Response.TransferEncoding = nil, nil
	i.Response.Body = redact.WebhookSecret(cleaner.text(i.Response.Body))
	i.Response.ContentLength = int64(len(i.Response.Body))
	i.Response.Duration = 0
	return nil
}
