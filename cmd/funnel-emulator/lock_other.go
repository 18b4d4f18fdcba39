//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows || plan9)

package main

import (
	"io"
	"os"
)

// openLocked opens a file. This system has no lock that ends with the process, so
// nothing prevents a second emulator on the same state file.
func openLocked(path string) (io.Closer, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}
