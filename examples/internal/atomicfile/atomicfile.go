// Package atomicfile writes files that are there as a whole or not at all,
// whenever the program or the machine stops.
package atomicfile

import (
	"errors"
	"os"
)

// A File is written beside its final place, and moved there by Commit.
type File struct {
	*os.File
	path string
	over bool
}

// Create begins the file. What is at path stays there until Commit. Only the
// user can read it, as befits personal data. One program at a time may write it.
// What is no file, such as a device, is refused: it would be replaced.
func Create(path string) (*File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, &os.PathError{Op: "create", Path: path, Err: errors.New("there is something that is no file")}
	}
	file, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &File{File: file, path: path}, nil
}

// Commit puts the file in its place.
func (f *File) Commit() error {
	f.over = true
	err := errors.Join(f.Sync(), f.Close()) // before the new name can survive a power cut without the content
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// Discard forgets the file, unless it is in its place already.
func (f *File) Discard() {
	if f.over {
		return
	}
	f.over = true
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// Write replaces the file at path by one with that content.
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
