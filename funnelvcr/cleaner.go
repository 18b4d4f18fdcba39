package funnelvcr

import (
	"net/url"
	"slices"
	"strings"

	"github.com/funnel-go/funnel/internal/redact"
)

// A cleaner removes from a text what a recording must not contain.
type cleaner struct {
	secrets []secret
	redact  func(text string) string // may be nil
}

type secret struct {
	text  string
	isKey bool // it was sent as API key
	hide  func(text string) string
}

// withoutKeys returns a cleaner that does not hide API keys.
func (c cleaner) withoutKeys() cleaner {
	c.secrets = slices.DeleteFunc(slices.Clone(c.secrets), func(s secret) bool { return s.isKey })
	return c
}

func (c cleaner) text(text string) string {
	text = c.hide(text)
	if c.redact != nil {
		text = c.redact(text)
	}
	return text
}

func (c cleaner) hide(text string) string {
	for _, secret := range c.secrets {
		text = secret.hide(text)
	}
	return text
}

// url returns the path and the query. Their parts are cleaned decoded, because a function
// for WithRedact looks for "ada@example.com", not for "ada%40example.com". They are always
// encoded again in the same way, so that a replay may send them in another notation.
func (c cleaner) url(u *url.URL) string {
	// A secret that was sent without encoding may contain "+" or "&": hide it before these
	// are decoded.
	path, query, hasQuery := strings.Cut(c.hide(u.RequestURI()), "?")
	text := c.path(path)
	if hasQuery {
		text += "?" + c.query(query)
	}
	return strings.ReplaceAll(text, url.QueryEscape(redact.Hidden), redact.Hidden) // easier to read
}

func (c cleaner) path(path string) string {
	if decoded, err := url.PathUnescape(path); err == nil {
		path = decoded
	}
	return (&url.URL{Path: c.text(path)}).EscapedPath()
}

// query keeps the order of the parameters.
func (c cleaner) query(query string) string {
	params := strings.Split(query, "&")
	for i, param := range params {
		name, value, hasValue := strings.Cut(param, "=")
		params[i] = c.queryPart(name)
		if hasValue {
			params[i] += "=" + c.queryPart(value)
		}
	}
	return strings.Join(params, "&")
}

func (c cleaner) queryPart(text string) string {
	if decoded, err := url.QueryUnescape(text); err == nil {
		text = decoded
	}
	return url.QueryEscape(c.text(text))
}
