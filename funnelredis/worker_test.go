package funnelredis

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelredis/internal/child"
)

// workerVariable hands a worker its config, and makes a process one.
const workerVariable = "FUNNELREDIS_WORKER"

// A workerConfig is what a worker process is to do until its input ends.
type workerConfig struct {
	BaseURL, APIKey string
	Redis           string        // address; "": the client's own limiter
	RTT             time.Duration // to Redis, on top of what it is
	Limit           int
	Per             time.Duration
	Callers         int           // goroutines
	Every           time.Duration // the time from one call of a goroutine to the next; 0: no break
	Background      bool
	CountFrom       time.Time // calls that end earlier do not count
}

// A workerResult is what a worker did.
type workerResult struct {
	Calls    int // that succeeded
	Failed   int
	Err      string        // of the first that failed
	Slowest  time.Duration // duration of all calls but one in a hundred, at most
	Commands int           // to Redis
}

// work is the main function of a worker.
func work(config string) (exitCode int) {
	var cfg workerConfig
	if err := json.Unmarshal([]byte(config), &cfg); err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { // the parent's death, too, ends the input
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	result, err := call(ctx, cfg)
	if err != nil {
		result.Err = cmp.Or(result.Err, err.Error())
		result.Failed++
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		return 1
	}
	return 0
}

// call calls until ctx ends.
func call(ctx context.Context, cfg workerConfig) (result workerResult, err error) {
	opts := []funnel.Option{funnel.WithBaseURL(cfg.BaseURL), funnel.WithRetry(funnel.RetryPolicy{RateLimitWait: cfg.Per})}
	flush := func(context.Context) error { return nil }
	distance := &distance{rtt: cfg.RTT}
	if cfg.Redis == "" {
		opts = append(opts, funnel.WithRateLimit(cfg.Limit, cfg.Per))
	} else {
		rdb := redis.NewClient(&redis.Options{Addr: cfg.Redis})
		defer rdb.Close()
		rdb.AddHook(distance)
		limiter, err := New(rdb, cfg.APIKey, WithRateLimit(cfg.Limit, cfg.Per), WithLease(max(time.Second, cfg.Per/2)))
		if err != nil {
			return result, err
		}
		opts = append(opts, funnel.WithLimiter(limiter))
		flush = limiter.Flush
	}
	client, err := funnel.New(cfg.APIKey, opts...)
	if err != nil {
		return result, err
	}
	if cfg.Background {
		ctx = funnel.InBackground(ctx)
	}
	var (
		wg        sync.WaitGroup
		mu        sync.Mutex
		durations []time.Duration
	)
	for range cfg.Callers {
		wg.Go(func() {
			for {
				start := time.Now()
				_, err := client.Tags.List(ctx, funnel.TagListParams{})
				if errors.Is(err, context.Canceled) {
					return
				}
				mu.Lock()
				if time.Now().After(cfg.CountFrom) {
					durations = append(durations, time.Since(start))
				}
				if err != nil {
					result.Failed++
					result.Err = cmp.Or(result.Err, err.Error())
				}
				mu.Unlock()
				wait(time.Until(start.Add(cfg.Every)))
			}
		})
	}
	wg.Wait()
	slices.Sort(durations)
	if len(durations) > 0 {
		result.Slowest = durations[len(durations)*99/100]
	}
	result.Calls = len(durations)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = flush(ctx)
	result.Commands = distance.commands
	return result, err
}

// wait waits for so long.
func wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

// A distance delays all commands, and counts them. The limiter makes one at a time.
type distance struct {
	rtt      time.Duration
	commands int
}

func (d *distance) DialHook(next redis.DialHook) redis.DialHook { return next }

func (d *distance) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		d.commands++
		wait(d.rtt)
		return next(ctx, cmd)
	}
}

func (d *distance) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// A worker is a process that calls the API: this program once more.
type worker struct {
	usesRedis bool

	cmd   *exec.Cmd
	stdin io.Closer
	out   bytes.Buffer
}

func startWorker(t *testing.T, cfg workerConfig) *worker {
	t.Helper()
	config, err := json.Marshal(cfg)
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	w := &worker{usesRedis: cfg.Redis != "", cmd: exec.Command(self)}
	w.cmd.Env = append(os.Environ(), workerVariable+"="+string(config))
	w.cmd.Stdout, w.cmd.Stderr = &w.out, os.Stderr
	w.stdin, err = w.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, w.cmd.Start())
	t.Cleanup(func() { _ = w.cmd.Process.Kill() }) // if the test has failed
	return w
}

