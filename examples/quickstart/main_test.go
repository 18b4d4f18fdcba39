package main

import (
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
)

func TestSaysWhatCameOfTheImport(t *testing.T) {
	const want = `Importing 240 contacts into an API in memory …
created         226
already there     8
refused           6
  "": email: is empty: it is required
  "@example.com": email: The email must be a valid email address.
  "missing-domain@": email: The email must be a valid email address.
  "nobody": email: The email must be a valid email address.
  "spaces in@example.com": email: The email must be a valid email address.
  "two@@example.com": email: The email must be a valid email address.
listed back     226 contacts, 122 of them with tags
took           0s, N of 600 requests a minute used
`
	used := regexp.MustCompile(`\d+( of 600 requests)`) // as the last answer to arrive says
	t.Setenv("FUNNEL_BASE_URL", "")
	t.Setenv("FUNNEL_API_KEY", "")
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		if err := run(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		if got := used.ReplaceAllString(out.String(), "N$1"); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	})
}

func TestHalfAConfigurationIsAnError(t *testing.T) {
	t.Setenv("FUNNEL_BASE_URL", "")
	t.Setenv("FUNNEL_API_KEY", "fk_demo")
	err := run(t.Context(), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "FUNNEL_BASE_URL") {
		t.Errorf("the error is %v", err)
	}
}
