package fleet

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/funnel-go/funnel/funnelredis/internal/child"
)

// BuildEmulator compiles cmd/funnel-emulator into a folder.
func BuildEmulator(dir string) (program string, err error) {
	program = filepath.Join(dir, "funnel-emulator")
	out, err := exec.Command("go", "build", "-o", program, "github.com/funnel-go/funnel/cmd/funnel-emulator").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the emulator: %w\n%s", err, out)
	}
	return program, nil
}

// An Emulator is a cmd/funnel-emulator in a process of its own.
type Emulator struct {
	URL string
	Key string

	cmd    *exec.Cmd
	logged chan struct{} // closed when all of its log is read

	mu       sync.Mutex
	requests []Request
}

// A Request is one to the API, as the emulator's log has it.
type Request struct {
	Arrived time.Time // to the millisecond
	Status  int       // of the answer; zero: there was none
}

// StartEmulator starts a program that [BuildEmulator] has made.
func StartEmulator(program string, limit int, per, latency time.Duration) (*Emulator, error) {
	e := &Emulator{logged: make(chan struct{})}
	e.cmd = child.Command(program, "-addr", "127.0.0.1:0",
		"-rate-limit", strconv.Itoa(limit), "-rate-per", per.String(), "-latency", latency.String())
	stdout, err := e.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := e.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := e.cmd.Start(); err != nil {
		return nil, err
	}
	go e.follow(stderr)
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		n, _ := fmt.Sscanf(lines.Text(), "export FUNNEL_BASE_URL=%s FUNNEL_API_KEY=%s", &e.URL, &e.Key)
		if n == 2 {
			return e, nil
		}
	}
	return nil, errors.Join(errors.New("the emulator did not say where it is"), e.Stop())
}

// requestLine is a line of the log that tells of a request.
var requestLine = regexp.MustCompile(` msg="?request\b.* status=(\d+) arrived=(\S+) `)

// follow reads the log to its end, and passes on what is not about requests.
func (e *Emulator) follow(log io.Reader) {
	defer close(e.logged)
	for lines := bufio.NewScanner(log); lines.Scan(); {
		r, ok := parseRequest(lines.Text())
		if !ok {
			fmt.Fprintln(os.Stderr, "emulator:", lines.Text())
			continue
		}
		e.mu.Lock()
		e.requests = append(e.requests, r)
		e.mu.Unlock()
	}
}

func parseRequest(line string) (r Request, ok bool) {
	found := requestLine.FindStringSubmatch(line)
	if found == nil {
		return r, false
	}
	status, err := strconv.Atoi(found[1])
	arrived, timeErr := time.Parse(time.RFC3339Nano, found[2])
	return Request{arrived, status}, err == nil && timeErr == nil
}

// Requests returns those that are answered, or have come to nothing, in the
// order in which they arrived.
func (e *Emulator) Requests() []Request {
	e.mu.Lock()
	defer e.mu.Unlock()
	slices.SortStableFunc(e.requests, func(a, b Request) int { return a.Arrived.Compare(b.Arrived) })
	return slices.Clone(e.requests)
}

// Stop ends the emulator, when all that has arrived is answered.
func (e *Emulator) Stop() error {
	_ = e.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	<-e.logged
	return e.cmd.Wait()
}
