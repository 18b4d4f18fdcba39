// Package redact hides secrets in texts. The SDK and its module funnelvcr share it.
package redact

import (
	"cmp"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Hidden replaces a secret in a text.
const Hidden = "[hidden]"

// Hide returns a function that replaces the secret in a text, in all the forms in which
// a server may send it back. A secret that may be a common word stays: hiding it would
// only make texts unreadable, and show where the secret is.
func Hide(secret string) func(text string) string {
	if isCommonWord(secret) {
		return func(text string) string { return text }
	}
	var pairs []string
	for _, form := range writtenForms(secret) {
		pairs = append(pairs, form, Hidden)
	}
	return strings.NewReplacer(pairs...).Replace
}

var webhookSecret = regexp.MustCompile(`("secret"\s*:\s*)"(?:[^"\\]|\\.)*"?`)

// WebhookSecret hides the value of the field secret in a response, which the API shows
// when a webhook is created. The response may be cut off.
func WebhookSecret(text string) string {
	if !strings.Contains(text, `"secret"`) {
		return text
	}
	return webhookSecret.ReplaceAllString(text, `$1"`+Hidden+`"`)
}

// isCommonWord reports whether a secret consists of at most 8 letters and nothing else,
// as in a test. An empty one counts.
func isCommonWord(secret string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	return len(secret) <= 8 && strings.Trim(secret, letters) == ""
}

// writtenForms returns s as it is, in a URL, in HTML and in JSON by Go's and by
// PHP's rules, and each of these as an error quotes it. The longest comes first,
// as one may begin with another.
func writtenForms(s string) []string {
	forms := []string{
		s,
		url.PathEscape(s),
		url.QueryEscape(s),
		strings.ReplaceAll(url.QueryEscape(s), "+", "%20"),
		html.EscapeString(s),
		strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#039;").Replace(html.EscapeString(s)),
	}
	markup := strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`)
	for _, json := range []string{unquoted(strconv.Quote(s)), unquoted(strconv.QuoteToASCII(s))} {
		for _, json := range []string{json, strings.ReplaceAll(json, "/", `\/`)} {
			forms = append(forms, json, markup.Replace(json))
		}
	}
	for _, form := range forms {
		forms = append(forms, unquoted(strconv.Quote(form)))
	}
	slices.SortFunc(forms, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	return slices.Compact(forms)
}

func unquoted(s string) string { return s[1 : len(s)-1] }
