package main

import (
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPageURL(t *testing.T) {
	t.Parallel()
	for listening, want := range map[string]struct {
		url      string
		loopback bool
	}{
		"127.0.0.1:8080":        {"http://127.0.0.1:8080", true},
		"127.1.2.3:80":          {"http://127.1.2.3:80", true},
		"[::1]:8080":            {"http://[::1]:8080", true},
		"[::ffff:127.0.0.1]:80": {"http://127.0.0.1:80", true},
		"0.0.0.0:8080":          {"http://127.0.0.1:8080", false},
		"[::]:8080":             {"http://127.0.0.1:8080", false},
		"192.0.2.1:8080":        {"http://192.0.2.1:8080", false},
		"[2001:db8::1]:8080":    {"http://[2001:db8::1]:8080", false},
	} {
		addr := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(listening))
		require.Equal(t, want.url, pageURL(addr), listening)
		require.Equal(t, want.loopback, isLoopback(addr), listening)
	}
	require.False(t, isLoopback(&net.UnixAddr{Name: "socket", Net: "unix"}))
}

func TestShellWord(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"":                 "''",
		"K2-x_9.":          "K2-x_9.",
		"http://[::1]:80":  "'http://[::1]:80'",
		"$HOME":            "'$HOME'",
		"a;b":              "'a;b'",
		"it's":             `'it'\''s'`,
		"~root":            "'~root'",
		"x=`id`":           "'x=`id`'",
		"http://127.0.0.1": "http://127.0.0.1",
	} {
		require.Equal(t, want, shellWord(word))
	}
}
