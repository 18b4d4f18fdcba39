//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// childVariable makes the test binary run the program.
const childVariable = "FUNNEL_EMULATOR_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A child is the program in its own process.
type child struct {
	t       *testing.T
	process *os.Process
	exited  chan *os.ProcessState
	url     string // of the page
	key     string
}

func startChild(t *testing.T, args ...string) *child {
	t.Helper()
	command := exec.Command(os.Args[0], append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	command.Env = append(os.Environ(), childVariable+"=1")
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	c := &child{t: t, process: command.Process, exited: make(chan *os.ProcessState, 1)}
	t.Cleanup(func() { _ = c.process.Kill() })
	c.url, c.key = readAnnouncement(t, stdout)
	go func() {
		_ = command.Wait()
		c.exited <- command.ProcessState
	}()
	return c
}

func (c *child) client() *funnel.Client {
	c.t.Helper()
	return newClient(c.t, c.url, c.key)
}

// end sends a signal and waits until the process has ended.
func (c *child) end(s syscall.Signal) *os.ProcessState {
	c.t.Helper()
	require.NoError(c.t, c.process.Signal(s))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case state := <-c.exited:
		return state
	case <-ctx.Done():
		c.t.Fatal("the process did not end")
		return nil
	}
}

// savedTags returns the names of the tags in the file, which must be complete at
// any time.
func savedTags(t *testing.T, path string) []string {
	t.Helper()
	var content struct {
		Tags struct{ Rows []struct{ Name string } }
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, path)), &content))
	var names []string
	for _, row := range content.Tags.Rows {
		names = append(names, row.Name)
	}
	return names
}

func TestSignal_SavesTheAccount(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "state.json")
			c := startChild(t, "-empty", "-state", path, "-save-every", "1h")
			for _, name := range []string{"one", "two"} {
				_, err := c.client().Tags.Create(t.Context(), funnel.TagCreateParams{Name: name})
				require.NoError(t, err)
			}
			require.Empty(t, savedTags(t, path))
			require.Zero(t, c.end(signal).ExitCode())
			require.Equal(t, []string{"one", "two"}, savedTags(t, path))
		})
	}
}

// TestKill_KeepsWhatWasSaved kills the program during requests, several times:
// what the file contained before is in the file afterwards, and in the API of the
// next program.
func TestKill_KeepsWhatWasSaved(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	var confirmed int // by the API, in all runs
	for round := range 4 {
		c := startChild(t, "-empty", "-state", path, "-save-every", "1ms", "-rate-limit", "0")
		before := savedTags(t, path)
		require.Equal(t, before, listTags(t, c.client()), "the saved account is loaded")
		require.GreaterOrEqual(t, confirmed, len(before))

		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan int, 1)
		client := c.client()
		go func() {
			n := 0
			for ctx.Err() == nil {
				_, err := client.Tags.Create(funnel.WithoutRetry(ctx), funnel.TagCreateParams{Name: fmt.Sprintf("%d-%d", round, n)})
				if err != nil {
					break
				}
				n++
			}
			ended <- n
		}()
		var saved []string
		eventually(t, "tags are saved during the requests", func() bool {
			saved = savedTags(t, path)
			return len(saved) >= len(before)+10
		})
		limited, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		second := exec.CommandContext(limited, os.Args[0], "-addr", "127.0.0.1:0", "-state", path)
		second.Env = append(os.Environ(), childVariable+"=1")
		refused, err := second.CombinedOutput()
		require.Error(t, err)
		require.Equal(t, "funnel-emulator: another emulator uses "+path+": stop it, or choose another file with -state\n", string(refused))
		require.Equal(t, -1, c.end(syscall.SIGKILL).ExitCode()) // the lock ends with the process
		stop()
		confirmed = len(before) + 1 + <-ended // the last one may have been applied without a response
		after := savedTags(t, path)
		require.GreaterOrEqual(t, len(after), len(saved))
		require.Equal(t, saved, after[:len(saved)])
	}
}

func TestMain_ErrorIsPrintedOnce(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	addr := taken.Addr().String()
	for message, tt := range map[string]struct {
		args []string
		code int
	}{
		"listen tcp " + addr + ": bind: address already in use":                            {[]string{"-addr", addr}, 1},
		"-addr: address 99999: invalid port: want a host and a port, as in 127.0.0.1:8080": {[]string{"-addr", "127.0.0.1:99999"}, 2},
		"-seed: open nowhere.json: no such file or directory":                              {[]string{"-addr", "127.0.0.1:0", "-seed", "nowhere.json"}, 1},
		"flag provided but not defined: -port (-h shows the flags)":                        {[]string{"-port", "80"}, 2},
		"-rate-limit: -1 is below zero":                                                    {[]string{"-rate-limit", "-1"}, 2},
	} {
		command := exec.Command(os.Args[0], tt.args...)
		command.Env = append(os.Environ(), childVariable+"=1")
		var stdout, stderr bytes.Buffer
		command.Stdout, command.Stderr = &stdout, &stderr
		require.Error(t, command.Run())
		require.Equal(t, tt.code, command.ProcessState.ExitCode())
		require.Equal(t, "funnel-emulator: "+message+"\n", stderr.String())
		require.Empty(t, stdout.String())
	}
}

// TestStart_FirstResponse measures the time from the start of the process to its
// first response. What it asserts is the processor time, which does not depend on
// how busy the machine is.
func TestStart_FirstResponse(t *testing.T) {
	t.Parallel()
	began := time.Now()
	c := startChild(t)
	listTags(t, c.client())
	took := time.Since(began)
	state := c.end(syscall.SIGTERM)
	busy := state.UserTime() + state.SystemTime()
	t.Logf("the first response came %d ms after the start, of which the process used %d ms", took.Milliseconds(), busy.Milliseconds())
	require.Less(t, busy, time.Second)
}
