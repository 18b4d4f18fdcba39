package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/funnel-go/funnel/funneltest"
)

// A stateFile keeps an account across runs. It is used by one goroutine at a
// time.
type stateFile struct {
	path string
	api  *funneltest.Server

	sum       [sha256.Size]byte // of what the file holds
	requests  int               // how many had arrived when the account was last looked at
	scheduled bool              // a campaign was to be sent then
}

// openState loads the account, if there is one, and saves it at once: a file
// that cannot be written is better found out now. A damaged file is refused
// and left as it is.
func openState(path string, api *funneltest.Server) (*stateFile, error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // replace the file, not the link to it
	}
	snapshot, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist): // a new account
	case err != nil:
		return nil, err
	default:
		if err := api.Restore(snapshot); err != nil {
			return nil, fmt.Errorf("%s cannot be loaded: %w", path, err)
		}
	}
	f := &stateFile{path: path, api: api}
	return f, f.save()
}

// saveChanges saves the account, unless it must be as it was: it changes by
// requests, and by campaigns whose time has come.
func (f *stateFile) saveChanges() error {
	if f.api.RequestCount() == f.requests && !f.scheduled {
		return nil
	}
	return f.save()
}

// save brings the file up to date.
func (f *stateFile) save() error {
	requests := f.api.RequestCount() // before the look: what comes in between is looked at again
	snapshot, err := f.api.Snapshot()
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(snapshot); sum != f.sum {
		if err := writeAtomically(f.path, snapshot); err != nil {
			return err
		}
		f.sum = sum
	}
	f.requests = requests
	f.scheduled = bytes.Contains(snapshot, []byte(`"scheduled"`))
	return nil
}

// writeAtomically replaces a file, so that whatever happens it holds either
// what it held or all of what it is to hold.
func writeAtomically(path string, content []byte) error {
	temporary := path + ".tmp"
	if err := writeSynced(temporary, content); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// writeSynced makes a new file in the place of one that a crash may have left.
// Only its owner may read it: it holds personal data.
func writeSynced(path string, content []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(path) // a full disk needs the room
	}
	return err
}
