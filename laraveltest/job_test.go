package laraveltest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/funnel-go/funnel"
)

// A job makes many calls from many goroutines. It may run in a process of its
// own, so it can be written as JSON.
type job struct {
	URL, Key   string
	Peer       bool // use plain go-retryablehttp instead of this SDK
	Calls      int
	Goroutines int
	Limit      int // of the SDK's limiter
	Window     time.Duration
}

// A result is what became of a job.
type result struct {
	Rejected int            // responses with 429
	Failed   int            // calls that returned an error
	Errors   map[string]int // of those
	Statuses map[string]int // of all responses
	Took     time.Duration
}

// add adds the result of a job that ran at the same time.
func (r *result) add(other result) {
	r.Rejected += other.Rejected
	r.Failed += other.Failed
	r.Took = max(r.Took, other.Took)
	for _, counts := range [][2]map[string]int{{r.Errors, other.Errors}, {r.Statuses, other.Statuses}} {
		for name, n := range counts[1] {
			counts[0][name] += n
		}
	}
}

// counting counts the responses by their status.
type counting struct {
	http.RoundTripper
	mu       sync.Mutex
	statuses map[string]int
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.RoundTripper.RoundTrip(r)
	status := "none"
	if err == nil {
		status = strconv.Itoa(resp.StatusCode)
	}
	c.mu.Lock()
	c.statuses[status]++
	c.mu.Unlock()
	return resp, err
}

// run makes the calls.
func (j job) run(ctx context.Context) (result, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = j.Goroutines, j.Goroutines
	defer transport.CloseIdleConnections()
	counted := &counting{RoundTripper: transport, statuses: map[string]int{}}
	call, err := j.client(counted)
	if err != nil {
		return result{}, err
	}
	res := result{Errors: map[string]int{}}
	var (
		next atomic.Int64
		all  sync.WaitGroup
		mu   sync.Mutex
	)
	began := time.Now()
	for range j.Goroutines {
		all.Go(func() {
			for next.Add(1) <= int64(j.Calls) {
				if err := call(ctx); err != nil {
					mu.Lock()
					res.Failed++
					res.Errors[err.Error()]++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	res.Took = time.Since(began)
	res.Statuses = counted.statuses
	res.Rejected = counted.statuses["429"]
	return res, nil
}

// client returns a function that makes one call.
func (j job) client(transport http.RoundTripper) (func(context.Context) error, error) {
	if j.Peer {
		client := retryablehttp.NewClient()
		client.Logger = nil
		client.HTTPClient.Transport = transport
		return func(ctx context.Context) error {
			req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, j.URL+"/tags?per_page=1", nil)
			if err != nil {
				return err
			}
			req.Header.Set("Accept", "application/json")
			req.Header.Set("Authorization", "Bearer "+j.Key)
			resp, err := client.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return fmt.Errorf("status %d", resp.StatusCode)
			}
			return json.NewDecoder(resp.Body).Decode(new(any))
		}, nil
	}
	// The pause after a 429 is one window, as it is by default.
	client, err := funnel.New(j.Key, funnel.WithBaseURL(j.URL), funnel.WithRateLimit(j.Limit, j.Window),
		funnel.WithRetry(funnel.RetryPolicy{RateLimitWait: j.Window}), funnel.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		_, err := client.Tags.List(ctx, funnel.TagListParams{PerPage: 1})
		return err
	}, nil
}

// jobVariable is the environment variable that makes the test binary run a job
// instead of the tests.
const jobVariable = "LARAVELTEST_JOB"

// runElsewhere runs the job in a process of its own.
func (j job) runElsewhere(ctx context.Context) (result, error) {
	encoded, err := json.Marshal(j)
	if err != nil {
		return result{}, err
	}
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), jobVariable+"="+string(encoded))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return result{}, err
	}
	var res result
	return res, json.Unmarshal(out, &res)
}

// jobMain is the main function of such a process.
func jobMain(encoded string) error {
	var j job
	if err := json.Unmarshal([]byte(encoded), &j); err != nil {
		return err
	}
	res, err := j.run(context.Background())
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(res)
}
