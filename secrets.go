package funnel

import (
	"cmp"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// hide returns a replacer for the key in all the ways in which a server may
// send it back.
func hide(key string) *strings.Replacer {
	var pairs []string
	for _, form := range writtenForms(key) {
		pairs = append(pairs, form, "[hidden]")
	}
	return strings.NewReplacer(pairs...)
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
