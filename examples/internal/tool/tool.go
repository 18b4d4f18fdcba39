// Package tool is what the command-line tools among the examples have in
// common: their surroundings, their exit codes, and the API that they talk to.
package tool

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// DefaultRate is how many requests a minute the API allows (documented).
const DefaultRate = 600

// Exit codes that all tools share.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitInterrupted = 130 // as a shell says of a program that Ctrl-C ended
)

// An Environment is what a tool gets from outside, so that tests can put
// something else in its place.
type Environment struct {
	Args       []string // without the program's name
	Stdout     io.Writer
	Stderr     io.Writer
	Getenv     func(string) string
	IsTerminal func(io.Writer) bool
	TempDir    string
}

// Main runs a tool and exits with the code that it returns. Ctrl-C ends its
// context. If it is still there a second later, another one ends the program;
// not before, since timeout and others send the signal twice.
func Main(run func(context.Context, Environment) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	os.Exit(run(ctx, Environment{
		Args:       os.Args[1:],
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
		Getenv:     os.Getenv,
		IsTerminal: isTerminal,
		TempDir:    os.TempDir(),
	}))
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// An API is what a tool talks to.
type API struct {
	Client   *funnel.Client
	Name     string        // for messages
	Per      time.Duration // the time that its quota is for
	Requests atomic.Int64  // that were sent
	Fake     *funneltest.Server
}

// What the API in memory allows: a demonstration should not take minutes.
const (
	fakeRate = 600
	fakePer  = time.Second
)

// FakeNotice says so, for a tool's first line.
const FakeNotice = "Nothing is configured, so this talks to an API in memory, which allows 600 requests a second instead of a minute."

// Configured reports whether the environment names a real API.
func (env Environment) Configured() bool {
	return env.Getenv("FUNNEL_BASE_URL") != "" || env.Getenv("FUNNEL_API_KEY") != ""
}

// Connect returns the API that FUNNEL_BASE_URL and FUNNEL_API_KEY name, of
// which rate requests a minute may be made, or one in memory if neither is set.
func (env Environment) Connect(rate int) (*API, error) {
	api := &API{Name: "an API in memory", Per: fakePer}
	count := funnel.WithObserver(funnel.Observer{
		AttemptDone: func(context.Context, funnel.AttemptInfo, funnel.AttemptResult) { api.Requests.Add(1) },
	})
	if !env.Configured() {
		api.Fake = funneltest.NewServer(funneltest.WithRateLimit(fakeRate, fakePer))
		api.Client = api.Fake.Client(funnel.WithRateLimit(fakeRate, fakePer), count)
		return api, nil
	}
	baseURL, apiKey := env.Getenv("FUNNEL_BASE_URL"), env.Getenv("FUNNEL_API_KEY")
	if baseURL == "" || apiKey == "" {
		return nil, errors.New("of FUNNEL_BASE_URL and FUNNEL_API_KEY only one is set")
	}
	api.Name, api.Per = baseURL, time.Minute
	var err error
	api.Client, err = funnel.New(baseURL, apiKey, funnel.WithRateLimit(rate, api.Per), count)
	return api, err
}

// Close ends the API in memory.
func (api *API) Close() {
	if api.Fake != nil {
		api.Fake.Close()
	}
}
