package main

import (
	"context"
	"fmt"
	"os"

	"github.com/funnel-go/funnel/examples/internal/tool"
)

// A preparation is all that is known before anything is sent.
type preparation struct {
	input      *os.File
	survey     *survey
	api        *tool.API
	checkpoint *checkpoint
}

func prepare(ctx context.Context, env tool.Environment, opts *options) (_ *preparation, err error) {
	if !env.Configured() {
		fmt.Fprintln(env.Stderr, tool.FakeNotice)
	}
	if opts.file == "" {
		if err := prepareDemo(opts, env.TempDir); err != nil {
			return nil, err
		}
	}
	opts.beside()
	p := &preparation{}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.api, err = env.Connect(opts.rate); err != nil {
		return nil, err
	}
	if p.input, err = os.Open(opts.file); err != nil {
		return nil, err
	}
	if p.survey, err = surveyFile(ctx, p.input); err != nil {
		return nil, fmt.Errorf("%s: %w", opts.file, err)
	}
	p.checkpoint, err = openCheckpoint(opts.checkpoint, p.survey.hash, p.api.Name)
	if err == nil && p.api.Fake != nil && p.checkpoint.Rows > 0 {
		err = restoreFake(p.api.Fake, fakeState(*opts))
	}
	return p, err
}

func (p *preparation) close() {
	if p.api != nil {
		p.api.Close()
	}
	if p.input != nil {
		_ = p.input.Close() // it was only read
	}
}

// finish forgets an import into an API that is about to be gone.
func (p *preparation) finish(opts options) error {
	if p.api.Fake == nil {
		return nil
	}
	if err := os.Remove(opts.checkpoint); err != nil {
		return err
	}
	return os.Remove(fakeState(opts))
}

// dryRun checks a file and says what an import would do.
func dryRun(ctx context.Context, env tool.Environment, opts options) (rejects int, err error) {
	p, err := prepare(ctx, env, &opts)
	if err != nil {
		return 0, err
	}
	defer p.close()
	p.survey.print(env.Stdout, opts.file)
	if done := p.checkpoint.Rows; done > 0 {
		fmt.Fprintf(env.Stdout, "%d rows are done already, says %s.\n", done, opts.checkpoint)
	}
	requests := p.survey.rows - p.survey.rejects + len(p.survey.tags)
	fmt.Fprintf(env.Stdout, "At %d requests a minute it takes %d min, if all contacts are new; to update one takes two to five requests.\n",
		opts.rate, requests/opts.rate)
	fmt.Fprintln(env.Stdout, "Nothing was sent. The API may refuse more.")
	return p.survey.rejects, nil
}
