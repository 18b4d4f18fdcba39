package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/funnel-go/funnel/examples/internal/contactcsv"
)

// A rejectFile holds the rows that were not imported, as they are in the input,
// with their number, line and the reason in front.
type rejectFile struct {
	file   *os.File
	csv    *csv.Writer
	header []string // of the input
	skip   int      // columns of the input that are those of rejects, too
	begun  bool     // the header is written
	size   int64    // of what is surely in the file
}

// rejectColumns come before those of the input.
var rejectColumns = []string{contactcsv.RejectedRow, contactcsv.RejectedLine, contactcsv.RejectedReason}

// openRejects opens the file as it was when the checkpoint was saved: what came
// later is cut off, since those rows come again.
func openRejects(path string, header []string, c *checkpoint) (*rejectFile, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	f := &rejectFile{file: file, csv: csv.NewWriter(file), header: header, size: c.RejectsSize}
	if len(header) > len(rejectColumns) && slices.Equal(header[:len(rejectColumns)], rejectColumns) {
		f.skip = len(rejectColumns)
	}
	end, err := file.Seek(0, io.SeekEnd)
	if err == nil && end < f.size {
		err = fmt.Errorf("%s is shorter than the checkpoint says: put it back, or remove %s to begin anew", path, c.path)
	}
	if err == nil {
		err = file.Truncate(f.size)
	}
	if err == nil {
		_, err = file.Seek(f.size, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

func (f *rejectFile) add(r row, reason string) error {
	if f.size == 0 && !f.begun {
		f.begun = true
		if err := f.csv.Write(slices.Concat(rejectColumns, f.header[f.skip:])); err != nil {
			return err
		}
	}
	about := []string{strconv.Itoa(r.number), strconv.Itoa(r.line), reason}
	return f.csv.Write(append(about, r.record[min(f.skip, len(r.record)):]...))
}

// sync brings all that was added to the disk, and returns the file's size.
func (f *rejectFile) sync() (size int64, err error) {
	f.csv.Flush()
	if err := f.csv.Error(); err != nil {
		return 0, err
	}
	if err := f.file.Sync(); err != nil {
		return 0, err
	}
	f.size, err = f.file.Seek(0, io.SeekCurrent)
	return f.size, err
}

// close removes the file if there is nothing in it.
func (f *rejectFile) close() error {
	err := f.file.Close()
	if f.size == 0 {
		err = errors.Join(err, os.Remove(f.file.Name()))
	}
	return err
}
