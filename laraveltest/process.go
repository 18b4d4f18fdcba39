package laraveltest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// errNotInstalled means that Laravel, PHP, nginx or Redis is missing.
var errNotInstalled = errors.New("no Laravel")

// exitMissing is the exit status of server.sh if something is not installed.
const exitMissing = 3

// A process is a running server.sh, with one nginx, php-fpm and Redis for all
// servers of a test binary.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer // the script ends when this is closed, or when this program ends
	root  string    // the directory of everything that the server writes
	url   string

	mu       sync.Mutex
	accounts int
}

// A starter starts the process when the first test needs it.
type starter struct {
	mu      sync.Mutex
	started bool
	running *process
	err     error
}

// shared is the one process of a test binary.
var shared starter

func (s *starter) get() (*process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.started {
		s.started = true
		s.running, s.err = launch()
	}
	return s.running, s.err
}

// Stop ends the server's processes and waits until they have ended. Call it
// after m.Run in TestMain. Without it they end by themselves when the test
// binary ends, however it does.
func Stop() error {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.running == nil {
		return nil
	}
	p := shared.running
	shared.running, shared.started = nil, false
	return errors.Join(p.stdin.Close(), p.cmd.Wait())
}

// script is the path of server.sh, beside this file.
func script() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "server.sh")
}

func launch() (*process, error) {
	cmd := exec.Command("bash", script(), "run")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", errNotInstalled, err)
	}
	p := &process{cmd: cmd, stdin: stdin}
	lines := bufio.NewScanner(stdout)
	for p.url == "" && lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		switch name {
		case "root":
			p.root = value
		case "url":
			p.url = value
		}
	}
	if p.url != "" {
		return p, nil
	}
	err = cmd.Wait()
	if cmd.ProcessState.ExitCode() == exitMissing {
		return nil, fmt.Errorf("%w: %s", errNotInstalled, bytes.TrimSpace(stderr.Bytes()))
	}
	return nil, fmt.Errorf("server.sh: %w\n%s", err, stderr.Bytes())
}

// newAccount makes the directory of an account, a copy of the empty one, and
// returns its number.
func (p *process) newAccount(env string) (int, error) {
	p.mu.Lock()
	p.accounts++
	number := p.accounts
	p.mu.Unlock()
	dir := p.dir(number)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(p.root, "accounts", "template"))); err != nil {
		return 0, err
	}
	env += fmt.Sprintf("REDIS_DB=%d\n", number)
	return number, os.WriteFile(filepath.Join(dir, ".env"), []byte(env), 0o600)
}

func (p *process) dir(account int) string {
	return filepath.Join(p.root, "accounts", fmt.Sprint(account))
}
