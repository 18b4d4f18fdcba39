package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseSettings_Defaults(t *testing.T) {
	t.Parallel()
	got, err := parseSettings(nil, io.Discard)
	require.NoError(t, err)
	require.Regexp(t, `^[A-Z2-7]{26}$`, got.apiKey)
	other, err := parseSettings(nil, io.Discard)
	require.NoError(t, err)
	require.NotEqual(t, got.apiKey, other.apiKey, "each run has its own key")
	got.apiKey = ""
	require.Equal(t, settings{addr: "127.0.0.1:8080", rateLimit: 600, ratePer: time.Minute, saveEvery: 2 * time.Second}, got)
}

func TestParseSettings_Flags(t *testing.T) {
	t.Parallel()
	got, err := parseSettings([]string{
		"-addr", "localhost:9", "-api-key", "secret", "-rate-limit", "0", "-rate-per", "2s", "-latency", "100ms",
		"-state", "file", "-save-every", "1m", "-empty", "-webhooks-to-any-host", "-remote-control", "-version",
	}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, settings{
		addr: "localhost:9", apiKey: "secret", ratePer: 2 * time.Second, latency: 100 * time.Millisecond,
		state: "file", saveEvery: time.Minute, empty: true, anyHost: true, remote: true, version: true,
	}, got)
}

func TestRun_InvalidFlags(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"flag provided but not defined: -port (-h shows the flags)":                     {"-port", "80"},
		"unexpected argument \"serve\" (-h shows the flags)":                            {"-rate-limit", "5", "serve"},
		"invalid value \"many\" for flag -rate-limit: parse error (-h shows the flags)": {"-rate-limit", "many"},
		"-rate-limit: -1 is below zero":                                                 {"-rate-limit", "-1"},
		"-rate-per: 0s is not above zero":                                               {"-rate-per", "0"},
		"-rate-per: -1m0s is not above zero":                                            {"-rate-per", "-1m"},
		"-seed and -empty contradict each other: remove one":                            {"-seed", "file", "-empty"},
		"-latency: -1ms is below zero":                                                  {"-latency", "-1ms"},
		"-save-every: 0s is not above zero":                                             {"-save-every", "0"},
		"-save-every: -1s is not above zero":                                            {"-save-every", "-1s"},
		"invalid value \"2\" for flag -save-every: parse error (-h shows the flags)":    {"-save-every", "2"},
		"-api-key: want visible ASCII characters only, because it is sent in a header":  {"-api-key", "two words"},
	} {
		err := run(context.Background(), args, io.Discard, io.Discard)
		require.EqualError(t, err, want)
		require.ErrorAs(t, err, new(usageError))
	}
	for _, key := range []string{"two words", "line\nbreak", "schlüssel", "nul\x00", "delete\x7f"} {
		_, err := parseSettings([]string{"-api-key", key}, io.Discard)
		require.ErrorContains(t, err, "-api-key", "%q", key)
		require.NotContains(t, err.Error(), key)
	}
}

func TestParseSettings_Addr(t *testing.T) {
	t.Parallel()
	for addr, mistake := range map[string]string{
		"8080":            "address 8080: missing port in address",
		"127.0.0.1":       "address 127.0.0.1: missing port in address",
		"":                "missing port in address",
		"::1:8080":        "address ::1:8080: too many colons in address",
		"127.0.0.1:99999": "address 99999: invalid port",
		"127.0.0.1:-1":    "address -1: invalid port",
	} {
		_, err := parseSettings([]string{"-addr", addr}, io.Discard)
		require.EqualError(t, err, "-addr: "+mistake+": want a host and a port, as in 127.0.0.1:8080")
		require.ErrorAs(t, err, new(usageError))
	}
	_, err := parseSettings([]string{"-addr", "127.0.0.1:no-such-port"}, io.Discard)
	require.ErrorAs(t, err, new(usageError), "the system words the error")
	for _, addr := range []string{":8080", "127.0.0.1:0", "[::1]:65535", "localhost:http"} {
		_, err := parseSettings([]string{"-addr", addr}, io.Discard)
		require.NoError(t, err, addr)
	}
}

func TestRun_Help(t *testing.T) {
	t.Parallel()
	var out, log bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-h"}, &out, &log))
	require.Empty(t, log.String())
	documentation, err := os.ReadFile("main.go")
	require.NoError(t, err)
	names := regexp.MustCompile(`(?m)^  (-[a-z-]+)`).FindAllStringSubmatch(out.String(), -1)
	require.Len(t, names, 12)
	for _, name := range names {
		require.Regexp(t, `(?m)^//\t`+name[1]+`( |$)`, string(documentation))
	}
	_, err = parseSettings([]string{"--help"}, io.Discard)
	require.ErrorIs(t, err, flag.ErrHelp)
}
