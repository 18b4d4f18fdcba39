// Package atomicfile writes files completely or not at all, even if the program
// or the machine stops in between.
package atomicfile

import (
	"errors"
	"os"
)

// A File is a temporary file until Commit moves it to its path.
type File struct {
	*os.File
	path string
	over bool
}

// Create creates the temporary file, path with ".tmp" added. An existing file at
// path is unchanged until Commit. Only the owner can read the file, because it
// can hold personal data. Only one program at a time may write it. A path that is
// not a regular file, such as a device, is an error: Commit would replace it.
func Create(path string) (*File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, &os.PathError{Op: "create", Path: path, Err: errors.New("not a regular file")}
	}
	file, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &File{File: file, path: path}, nil
}

// Commit moves the file to its path.
func (f *File) Commit() error {
	f.over = true
	err := errors.Join(f.Sync(), f.Close()) // so that the new name never has incomplete content after a power failure
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// Discard removes the temporary file. It does nothing after Commit.
func (f *File) Discard() {
	if f.over {
		return
	}
	f.over = true
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// Write replaces the file at path with one of that content.
func Write(path string, content []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Commit()
}
