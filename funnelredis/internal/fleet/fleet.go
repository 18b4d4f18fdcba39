// Package fleet runs several worker processes on one API key, and the emulator
// that they call, for the tests and the measurements of funnelredis.
package fleet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// A Fleet is a number of worker processes: this program once more, each.
type Fleet struct{ workers []*process }

type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   bytes.Buffer
}

// Start starts n workers.
func Start(n int, cfg Config) (*Fleet, error) {
	env, err := json.Marshal(cfg)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	f := new(Fleet)
	for range n {
		p := &process{cmd: exec.Command(self)}
		p.cmd.Env = append(os.Environ(), configVar+"="+string(env))
		p.cmd.Stdout, p.cmd.Stderr = &p.out, os.Stderr
		if p.stdin, err = p.cmd.StdinPipe(); err == nil {
			err = p.cmd.Start()
		}
		if err != nil {
			_, stopErr := f.Stop()
			return nil, errors.Join(err, stopErr)
		}
		f.workers = append(f.workers, p)
	}
	return f, nil
}

// Kill ends the first worker as kill -9 does, with its requests under way.
func (f *Fleet) Kill() error {
	p := f.workers[0]
	f.workers = f.workers[1:]
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	_ = p.cmd.Wait() // says that it was killed
	return nil
}

// Stop ends the workers and returns what each did.
func (f *Fleet) Stop() ([]Result, error) {
	var (
		results []Result
		errs    []error
	)
	for _, p := range f.workers {
		_ = p.stdin.Close() // the worker may be gone
	}
	for _, p := range f.workers {
		var result Result
		err := p.cmd.Wait()
		if err == nil {
			err = json.Unmarshal(p.out.Bytes(), &result)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("worker: %w", err))
		}
		results = append(results, result)
	}
	f.workers = nil
	return results, errors.Join(errs...)
}
