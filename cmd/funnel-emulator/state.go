package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/funnel-go/funnel/funneltest"
)

// A stateFile saves an account across runs. One goroutine at a time may use it.
type stateFile struct {
	path string
	api  *funneltest.Server
	lock io.Closer

	sum      [sha256.Size]byte // of the file's content
	revision int               // of the account at the last save
}

// errLocked means that another process uses a file.
var errLocked = errors.New("the file is locked")

// openState loads the account from the file if it exists, and saves it at once,
// so that a file that cannot be written is an error now. A damaged file is an
// error and stays unchanged, and so does one that another emulator uses.
//
// The lock is a file of its own, which stays: the state file is replaced with
// each save, and with it a lock on it would go.
func openState(path string, api *funneltest.Server) (*stateFile, error) {
	path = followLinks(path) // a save replaces the file, not the link to it
	lock, err := openLocked(path + ".lock")
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("another emulator uses %s: stop it, or choose another file with -state", path)
	}
	if err != nil {
		return nil, err
	}
	f := &stateFile{path: path, api: api, lock: lock}
	err = f.load()
	if err == nil {
		err = f.save()
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// followLinks returns the file to which a path leads, even if it does not exist yet:
// its name, and with it that of the lock, is then the same as later. A path that leads
// nowhere is returned as it is, and using it fails.
func followLinks(path string) string {
	target, err := filepath.EvalSymlinks(path)
	if err == nil {
		return target
	}
	dir, name := filepath.Split(path)
	resolved, dirErr := filepath.EvalSymlinks(dir)
	if !errors.Is(err, fs.ErrNotExist) || dirErr != nil {
		return path
	}
	path = filepath.Join(resolved, name)
	link, err := os.Readlink(path)
	switch {
	case err != nil: // not a link: the file does not exist
		return path
	case filepath.IsAbs(link):
		return followLinks(link)
	default: // not filepath.Join, which removes "x/.." even if x is a link
		return followLinks(resolved + string(filepath.Separator) + link)
	}
}

// close lets another emulator use the file.
func (f *stateFile) close() { _ = f.lock.Close() }

// load reads the account from the file if that exists.
func (f *stateFile) load() error {
	snapshot, err := os.ReadFile(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist): // the account stays as it is
		return nil
	case err != nil:
		return err
	}
	if err := f.api.Restore(snapshot); err != nil {
		return fmt.Errorf("%s cannot be loaded: %w", f.path, err)
	}
	return nil
}

// saveChanges saves the account if it has changed.
func (f *stateFile) saveChanges() error {
	if f.api.Revision() == f.revision {
		return nil
	}
	return f.save()
}

// save brings the file up to date.
func (f *stateFile) save() error {
	revision := f.api.Revision() // before the snapshot: a later change is saved next time
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
	f.revision = revision
	return nil
}

// writeAtomically replaces a file's content. If the program or the machine fails
// meanwhile, the file has either the old content or the new one.
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

// writeSynced creates a file and replaces one that a crash may have left. Only
// its owner may read it, because it contains personal data.
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
		_ = os.Remove(path) // the disk may be full
	}
	return err
}
