package browsertest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const wasmProgram = `package main

import (
	"context"
	"fmt"
	"os"

	"github.com/funnel-go/funnel"
)

func main() {
	client, err := funnel.New("a-key-of-some-length", funnel.WithBaseURL(os.Args[1]), funnel.WithRetry(funnel.RetryPolicy{MaxAttempts: 1}))
	if err == nil {
		_, err = client.Webhooks.List(context.Background())
	}
	fmt.Println("error:", err)
}
`

// A client compiled to WebAssembly sends its requests with fetch, as it has to in a
// browser.
func TestWebAssembly_DefaultClientConnects(t *testing.T) {
	node, err := exec.LookPath("node") // an absolute path: net/http uses no fetch if the program's name begins with "node"
	if err != nil {
		t.Skip("there is no Node.js on this machine (Debian: apt-get install nodejs)")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"success":true,"data":[]}`)
	}))
	defer server.Close()
	dir, err := os.MkdirTemp(".", "wasm-") // in this module, so that the SDK is found
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(wasmProgram), 0o600))
	binary := filepath.Join(scratch, "client.wasm")
	build := exec.Command("go", "build", "-o", binary, "./"+dir)
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	require.NoError(t, err)
	run := exec.CommandContext(ctx, node, filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec_node.js"), binary, server.URL)
	out, err = run.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "error: <nil>", strings.TrimSpace(string(out)))
}
