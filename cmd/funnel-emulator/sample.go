package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"text/template"
	"time"

	"github.com/funnel-go/funnel/funneltest"
)

//go:embed sample.json
var sampleText string

// addSample puts a little data into an account, in every resource except
// webhooks. The dates are relative to now, so that lists by period show some of
// it.
func addSample(api *funneltest.Server, now time.Time) error {
	day := func(offset int) string { return now.UTC().AddDate(0, 0, offset).Format(time.DateOnly) }
	sample, err := template.New("sample.json").Funcs(template.FuncMap{"day": day}).Parse(sampleText)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := sample.Execute(&b, nil); err != nil {
		return err
	}
	return api.Restore(b.Bytes())
}

// initialData returns a function that fills an empty account as the flags ask.
func initialData(s settings, api *funneltest.Server) (fill func(now time.Time) error, err error) {
	switch {
	case s.empty:
		return func(time.Time) error { return nil }, nil
	case s.seed == "":
		return func(now time.Time) error { return addSample(api, now) }, nil
	}
	seed, err := os.ReadFile(s.seed)
	if err != nil {
		return nil, fmt.Errorf("-seed: %w", err)
	}
	return func(time.Time) error {
		if err := api.Restore(seed); err != nil {
			return fmt.Errorf("-seed: %s cannot be loaded: %w", s.seed, err)
		}
		return nil
	}, nil
}
