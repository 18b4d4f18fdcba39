//go:build !windows

package main

import (
	"errors"
	"os"
)

// syncDir makes sure that a rename in the directory survives a power failure.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
