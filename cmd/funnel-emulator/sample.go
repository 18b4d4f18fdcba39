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

// sampleData is a snapshot with a little data in every resource except webhooks.
// The dates are relative to now, so that lists by period show some of it.
func sampleData(now time.Time) ([]byte, error) {
	day := func(offset int) string { return now.UTC().AddDate(0, 0, offset).Format(time.DateOnly) }
	sample, err := template.New("sample.json").Funcs(template.FuncMap{"day": day}).Parse(sampleText)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = sample.Execute(&b, nil)
	return b.Bytes(), err
}

// noData is the snapshot of an empty account.
func noData(time.Time) ([]byte, error) { return funneltest.NewServer().Snapshot() }

// initialData returns a function that makes the snapshot of a new account as the
// flags ask. The seed file is read once, so a reset does not depend on it.
func initialData(s settings) (initial func(now time.Time) ([]byte, error), err error) {
	switch {
	case s.empty:
		return noData, nil
	case s.seed == "":
		return sampleData, nil
	}
	seed, err := os.ReadFile(s.seed)
	if err != nil {
		return nil, fmt.Errorf("-seed: %w", err)
	}
	if err := funneltest.NewServer().Restore(seed); err != nil {
		return nil, fmt.Errorf("-seed: %s cannot be loaded: %w", s.seed, err)
	}
	return func(time.Time) ([]byte, error) { return seed, nil }, nil
}
