// Command fleet measures how processes that share a quota through Redis use it:
// it starts a redis-server, cmd/funnel-emulator with that quota and a number of
// processes that call it without a break, and counts what the emulator logs.
//
//	go run ./internal/cmd/fleet -processes 4 -limit 600 -per 1m -windows 2
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/funnel-go/funnel/funnelredis/internal/fleet"
	"github.com/funnel-go/funnel/funnelredis/internal/redistest"
)

func main() {
	fleet.WorkIfWorker()
	processes := flag.Int("processes", 4, "how many processes")
	callers := flag.Int("callers", 16, "goroutines in each")
	limit := flag.Int("limit", 600, "requests a window")
	per := flag.Duration("per", time.Minute, "length of a window")
	latency := flag.Duration("latency", 200*time.Millisecond, "of answers, give or take half")
	windows := flag.Int("windows", 2, "how many windows to run")
	flag.Parse()
	if err := run(*processes, *callers, *limit, *per, *latency, *windows); err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

func run(processes, callers, limit int, per, latency time.Duration, windows int) error {
	redis, err := redistest.Start()
	if err != nil {
		return err
	}
	defer func() { _ = redis.Close() }() // it is gone with the program at the latest
	dir, err := os.MkdirTemp("", "fleet")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a program is in it, which has ended
	program, err := fleet.BuildEmulator(dir)
	if err != nil {
		return err
	}
	api, err := fleet.StartEmulator(program, limit, per, latency)
	if err != nil {
		return err
	}
	defer func() { _ = api.Stop() }() // where it fails before its end
	workers, err := fleet.Start(processes, fleet.Config{
		RedisURL: redis.URL(),
		BaseURL:  api.URL,
		APIKey:   api.Key,
		Limit:    limit,
		Per:      per,
		Callers:  callers,
	})
	if err != nil {
		return err
	}
	timer := time.NewTimer(time.Duration(windows)*per + 5*time.Second)
	defer timer.Stop()
	<-timer.C
	results, err := workers.Stop()
	if err != nil {
		return err
	}
	for i, r := range results {
		fmt.Printf("process %d: %d calls, %d failed %s\n", i+1, r.Calls, r.Failed, r.Err)
	}
	if err := api.Stop(); err != nil {
		return err
	}
	c := fleet.Count(api.Requests(), per)
	for i := range windows {
		fmt.Printf("window %d: %d accepted, %.1f %% of the quota\n", i+1, c.In(i), 100*float64(c.In(i))/float64(limit))
	}
	fmt.Printf("rejected: %d; most in any %s: %d of %d\n", c.Rejected, per, c.Most, limit)
	return nil
}
