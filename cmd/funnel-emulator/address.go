package main

import (
	"net"
	"net/netip"
	"strings"
)

// addrPort is the address of a TCP listener.
func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// isLoopback reports whether only this machine can reach the address.
func isLoopback(a net.Addr) bool { return addrPort(a).Addr().IsLoopback() }

// pageURL is the listener's URL for programs on this machine, without a slash at
// the end. A listener on all interfaces gets the loopback address, the only one
// that the SDK accepts with plain http.
func pageURL(a net.Addr) string {
	ap := addrPort(a)
	if ap.Addr().IsUnspecified() {
		ap = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), ap.Port())
	}
	return "http://" + ap.String()
}

// shellWord quotes a word for the shell if necessary.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.:/+@%", r)
	}
	if s != "" && strings.TrimFunc(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
