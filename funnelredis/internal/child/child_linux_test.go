package child

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// parentVariable makes the test binary a program that has a child.
const parentVariable = "FUNNELREDIS_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentVariable) != "" {
		cmd := Command("sh", "-c", "echo started; exec sleep 1h")
		cmd.Stdout = os.Stdout
		if err := cmd.Run(); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestCommand_EndsWithItsParent(t *testing.T) {
	t.Parallel()
	out, in, err := os.Pipe()
	require.NoError(t, err)
	defer out.Close()
	require.NoError(t, out.SetDeadline(time.Now().Add(time.Minute)))
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentVariable+"=1")
	parent.Stdout = in
	require.NoError(t, parent.Start())
	require.NoError(t, in.Close())
	t.Cleanup(func() { _ = parent.Process.Kill() })

	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "started\n", first)
	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait(), "it was killed")
	_, err = lines.ReadByte()
	require.ErrorIs(t, err, io.EOF, "nobody is left who could write")
}
