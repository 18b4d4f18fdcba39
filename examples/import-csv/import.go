package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"sync"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/progress"
	"github.com/funnel-go/funnel/examples/internal/tool"
)

// importFile imports a file, from the row where an earlier start has stopped.
func importFile(ctx context.Context, env tool.Environment, opts options) (rejected int, err error) {
	p, err := prepare(ctx, env, &opts)
	if err != nil {
		return 0, err
	}
	defer p.close()
	c := p.checkpoint
	switch {
	case c.isNew():
		if _, err := os.Stat(opts.rejects); !errors.Is(err, fs.ErrNotExist) {
			return 0, fmt.Errorf("%s is there already, from another import: move it away, or set another with -rejects", opts.rejects)
		}
		if err := c.save(); err != nil { // from here on the rejects are ours
			return 0, err
		}
	case c.Rows == p.survey.rows:
		fmt.Fprintf(env.Stdout, "All %d rows of %s are imported already. Remove %s to import them again.\n", c.Rows, opts.file, opts.checkpoint)
		return c.Rejected, nil
	default:
		fmt.Fprintf(env.Stderr, "Going on at row %d of %d.\n", c.Rows+1, p.survey.rows)
	}
	im := &importer{options: opts, api: p.api, checkpoint: c, total: p.survey.rows, first: c.Rows}
	if im.rejects, err = openRejects(opts.rejects, p.survey.header, c); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, im.rejects.close()) }()
	start := time.Now()
	err = im.run(ctx, env, p.input, p.survey)
	if saveErr := im.save(); saveErr != nil {
		err = fmt.Errorf("how far the import has come is not on the disk: %w", saveErr)
	}
	if err != nil {
		fmt.Fprintf(env.Stderr, "%d of %d rows are done. The same command goes on at row %d.\n", c.savedRows, im.total, c.savedRows+1)
		return 0, err
	}
	im.print(env.Stdout, time.Since(start))
	return c.Rejected, p.finish(opts)
}

// An importer sends the rows of a file and keeps account of them.
type importer struct {
	options
	api        *tool.API
	tags       map[string]funnel.TagID
	rows       *rowReader
	checkpoint *checkpoint
	rejects    *rejectFile
	total      int // rows in the file
	first      int // rows done by earlier starts
	cost       int // requests for those done since

	underWay []row // that were taken and have no result yet, in order
	readErr  error // which ended the rows

	saving  sync.Mutex // held while the checkpoint and the rejects change
	saveErr error
}

func (im *importer) run(ctx context.Context, env tool.Environment, input io.ReadSeeker, s *survey) error {
	if _, err := input.Seek(0, io.SeekStart); err != nil {
		return err
	}
	var err error
	if im.rows, err = newRowReader(input); err != nil {
		return err
	}
	if err := im.rows.skip(im.checkpoint.Rows); err != nil {
		return err
	}
	if im.tags, err = ensureTags(ctx, im.api.Client, s); err != nil {
		return err
	}
	meter := progress.Start(env.Stderr, env.IsTerminal(env.Stderr), progress.Job{
		Unit:   "rows",
		Total:  im.total,
		Done:   im.checkpoint.Rows,
		Client: im.api.Client,
		Per:    im.api.Per,
		Sent:   im.api.Requests.Load,
	}, im.expected())
	defer meter.Stop()
	defer im.saveRegularly()()
	return im.send(ctx, meter)
}

func (im *importer) send(ctx context.Context, meter *progress.Meter) error {
	send := im.api.Client.Contacts.UpsertAll
	if im.create {
		send = im.api.Client.Contacts.CreateAll
	}
	for result := range send(ctx, im.contacts()) {
		if len(im.underWay) == 0 { // ctx was over before the first row was taken
			return result.Err
		}
		row := im.underWay[0]
		im.underWay = im.underWay[1:]
		if err := im.settle(row, result); err != nil {
			return err
		}
		meter.Set(im.checkpoint.Rows, im.expected())
	}
	return im.readErr
}

// contacts yields the rows, each of which gets a result. One that is no contact
// goes along without an address: so it is refused before anything is sent.
func (im *importer) contacts() iter.Seq[funnel.ContactCreateParams] {
	return func(yield func(funnel.ContactCreateParams) bool) {
		for {
			row, err := im.rows.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				im.readErr = err
				return
			}
			im.underWay = append(im.underWay, row)
			var params funnel.ContactCreateParams
			if row.reject == "" {
				params = row.params
				for _, name := range row.tags {
					params.TagIDs = append(params.TagIDs, im.tags[name])
				}
			}
			if !yield(params) {
				return
			}
		}
	}
}

// expected returns how many requests all rows of this start take, if the
// others take as many as those that are done.
func (im *importer) expected() int {
	done, left := im.checkpoint.Rows-im.first, im.total-im.checkpoint.Rows
	if done == 0 {
		return left
	}
	return im.cost + left*im.cost/done
}

func (im *importer) print(w io.Writer, took time.Duration) {
	c := im.checkpoint
	fmt.Fprintf(w, "All %d rows of %s are imported into %s, the last %d in %s with %d requests.\n",
		c.Rows, im.file, im.api.Name, c.Rows-im.first, took.Round(time.Millisecond), im.api.Requests.Load())
	fmt.Fprintf(w, "  created  %6d\n", c.Created)
	fmt.Fprintf(w, "  updated  %6d\n", c.Updated)
	if im.create {
		fmt.Fprintf(w, "  existing %6d\n", c.Existing)
	}
	fmt.Fprintf(w, "  rejected %6d\n", c.Rejected)
	if c.Rejected > 0 {
		fmt.Fprintf(w, "    see %s\n", im.options.rejects)
	}
}
