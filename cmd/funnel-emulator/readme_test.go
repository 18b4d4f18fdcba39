//go:build unix

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// findNode returns the path of Node.js. Without it a test is skipped, but in CI it
// fails, because nobody would notice.
func findNode(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		const missing = "THE CONTROL API IS NOT TESTED FROM ANOTHER LANGUAGE: there is no Node.js on this machine (Debian: apt-get install nodejs)"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	return path
}

// block returns the code block of README.md in a language, which has one.
func block(t *testing.T, language string) string {
	t.Helper()
	found := regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(read(t, "README.md"), -1)
	require.Len(t, found, 1, language)
	return found[0][1]
}

// TestREADME_TestInJavaScript follows the README: it starts the emulator with the
// flags of the line for CI jobs and the seed file, and runs the script. Only the
// port is another one.
func TestREADME_TestInJavaScript(t *testing.T) {
	t.Parallel()
	node, dir := findNode(t), t.TempDir()
	seed, script := filepath.Join(dir, "seed.json"), filepath.Join(dir, "emulator.test.mjs")
	require.NoError(t, os.WriteFile(seed, []byte(block(t, "json")), 0o600))
	require.NoError(t, os.WriteFile(script, []byte(block(t, "js")), 0o600))
	start, _, _ := strings.Cut(block(t, "sh"), " & ")
	flags, isEmulator := strings.CutPrefix(start, "./funnel-emulator ")
	require.True(t, isEmulator, start)

	c := startChild(t, strings.Fields(strings.ReplaceAll(flags, "seed.json", seed))...)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, node, script)
	command.Env = append(os.Environ(), "FUNNEL_BASE_URL="+c.url+basePath) // the key is in the script
	out, err := command.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "ok\n", string(out))
	require.Zero(t, c.end(syscall.SIGTERM).ExitCode())
}

// Each flag and each control path that the README names exists.
func TestREADME_NamesWhatIsThere(t *testing.T) {
	t.Parallel()
	readme := read(t, "README.md")
	var help strings.Builder
	_, _ = parseSettings([]string{"-h"}, &help) // the error is flag.ErrHelp
	flags := regexp.MustCompile("`(-[a-z-]+)").FindAllStringSubmatch(readme, -1)
	require.NotEmpty(t, flags)
	for _, flag := range flags {
		require.Regexp(t, `(?m)^  `+flag[1]+`( |$)`, help.String())
	}
	e := quiet()
	rows := regexp.MustCompile("(?m)^\\| `([A-Z]+) /_emulator/([a-z/0-9]+)`").FindAllStringSubmatch(readme, -1)
	require.Len(t, rows, 9)
	for _, row := range rows {
		status, data := control(t, e, row[1], row[2])
		require.NotEqual(t, 405, status, row[0])
		require.False(t, status == 404 && data == nil, "%s is not a route", row[0])
	}
}
