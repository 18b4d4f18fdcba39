package main

import (
	"io"
	"os"
	"strings"
)

// openLocked opens a file for exclusive use. It fails with errLocked if another
// process has it open. Plan 9 closes it with the process, however that ends.
func openLocked(path string) (io.Closer, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, os.ModeExclusive|0o600)
	// The texts of the file servers.
	if err != nil && (strings.Contains(err.Error(), "exclusive") || strings.Contains(err.Error(), "locked")) {
		return nil, errLocked
	}
	return file, err
}
