//go:build !plan9

package funneltest

import (
	"os"
	"syscall"
)

// errReset is what a client sees if the server resets the connection.
var errReset = os.NewSyscallError("read", syscall.ECONNRESET)
