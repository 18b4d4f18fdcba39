package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/funnel-go/funnel/examples/internal/atomicfile"
)

// A checkpoint is the progress of an import.
type checkpoint struct {
	Job     string   `json:"job"`           // see jobID
	Rows    int      `json:"rows"`          // how many are done, from the first
	Values  int      `json:"custom_fields"` // how many values of custom fields are set
	Created int      `json:"created"`
	Updated int      `json:"updated"`
	Rejects []reject `json:"rejects,omitempty"`
}

// A reject is a row that was not imported, or not completely.
type reject struct {
	Row    int    `json:"row"` // from 0
	Reason string `json:"reason"`
}

// jobID identifies a file's content and the account that it goes to. The account
// includes the API key, which cannot be computed from the result.
func jobID(content []byte, account string) string {
	mac := hmac.New(sha256.New, []byte(account))
	mac.Write(content)
	return hex.EncodeToString(mac.Sum(nil))
}

// loadCheckpoint returns the progress of the job. It is zero if the file does
// not exist or belongs to another job.
func loadCheckpoint(path, job string) (checkpoint, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return checkpoint{Job: job}, nil
	}
	if err != nil {
		return checkpoint{}, err
	}
	var c checkpoint
	if err := json.Unmarshal(content, &c); err != nil {
		return checkpoint{}, fmt.Errorf("%s is not a checkpoint: %w", path, err)
	}
	if c.Job != job {
		return checkpoint{Job: job}, nil
	}
	return c, nil
}

func (c *checkpoint) save(path string) error {
	content, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, content)
}
