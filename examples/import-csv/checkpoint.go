package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/funnel-go/funnel/examples/internal/atomicfile"
)

// A checkpoint says how far an import has come. It belongs to a file's content
// and to the API that it goes to.
type checkpoint struct {
	Input string `json:"input_sha256"`
	API   string `json:"api"`

	Rows        int   `json:"rows"` // whose result is known, from the first on without a gap
	Created     int   `json:"created"`
	Updated     int   `json:"updated"`
	Existing    int   `json:"existing"`
	Rejected    int   `json:"rejected"`
	RejectsSize int64 `json:"rejects_size"` // of the file with the rejects, in bytes

	path      string
	saved     bool // there is a file
	savedRows int  // Rows in it
}

// openCheckpoint reads the checkpoint of an earlier start, if there is one.
func openCheckpoint(path, input, api string) (*checkpoint, error) {
	fresh := &checkpoint{Input: input, API: api, path: path}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fresh, nil
	}
	if err != nil {
		return nil, err
	}
	found := &checkpoint{path: path, saved: true}
	if err := json.Unmarshal(content, found); err != nil {
		return nil, fmt.Errorf("%s is no checkpoint: %w", path, err)
	}
	found.savedRows = found.Rows
	const remedy = "set another with -checkpoint, or remove it to begin anew"
	switch {
	case found.Input != input:
		return nil, fmt.Errorf("%s is the checkpoint of a file with other content, or this one has changed since: %s", path, remedy)
	case found.API != api:
		return nil, fmt.Errorf("%s is the checkpoint of an import into %s: %s", path, found.API, remedy)
	}
	return found, nil
}

// isNew reports whether nothing has been written yet.
func (c *checkpoint) isNew() bool { return !c.saved }

// unsaved is how many rows are done that the file does not tell of.
func (c *checkpoint) unsaved() int { return c.Rows - c.savedRows }

func (c *checkpoint) save() error {
	content, err := json.MarshalIndent(c, "", "\t")
	if err != nil {
		return err
	}
	if err := atomicfile.Write(c.path, append(content, '\n')); err != nil {
		return err
	}
	c.saved, c.savedRows = true, c.Rows
	return nil
}
