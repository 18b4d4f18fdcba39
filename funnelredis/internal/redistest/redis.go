package redistest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/funnel-go/funnel/funnelredis/internal/child"
)

// ErrMissing says that a real Redis cannot be started here.
var ErrMissing = errors.New("no redis-server on this machine: install it (Debian: apt-get install redis-server)")

// A Redis is a redis-server process of its own, on a socket in a folder of its
// own.
type Redis struct {
	dir  string
	args []string
	cmd  *exec.Cmd
}

// Start starts a redis-server with these arguments on top. It keeps nothing on
// disk unless they say so.
func Start(args ...string) (*Redis, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, ErrMissing
	}
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		return nil, err
	}
	r := &Redis{dir: dir, args: args}
	if err := r.launch(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// URL is where clients find it, for redis.ParseURL.
func (r *Redis) URL() string { return "unix://" + filepath.Join(r.dir, "redis.sock") }

// Stop shuts the server down in order, as a restart of the machine would.
func (r *Redis) Stop() error {
	if r.cmd == nil {
		return nil
	}
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := r.cmd.Wait()
	r.cmd = nil
	return err
}

// Start starts the server again after Stop.
func (r *Redis) Start() error { return r.launch() }

// Close ends the server and removes its folder.
func (r *Redis) Close() error { return errors.Join(r.Stop(), os.RemoveAll(r.dir)) }

func (r *Redis) launch() error {
	log, err := os.OpenFile(filepath.Join(r.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := child.Command("redis-server", append([]string{
		"--port", "0", "--unixsocket", "redis.sock", "--dir", r.dir, "--save", "", "--appendonly", "no",
	}, r.args...)...)
	cmd.Dir = r.dir
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	r.cmd = cmd
	return r.await()
}

// await waits until the server answers, and has read its data.
func (r *Redis) await() error {
	timeout := time.NewTimer(20 * time.Second)
	defer timeout.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !r.answers() {
		select {
		case <-again.C:
		case <-timeout.C:
			log, _ := os.ReadFile(filepath.Join(r.dir, "log"))
			return fmt.Errorf("redis-server does not answer:\n%s", log)
		}
	}
	return nil
}

func (r *Redis) answers() bool {
	conn, err := net.Dial("unix", filepath.Join(r.dir, "redis.sock"))
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	_, _ = conn.Write([]byte("PING\r\n"))
	answer := make([]byte, len("+PONG"))
	_, err = io.ReadFull(conn, answer)
	return err == nil && string(answer) == "+PONG"
}