// kill ends the worker with its requests under way.
func (w *worker) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, w.cmd.Process.Kill())
	_ = w.cmd.Wait() // says that it was killed
}

// result waits for a worker that was told to stop.
func (w *worker) result(t *testing.T) (result workerResult) {
	t.Helper()
	require.NoError(t, w.cmd.Wait())
	require.NoError(t, json.Unmarshal(w.out.Bytes(), &result))
	return result
}

// emulatorProgram is what buildEmulator makes.
var emulatorProgram = filepath.Join(os.TempDir(), fmt.Sprintf("funnel-emulator-%d", os.Getpid()))

// buildEmulator compiles cmd/funnel-emulator, once for all tests.
var buildEmulator = sync.OnceValue(func() error {
	out, err := exec.Command("go", "build", "-o", emulatorProgram, "github.com/funnel-go/funnel/cmd/funnel-emulator").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("building the emulator: %w\n%s", err, out)
	}
	return err
})

// An emulator is a cmd/funnel-emulator in a process of its own.
type emulator struct {
	url, key string

	cmd    *exec.Cmd
	logged chan struct{} // closed when all of its log is read

	mu       sync.Mutex
	requests []apiRequest
}

// An apiRequest is one to the API, as the emulator's log has it.
type apiRequest struct {
	arrived time.Time // to the millisecond
	status  int       // of the response; zero: there was none
}

func startEmulator(t *testing.T, limit int, per, latency time.Duration) *emulator {
	t.Helper()
	require.NoError(t, buildEmulator())
	e := &emulator{logged: make(chan struct{})}
	e.cmd = child.Command(emulatorProgram, "-addr", "127.0.0.1:0",
		"-rate-limit", strconv.Itoa(limit), "-rate-per", per.String(), "-latency", latency.String())
	stdout, err := e.cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := e.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, e.cmd.Start())
	t.Cleanup(func() { _ = e.cmd.Process.Kill() }) // if the test has failed
	go e.follow(stderr)
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if n, _ := fmt.Sscanf(lines.Text(), "export FUNNEL_BASE_URL=%s FUNNEL_API_KEY=%s", &e.url, &e.key); n == 2 {
			return e
		}
	}
	t.Fatal("the emulator did not say where it is")
	return nil
}

// requestLine is a line of the log that tells of a request.
var requestLine = regexp.MustCompile(` msg="?request\b.* status=(\d+) arrived=(\S+) `)

// follow reads the log to its end, and passes on errors.
func (e *emulator) follow(log io.Reader) {
	defer close(e.logged)
	for lines := bufio.NewScanner(log); lines.Scan(); {
		found := requestLine.FindStringSubmatch(lines.Text())
		if found == nil {
			if !strings.Contains(lines.Text(), "level=INFO") {
				fmt.Fprintln(os.Stderr, "emulator:", lines.Text())
			}
			continue
		}
		status, _ := strconv.Atoi(found[1])
		arrived, _ := time.Parse(time.RFC3339Nano, found[2])
		e.mu.Lock()
		e.requests = append(e.requests, apiRequest{arrived, status})
		e.mu.Unlock()
	}
}

// stop ends the emulator, when all that has arrived has its response.
func (e *emulator) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, e.cmd.Process.Signal(syscall.SIGTERM))
	<-e.logged
	require.NoError(t, e.cmd.Wait())
}

// A tally is how an API counted its requests.
type tally struct {
	accepted []time.Time // when, in order
	rejected int
	most     int // accepted in any period as long as a window
}

// since counts the requests from then on.
func (e *emulator) since(then time.Time, per time.Duration) (t tally) {
	e.mu.Lock()
	requests := slices.Clone(e.requests)
	e.mu.Unlock()
	slices.SortStableFunc(requests, func(a, b apiRequest) int { return a.arrived.Compare(b.arrived) })
	first := 0
	for _, r := range requests {
		switch {
		case r.arrived.Before(then):
			continue
		case r.status == http.StatusTooManyRequests:
			t.rejected++
			continue
		}
		t.accepted = append(t.accepted, r.arrived)
		for r.arrived.Sub(t.accepted[first]) >= per {
			first++
		}
		t.most = max(t.most, len(t.accepted)-first)
	}
	return t
}
