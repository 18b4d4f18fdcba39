package browsertest_test

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// build compiles the emulator, once for all tests.
var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "funnel-emulator")
	out, err := exec.Command("go", "build", "-o", path, "github.com/funnel-go/funnel/cmd/funnel-emulator").CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return path, nil
})

// An emulator is the program in its own process.
type emulator struct {
	t       *testing.T
	command *exec.Cmd
	url     string // of the page
	key     string
}

func startEmulator(t *testing.T, flags ...string) *emulator {
	t.Helper()
	path, err := build()
	require.NoError(t, err, path)
	command := exec.Command(path, append([]string{"-addr", "127.0.0.1:0"}, flags...)...)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	e := &emulator{t: t, command: command}
	t.Cleanup(e.stop)

	exports := regexp.MustCompile(`^export FUNNEL_BASE_URL=(\S+)/v1 FUNNEL_API_KEY=(\S+)$`)
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if found := exports.FindStringSubmatch(lines.Text()); found != nil {
			e.url, e.key = found[1], found[2]
			return e
		}
	}
	t.Fatal("the emulator did not print its address")
	return nil
}

// stop ends the emulator. A second call does nothing.
func (e *emulator) stop() {
	_ = e.command.Process.Kill()
	_ = e.command.Wait()
}

// client returns a new SDK client, because one that got a 429 pauses.
func (e *emulator) client() *funnel.Client {
	e.t.Helper()
	client, err := funnel.New(e.key, funnel.WithBaseURL(e.url+"/v1"))
	require.NoError(e.t, err)
	return client
}
