//go:build !windows

package main

import (
	"errors"
	"os"
)

// syncDir makes a renaming in the directory outlast a power cut.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
