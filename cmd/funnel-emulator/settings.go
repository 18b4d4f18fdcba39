package main

import (
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// settings are the values of the flags.
type settings struct {
	addr      string
	apiKey    string
	rateLimit int
	ratePer   time.Duration
	latency   time.Duration
	state     string // empty: the account is not saved
	saveEvery time.Duration
	seed      string // empty: the sample data
	empty     bool
	anyHost   bool // webhooks
	remote    bool // control
	version   bool
}

// A usageError is a mistake in the flags.
type usageError struct{ error }

// parseSettings reads the flags. For -h it prints them and returns
// [flag.ErrHelp].
func parseSettings(args []string, help io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("funnel-emulator", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // an error is printed by main, once
	flags.StringVar(&s.addr, "addr", "127.0.0.1:8080", "the `address` to listen on; port 0 picks a free one")
	flags.StringVar(&s.apiKey, "api-key", "", "the `key` that is accepted (default: a random one)")
	flags.IntVar(&s.rateLimit, "rate-limit", 600, "`requests` a minute, or in -rate-per; 0: no limit")
	flags.DurationVar(&s.ratePer, "rate-per", time.Minute, "the length of the rate limit's window")
	flags.DurationVar(&s.latency, "latency", 0, "the average time that a response takes; it varies by half")
	flags.StringVar(&s.state, "state", "", "save the account in this `file`")
	flags.DurationVar(&s.saveEvery, "save-every", 2*time.Second, "how often a changed account is saved")
	flags.StringVar(&s.seed, "seed", "", "start with the data of this JSON `file` instead of the sample data; a -state file that exists comes first")
	flags.BoolVar(&s.empty, "empty", false, "start without data")
	flags.BoolVar(&s.anyHost, "webhooks-to-any-host", false, "send webhook deliveries to other machines too")
	flags.BoolVar(&s.remote, "remote-control", false, "let other machines use the control API and the page's buttons, if -addr lets them reach it")
	flags.BoolVar(&s.version, "version", false, "print the version and exit")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(help, "Usage: funnel-emulator [flags]")
			flags.SetOutput(help)
			flags.PrintDefaults()
			return settings{}, err
		}
		return settings{}, usageError{fmt.Errorf("%w (-h shows the flags)", err)}
	}
	if flags.NArg() > 0 {
		return settings{}, usageError{fmt.Errorf("unexpected argument %q (-h shows the flags)", flags.Arg(0))}
	}
	if s.apiKey == "" {
		s.apiKey = rand.Text()
	}
	if err := s.check(); err != nil {
		return settings{}, usageError{err}
	}
	return s, nil
}

func (s settings) check() error {
	if err := checkAddr(s.addr); err != nil {
		return fmt.Errorf("-addr: %w: want a host and a port, as in 127.0.0.1:8080", err)
	}
	switch {
	case strings.IndexFunc(s.apiKey, invisible) >= 0:
		return errors.New("-api-key: want visible ASCII characters only, because it is sent in a header")
	case s.rateLimit < 0:
		return fmt.Errorf("-rate-limit: %d is below zero", s.rateLimit)
	case s.ratePer <= 0:
		return fmt.Errorf("-rate-per: %s is not above zero", s.ratePer)
	case s.latency < 0:
		return fmt.Errorf("-latency: %s is below zero", s.latency)
	case s.seed != "" && s.empty:
		return errors.New("-seed and -empty contradict each other: remove one")
	case s.saveEvery <= 0:
		return fmt.Errorf("-save-every: %s is not above zero", s.saveEvery)
	}
	return nil
}

// checkAddr finds mistakes in how an address is written. Whether the program can
// listen on it is known only later.
func checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = net.LookupPort("tcp", port) // also knows names, as net.Listen does
	}
	return err
}

// invisible reports whether a key must not contain the character.
func invisible(r rune) bool { return r <= ' ' || r > '~' }
