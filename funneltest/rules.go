package funneltest

import (
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A rule judges the text of a field and returns Laravel's message where it
// does not hold. A field's rules are tried in order, up to the first that fails.
type rule func(attribute, value string) (message string)

func required(attribute, value string) string {
	if strings.TrimSpace(value) == "" {
		return "The " + attribute + " field is required."
	}
	return ""
}

// atMost bounds the length in characters.
func atMost(limit int) rule {
	return func(attribute, value string) string {
		if utf8.RuneCountInString(value) > limit {
			return "The " + attribute + " must not be greater than " + strconv.Itoa(limit) + " characters."
		}
		return ""
	}
}

func oneOf(allowed []string) rule {
	return func(attribute, value string) string {
		if !slices.Contains(allowed, value) {
			return "The selected " + attribute + " is invalid."
		}
		return ""
	}
}

// email wants a bare address, on one line and without a display name.
func email(attribute, value string) string {
	address, err := mail.ParseAddress(value)
	if err != nil || address.Address != value || strings.ContainsAny(value, " \t\r\n") {
		return "The " + attribute + " must be a valid email address."
	}
	return ""
}

// slug wants one segment of a URL's path that needs no escaping.
func slug(attribute, value string) string {
	for _, r := range value {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_':
		default:
			return "The " + attribute + " format is invalid."
		}
	}
	return ""
}

// webAddress wants an absolute http or https URL.
func webAddress(attribute, value string) string {
	u, err := url.Parse(value)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return "The " + attribute + " must be a valid URL."
	}
	return ""
}
