package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funnelredis"
)

// Config is what a worker is to do.
type Config struct {
	RedisURL string
	BaseURL  string
	APIKey   string
	Limit    int
	Per      time.Duration
	Lease    time.Duration // zero: the default
	Callers  int           // goroutines that call without a break
}

// A Result is what a worker did.
type Result struct {
	Calls  int    // that succeeded
	Failed int    // that did not
	Err    string // of the first that failed
}

// configVar hands a worker its Config, and makes a process one.
const configVar = "FUNNELREDIS_WORKER"

// WorkIfWorker makes this process a worker if it was started as one, and does
// not return then. A program that starts a [Fleet] calls it first of all.
func WorkIfWorker() {
	env := os.Getenv(configVar)
	if env == "" {
		return
	}
	var cfg Config
	if err := json.Unmarshal([]byte(env), &cfg); err != nil {
		panic(err)
	}
	// The parent's death, too, ends the input.
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	result, err := work(ctx, cfg)
	if err != nil {
		result.Err = cmp.Or(result.Err, err.Error())
		result.Failed++
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// work calls until ctx ends.
func work(ctx context.Context, cfg Config) (Result, error) {
	opt, err := redis.ParseURL(cfg.RedisURL)
	if err != nil {
		return Result{}, err
	}
	rdb := redis.NewClient(opt)
	defer rdb.Close()
	opts := []funnelredis.Option{funnelredis.WithRateLimit(cfg.Limit, cfg.Per)}
	if cfg.Lease > 0 {
		opts = append(opts, funnelredis.WithLease(cfg.Lease))
	}
	limiter, err := funnelredis.New(rdb, cfg.APIKey, opts...)
	if err != nil {
		return Result{}, err
	}
	client, err := funnel.New(cfg.APIKey, funnel.WithBaseURL(cfg.BaseURL), funnel.WithLimiter(limiter))
	if err != nil {
		return Result{}, err
	}
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		result Result
	)
	for range cfg.Callers {
		wg.Go(func() {
			for {
				_, err := client.Tags.List(ctx, funnel.TagListParams{})
				if errors.Is(err, context.Canceled) {
					return
				}
				mu.Lock()
				if err == nil {
					result.Calls++
				} else {
					result.Failed++
					result.Err = cmp.Or(result.Err, err.Error())
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return result, limiter.Flush(ctx)
}
