package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/funnel-go/funnel"
)

// The exit codes.
const (
	exitHolds      = 0
	exitDiffers    = 1
	exitIncomplete = 2
)

// cleanupTimeout bounds the cleanup, which no interruption ends.
const cleanupTimeout = 2 * time.Minute

type settings struct {
	write, yes, json, markdown bool
	webhookURL                 string
}

func parseSettings(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("funnel-doctor", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&s.write, "write", false, "also create, change and delete things of its own")
	flags.StringVar(&s.webhookURL, "webhook", "", "with -write: also create a webhook to this `url`, which is https")
	flags.BoolVar(&s.yes, "yes", false, "do not ask")
	flags.BoolVar(&s.json, "json", false, "print the report as JSON")
	flags.BoolVar(&s.markdown, "md", false, "print the report as Markdown, for an issue")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return s, err
	} else if err != nil {
		return s, errUsage // the package has printed it
	}
	switch {
	case flags.NArg() > 0: // which may be the key
		return s, errors.New("too many arguments: only flags are allowed, and the API key is read from FUNNEL_API_KEY")
	case s.json && s.markdown:
		return s, errors.New("-json and -md exclude each other")
	case s.webhookURL != "" && !s.write:
		return s, errors.New("-webhook needs -write")
	case s.webhookURL != "" && !strings.HasPrefix(s.webhookURL, "https://"):
		return s, errors.New("-webhook needs a URL that begins with https://")
	}
	return s, nil
}

var errUsage = errors.New("usage")

// run is the program. The report goes to stdout, and everything else to stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	fail := func(err error) int {
		fmt.Fprintln(stderr, "funnel-doctor:", strings.TrimPrefix(err.Error(), "funnel: "))
		return exitIncomplete
	}
	s, err := parseSettings(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitHolds
	case errors.Is(err, errUsage):
		return exitIncomplete
	case err != nil:
		return fail(err)
	}
	client, err := funnel.NewFromEnv()
	if err != nil {
		return fail(err)
	}
	announce(stderr, s)
	if !s.yes && !agrees(ctx, stdin, stderr) {
		return fail(errors.New("nothing was sent: run it in a terminal and enter y, or give -yes"))
	}
	code, err := execute(ctx, client, s, stdout, stderr)
	if err != nil {
		return fail(err)
	}
	return code
}

// execute examines the API that client talks to, and prints the report.
func execute(ctx context.Context, client *funnel.Client, s settings, stdout, stderr io.Writer) (exitCode int, err error) {
	contract, err := loadContract()
	if err != nil {
		return 0, err
	}
	d := newDoctor(client, contract, s)
	if isTerminal(stderr) {
		d.progress = func(n int, operation string) { fmt.Fprintf(stderr, "\r\x1b[Krequest %d: %s", n, operation) }
		defer fmt.Fprint(stderr, "\r\x1b[K")
	}
	err = d.examine(ctx)
	if len(d.left) > 0 {
		fmt.Fprintln(stderr, "\nfunnel-doctor could not delete these. Delete them in the vendor's dashboard:")
		for _, what := range d.left {
			fmt.Fprintln(stderr, "  "+what)
		}
	}
	if err != nil {
		return 0, err
	}
	d.report.finish(d.contract, d.values)
	write := d.report.print
	switch {
	case s.json:
		write = d.report.printJSON
	case s.markdown:
		write = d.report.printMarkdown
	}
	if err := write(stdout); err != nil {
		return 0, err
	}
	switch {
	case len(d.left) > 0 || !d.report.Complete:
		return exitIncomplete, nil
	case !d.report.Holds:
		return exitDiffers, nil
	}
	return exitHolds, nil
}

// examine makes all checks and deletes what they have created.
func (d *doctor) examine(ctx context.Context) error {
	if err := d.reads(ctx); err != nil {
		return err
	}
	if d.report.Writes {
		d.writes(ctx)
		cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
		defer cancel()
		d.cleanUp(cleanup)
	}
	if ctx.Err() != nil {
		d.report.Complete, d.report.Note = false, "It was interrupted."
	}
	return nil
}

// announce prints what will be done. It does not name the server of
// FUNNEL_BASE_URL.
func announce(w io.Writer, s settings) {
	server := funnel.DefaultBaseURL
	if os.Getenv("FUNNEL_BASE_URL") != "" {
		server = "the server of FUNNEL_BASE_URL"
	}
	fmt.Fprintf(w, "funnel-doctor %s compares the API at %s with what the SDK expects.\n", funnel.Version, server)
	fmt.Fprintln(w, "- It reads lists, single resources and errors: about 30 requests. They change nothing.")
	if s.write {
		fmt.Fprintln(w, "- It creates tags, a sequence with a stage, a contact at example.com, and a funnel with a step. It changes and")
		fmt.Fprintln(w, "  links these and nothing else, and deletes them. Their names begin with "+namePrefix+".")
		if s.webhookURL != "" {
			fmt.Fprintln(w, "- It creates a webhook to the URL of -webhook, which may receive events of the account, and deletes it.")
		}
	}
	fmt.Fprintf(w, "- It makes at most %d requests. The report has no value of the account.\n", maxRequests)
}

// agrees asks whether to continue. A signal ends ctx, and is an answer too.
func agrees(ctx context.Context, stdin io.Reader, stderr io.Writer) bool {
	fmt.Fprint(stderr, "Continue? [y/N] ")
	answers := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(stdin).ReadString('\n')
		answers <- answer
	}()
	answer := ""
	select {
	case answer = <-answers:
	case <-ctx.Done():
	}
	if !strings.HasSuffix(answer, "\n") {
		fmt.Fprintln(stderr)
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

// isTerminal reports whether w is a terminal, or another device.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
