package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/atomicfile"
	"github.com/funnel-go/funnel/examples/internal/progress"
	"github.com/funnel-go/funnel/examples/internal/tool"
)

func export(ctx context.Context, env tool.Environment, opts options) error {
	if !env.Configured() {
		fmt.Fprintln(env.Stderr, tool.FakeNotice)
	}
	api, err := env.Connect(opts.rate)
	if err != nil {
		return err
	}
	defer api.Close()
	if api.Fake != nil {
		api.Fake.SeedContacts(2000)
	}
	e := exporter{options: opts, env: env, api: api}
	if e.params, err = opts.filter(ctx, api.Client); err != nil {
		return err
	}
	if e.total, err = count(ctx, api.Client, e.params); err != nil {
		return err
	}
	switch {
	case opts.dryRun && e.total == unknown:
		err = errors.New("the API does not say how many contacts there are")
	case opts.dryRun:
		_, err = fmt.Fprintf(env.Stdout, "%d contacts would be exported, with %d requests.\n", e.total, e.requests())
	case opts.out == stdout:
		err = e.write(ctx, env.Stdout)
	default:
		err = e.writeFile(ctx, opts.out)
	}
	return err
}

const unknown = -1

// count returns how many contacts there are, as far as the API says it.
func count(ctx context.Context, client *funnel.Client, params funnel.ContactListParams) (int, error) {
	params.PerPage = 1
	page, err := client.Contacts.List(ctx, params)
	if err != nil {
		return 0, err
	}
	if page.Total == 0 && len(page.Items) > 0 {
		return unknown, nil
	}
	return page.Total, nil
}

type exporter struct {
	options
	env    tool.Environment
	api    *tool.API
	params funnel.ContactListParams
	total  int // contacts, or unknown
}

// requests is how many all contacts take.
func (e *exporter) requests() int {
	const perPage = 100 // as All asks for
	return max(1, (e.total+perPage-1)/perPage)
}

func (e *exporter) writeFile(ctx context.Context, path string) error {
	file, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer file.Discard()
	if err := e.write(ctx, file); err != nil {
		return err
	}
	return file.Commit()
}

func (e *exporter) write(ctx context.Context, w io.Writer) error {
	start := time.Now()
	buffered := bufio.NewWriter(w)
	out, err := newEncoder(buffered, e.options)
	if err != nil {
		return err
	}
	defer out.discard()
	done, err := e.each(ctx, out.add)
	if err != nil {
		return errors.Join(err, buffered.Flush()) // whole lines
	}
	if err := out.finish(); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(e.env.Stderr, "%d contacts exported in %s with %d requests.\n",
		done, time.Since(start).Round(time.Millisecond), e.api.Requests.Load())
	return nil
}

// each does something with each contact, and shows how far it is.
func (e *exporter) each(ctx context.Context, do func(*funnel.Contact) error) (done int, err error) {
	stderr, terminal := e.env.Stderr, e.env.IsTerminal(e.env.Stderr)
	if terminal && e.out == stdout && e.env.IsTerminal(e.env.Stdout) {
		stderr = io.Discard // it would get between the contacts
	}
	meter := progress.Start(stderr, terminal, progress.Job{
		Unit:   "contacts",
		Total:  max(0, e.total),
		Client: e.api.Client,
		Per:    e.api.Per,
		Sent:   e.api.Requests.Load,
	}, e.requests())
	defer meter.Stop()
	for contact, err := range e.api.Client.Contacts.All(ctx, e.params) {
		if err != nil {
			return done, err
		}
		if err := do(contact); err != nil {
			return done, err
		}
		done++
		meter.Set(done, e.requests())
	}
	return done, nil
}
