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

	mu      sync.Mutex
	secrets []secret // the longest first: one may contain another
	empty   bool     // nothing was recorded
}

type secret struct {
	text string
	hide func(text string) string
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
	for _, text := range cfg.secrets {
		r.learn(text)
	}
	r.vcr, err = recorder.New(name,
		recorder.WithMode(mode),
		recorder.WithRealTransport(cfg.transport),
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
// test has failed, do not call it, or later runs replay the failure.
func (r *Recorder) Stop() error {
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
		r.learn(words[len(words)-1]) // without "Bearer"
	}
	resp, err := r.vcr.RoundTrip(sent)
	if errors.Is(err, cassette.ErrInteractionNotFound) {
		return r.notRecorded(sent), nil
	}
	return resp, err
}

// learn adds to what is hidden.
func (r *Recorder) learn(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.secrets, func(s secret) bool { return s.text == text }) {
		return
	}
	r.secrets = append(r.secrets, secret{text, redact.Hide(text)})
	slices.SortFunc(r.secrets, func(a, b secret) int { return len(b.text) - len(a.text) })
}

// notRecorded is a response rather than an error, which the SDK would retry.
func (r *Recorder) notRecorded(req *http.Request) *http.Response {
	message := fmt.Sprintf("%s has no response left for %s %s", r.path, req.Method, r.cleanText(req.URL.RequestURI()))
	if body := r.cleanText(bodyOf(req)); body != "" {
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

// matches reports whether the recorded request is the one to be sent.
func (r *Recorder) matches(req *http.Request, recorded cassette.Request) bool {
	return req.Method == recorded.Method &&
		r.cleanText(req.URL.RequestURI()) == recorded.URL &&
		r.cleanText(bodyOf(req)) == recorded.Body
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

// clean removes what a recording must not contain, and what would differ in each.
func (r *Recorder) clean(i *cassette.Interaction) error {
	sent, err := i.GetHTTPRequest()
	if err != nil {
		return err
	}
	i.Request = cassette.Request{
		Method:  i.Request.Method,
		URL:     r.cleanText(sent.URL.RequestURI()),
		Headers: http.Header{},
		Body:    r.cleanText(i.Request.Body),
	}
	for _, name := range []string{"Accept", "Content-Type"} {
		if values := sent.Header.Values(name); len(values) > 0 {
			i.Request.Headers[name] = values
		}
	}
	headers := http.Header{}
	for name, values := range i.Response.Headers {
		for _, value := range values {
			headers.Add(name, r.cleanText(value))
		}
	}
	for _, name := range []string{"Set-Cookie", "Date", "Content-Length", "X-RateLimit-Limit", "X-RateLimit-Remaining"} {
		headers.Del(name)
	}
	i.Response.Headers = headers
	i.Response.Trailer, i.Response.TransferEncoding = nil, nil
	i.Response.Body = redact.WebhookSecret(r.cleanText(i.Response.Body))
	i.Response.ContentLength = int64(len(i.Response.Body))
	i.Response.Duration = 0
	return nil
}

func (r *Recorder) cleanText(text string) string {
	r.mu.Lock()
	for _, secret := range r.secrets {
		text = secret.hide(text)
	}
	r.mu.Unlock()
	if r.redact != nil {
		text = r.redact(text)
	}
	return text
}
