// Import-csv brings the contacts of a CSV file into an account, as fast as the
// quota allows, and can be interrupted at any moment.
//
//	import-csv [flags] FILE
//
// The first line of the file names its columns: email, first_name, last_name,
// phone, status, and tags with semicolons between them; id, created_at and
// updated_at are left out, and every other column is a custom field. What
// export-contacts has written can be read. Contacts that are there already are
// brought up to date, or with -create left as they are.
//
// The checkpoint, FILE.checkpoint unless -checkpoint says otherwise, tells how
// far the import has come. After Ctrl-C, kill -9 or a power cut the same command
// goes on at the first row whose result is not in it. Rows that were under way
// are done again, which changes nothing. It stays when all is done, so that
// nothing is imported twice; remove it to begin anew.
//
// Rows that are no contacts, and those that the API refuses, are written to
// FILE.rejects.csv, or where -rejects says, with their number, line and the
// reason in front. Put them right there, and import that file: the columns in
// front are left out. Any other error ends the import, to be gone on with later.
//
// With nothing configured it imports 2,000 generated contacts, or FILE, into an
// API in memory, whose state is kept beside the checkpoint. With FUNNEL_BASE_URL
// and FUNNEL_API_KEY set, it uses the real one.
//
// Exit codes: 0 all is done; 1 it failed; 2 wrong usage; 3 all is done, with
// rejects; 130 interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/funnel-go/funnel/examples/internal/tool"
)

// exitRejects is the exit code of an import that is done but for some rows.
const exitRejects = 3

func main() { tool.Main(run) }

func run(ctx context.Context, env tool.Environment) int {
	opts, err := parse(env)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return tool.ExitDone
	case err != nil:
		fmt.Fprintf(env.Stderr, "import-csv: %v\nimport-csv -h tells more.\n", err)
		return tool.ExitUsage
	}
	var rejected int
	switch {
	case opts.generate != "":
		err = generateFile(opts.generate)
	case opts.dryRun:
		rejected, err = dryRun(ctx, env, opts)
	default:
		rejected, err = importFile(ctx, env, opts)
	}
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(env.Stderr, "import-csv: interrupted")
		return tool.ExitInterrupted
	case err != nil:
		fmt.Fprintf(env.Stderr, "import-csv: %v\n", err)
		return tool.ExitFailed
	case rejected > 0:
		return exitRejects
	}
	return tool.ExitDone
}

type options struct {
	file       string
	checkpoint string
	rejects    string
	create     bool
	keepGoing  bool
	dryRun     bool
	rate       int
	generate   string
}

func parse(env tool.Environment) (options, error) {
	var opts options
	flags := flag.NewFlagSet("import-csv", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // an error is printed by run, once
	flags.StringVar(&opts.checkpoint, "checkpoint", "", "keep the checkpoint in `FILE`, not beside the input")
	flags.StringVar(&opts.rejects, "rejects", "", "write rejected rows to `FILE`, not beside the input")
	flags.BoolVar(&opts.create, "create", false, "leave contacts that are there already as they are")
	flags.BoolVar(&opts.keepGoing, "keep-going", false, "reject a row for which the API fails, instead of ending the import")
	flags.BoolVar(&opts.dryRun, "dry-run", false, "check the file and say what would be done, without sending anything")
	flags.IntVar(&opts.rate, "rate", tool.DefaultRate, "requests a minute that the account allows")
	flags.StringVar(&opts.generate, "generate", "", "write the generated contacts to `FILE`, and do nothing else")
	if err := flags.Parse(env.Args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(env.Stdout, "Usage: import-csv [flags] FILE\nExit codes: 0 all is done; 1 failed; 2 wrong usage; 3 all is done, with rejects; 130 interrupted.\nFlags:")
			flags.SetOutput(env.Stdout)
			flags.PrintDefaults()
		}
		return opts, err
	}
	switch {
	case flags.NArg() > 1:
		return opts, fmt.Errorf("one file at a time: %q is too much", flags.Args()[1:])
	case opts.rate <= 0:
		return opts, errors.New("-rate must be positive")
	case flags.NArg() == 0 && opts.generate == "" && env.Configured():
		return opts, errors.New("which file?")
	}
	opts.file = flags.Arg(0)
	return opts, nil
}

// beside fills in the files whose place follows from the input's.
func (o *options) beside() {
	if o.checkpoint == "" {
		o.checkpoint = o.file + ".checkpoint"
	}
	if o.rejects == "" {
		o.rejects = o.file + ".rejects.csv"
	}
}

func generateFile(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(generate(file, demoRows), file.Close())
}
