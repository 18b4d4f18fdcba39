// Export-contacts writes the contacts of an account to a file or to stdout, as
// fast as the quota allows.
//
//	export-contacts [flags]
//
// The format ndjson has a JSON object on each line, with everything that the API
// says of a contact. The format csv has a line for each contact: the API's
// fields always in the same columns, then the custom fields, in the order of
// their names; -fields sets which, so that the columns stay the same also when
// fields come and go. import-csv reads it.
//
// Cells that a spreadsheet would take for a formula begin with an apostrophe in
// the csv, since contacts may have typed anything into a form. import-csv takes
// it off again; -raw leaves it out, for programs that do not.
//
// A file given by -o is there as a whole or not at all, and only its owner can
// read it.
//
// With nothing configured it exports 2,000 generated contacts of an API in
// memory. With FUNNEL_BASE_URL and FUNNEL_API_KEY set, it uses the real one.
//
// Exit codes: 0 done; 1 failed; 2 wrong usage; 130 interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/tool"
)

func main() { tool.Main(run) }

func run(ctx context.Context, env tool.Environment) int {
	opts, err := parse(env)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return tool.ExitDone
	case err != nil:
		fmt.Fprintf(env.Stderr, "export-contacts: %v\nexport-contacts -h tells more.\n", err)
		return tool.ExitUsage
	}
	err = export(ctx, env, opts)
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(env.Stderr, "export-contacts: interrupted")
		return tool.ExitInterrupted
	case err != nil:
		fmt.Fprintf(env.Stderr, "export-contacts: %v\n", err)
		return tool.ExitFailed
	}
	return tool.ExitDone
}

type options struct {
	out    string
	format string
	fields []string // nil: all that there are
	raw    bool
	status string
	tags   []string
	search string
	dryRun bool
	rate   int
}

// The formats.
const (
	formatNDJSON = "ndjson"
	formatCSV    = "csv"
)

// stdout is the name of the file that stands for it.
const stdout = "-"

func parse(env tool.Environment) (options, error) {
	var opts options
	flags := flag.NewFlagSet("export-contacts", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // an error is printed by run, once
	flags.StringVar(&opts.out, "o", stdout, "write to `FILE`; - is stdout")
	flags.StringVar(&opts.format, "format", formatNDJSON, "ndjson or csv")
	flags.Func("fields", "the custom fields that are columns of a csv, with commas between `NAMES` (default all)", func(s string) error {
		opts.fields = slices.DeleteFunc(strings.Split(s, ","), func(name string) bool { return name == "" })
		return nil
	})
	flags.BoolVar(&opts.raw, "raw", false, "leave formulas in a csv as they are")
	flags.StringVar(&opts.status, "status", "", "only contacts with that `STATUS`, such as subscribed")
	flags.Func("tag", "only contacts with a tag of that `NAME`; several times: with one of them", func(s string) error {
		opts.tags = append(opts.tags, s)
		return nil
	})
	flags.StringVar(&opts.search, "search", "", "only contacts with that `TEXT` in name or address")
	flags.BoolVar(&opts.dryRun, "dry-run", false, "say how many contacts there are, and write nothing")
	flags.IntVar(&opts.rate, "rate", tool.DefaultRate, "requests a minute that the account allows")
	if err := flags.Parse(env.Args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(env.Stdout, "Usage: export-contacts [flags]\nExit codes: 0 done; 1 failed; 2 wrong usage; 130 interrupted.\nFlags:")
			flags.SetOutput(env.Stdout)
			flags.PrintDefaults()
		}
		return opts, err
	}
	switch {
	case flags.NArg() > 0:
		return opts, fmt.Errorf("%q is no flag", flags.Args())
	case opts.format != formatNDJSON && opts.format != formatCSV:
		return opts, fmt.Errorf("-format %s is unknown", opts.format)
	case opts.format != formatCSV && (opts.fields != nil || opts.raw):
		return opts, errors.New("-fields and -raw are for -format csv")
	case opts.rate <= 0:
		return opts, errors.New("-rate must be positive")
	}
	return opts, nil
}

// filter returns what the flags choose; the API wants tags by their ids.
func (o *options) filter(ctx context.Context, client *funnel.Client) (funnel.ContactListParams, error) {
	params := funnel.ContactListParams{Status: funnel.ContactStatus(o.status), Search: o.search}
	if len(o.tags) == 0 {
		return params, nil
	}
	ids := map[string]funnel.TagID{}
	for tag, err := range client.Tags.All(ctx, funnel.TagListParams{}) {
		if err != nil {
			return params, err
		}
		ids[tag.Name] = tag.ID
	}
	for _, name := range o.tags {
		id, ok := ids[name]
		if !ok {
			return params, fmt.Errorf("there is no tag %q", name)
		}
		params.TagIDs = append(params.TagIDs, id)
	}
	return params, nil
}
