package main

import (
	"bytes"
	_ "embed"
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
