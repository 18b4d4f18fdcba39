package browsertest_test

import (
	"context"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// patience bounds every wait for the page on a busy machine.
const patience = 20 * time.Second

// scratch is a directory for what the tests build. It is removed at the end.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "browsertest-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		scratch = dir
		return m.Run()
	}())
}

// findChromium returns the path of Chromium. Without it a test is skipped, but in
// CI it fails, because nobody would notice.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "THE PAGE IS NOT TESTED: there is no Chromium on this machine (Debian: apt-get install chromium)"
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// A size is the size of a window.
type size struct{ width, height int }

var (
	desktop = size{1280, 900}
	phone   = size{390, 844}
)

// foreignName is a foreign DNS name that points to this machine.
const foreignName = "foreign.example"

// A browser has one open tab.
type browser struct {
	t       *testing.T
	ctx     context.Context
	console iter.Seq2[chromedp.ConsoleMessage, error]
}

func openBrowser(t *testing.T, window size) *browser {
	t.Helper()
	profile, err := os.MkdirTemp(scratch, "profile-")
	require.NoError(t, err)
	ctx, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(findChromium(t)),
		chromedp.UserDataDir(profile),
		chromedp.Env("TMPDIR="+profile), // what it leaves behind is removed with the profile
		chromedp.WindowSize(window.width, window.height),
		chromedp.Headless,
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), // containers have little of it
		chromedp.Flag("host-resolver-rules", "MAP "+foreignName+" 127.0.0.1"),
	)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		timeout, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		_ = chromedp.Cancel(timeout) // closes the browser cleanly
		closeTab()
	})
	b := &browser{t: t, ctx: ctx}
	b.do(chromedp.EmulateViewport(int64(window.width), int64(window.height)))
	b.console = chromedp.Console(ctx)
	return b
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, actions...))
}

// evaluate returns the value of a JavaScript expression in the page.
func evaluate[T any](b *browser, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	require.NoError(b.t, err)
	return value
}

// open goes to a page and waits until it is loaded.
func (b *browser) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

// prefer sets the colour scheme that the user prefers.
func (b *browser) prefer(scheme string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	require.NoError(b.t, err)
}

// withoutScripts turns JavaScript off in the next pages.
func (b *browser) withoutScripts() {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	require.NoError(b.t, err)
}

// click clicks on an element at its place on the screen.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.within("click "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// follow clicks on an element that opens another page, and returns its status.
func (b *browser) follow(selector string) (status int) {
	b.t.Helper()
	b.within("follow "+selector, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		response, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
		if err == nil {
			status = int(response.Status)
		}
		return err
	}))
	return status
}

// sees waits until an element shows a text.
func (b *browser) sees(selector, want string) {
	b.t.Helper()
	b.within(fmt.Sprintf("find %q in %s", want, selector), holds(fmt.Sprintf("%s.includes(%q)", textOf(selector), want)))
}

// holds waits until a JavaScript expression is true in the page.
func holds(expression string) chromedp.Action[chromedp.Void] {
	return chromedp.Poll[chromedp.Void](expression)
}

// text returns the visible text of an element, on one line.
func (b *browser) text(selector string) string {
	b.t.Helper()
	return evaluate[string](b, textOf(selector))
}

// textOf is the JavaScript of text.
func textOf(selector string) string {
	return fmt.Sprintf(`(e => e?.checkVisibility() ? e.innerText.replace(/\s+/g, " ") : "")(document.querySelector(%q))`, selector)
}

// types replaces the text of a field.
func (b *browser) types(selector, text string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector(%q).select()", selector)))
	b.within("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// within performs an action, or fails the test after a while.
func (b *browser) within(what string, action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, action); err != nil {
		b.t.Fatalf("cannot %s: %v; the page: %s", what, err, b.text("body"))
	}
}

// quiet requires that the console has neither errors nor warnings. It reads the
// console to its end, so it must be called last.
func (b *browser) quiet() {
	b.t.Helper()
	const end = "end of the test"
	b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("console.log(%q)", end)))
	var complaints []string
	for message, err := range b.console {
		require.NoError(b.t, err)
		if message.Text == end {
			break
		}
		if message.IsException() || message.Type == chromedp.ConsoleError || message.Type == chromedp.ConsoleWarning {
			complaints = append(complaints, message.String())
		}
	}
	require.Empty(b.t, complaints)
}

// fits requires that the page is not wider than the window.
func (b *browser) fits() {
	b.t.Helper()
	over := evaluate[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth")
	require.LessOrEqual(b.t, over, 0, "the page is too wide, in pixels")
}

// picture saves a screenshot of the whole page in the directory that
// FUNNEL_SCREENSHOTS names, if it is set.
func (b *browser) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("FUNNEL_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}
