package funnel

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Ptr returns a pointer to v, for optional fields of params:
//
//	funnel.TagUpdateParams{Name: funnel.Ptr("vip")}
func Ptr[T any](v T) *T { return &v }

// params that can be wrong for certain say so before they are sent.
type checker interface{ check() error }

func check(params any) error {
	if err := checkUTF8("params", reflect.ValueOf(params)); err != nil {
		return err
	}
	if c, ok := params.(checker); ok {
		return c.check()
	}
	return nil
}

func checkID[R any](field string, id ID[R]) error {
	if id <= 0 {
		return argumentError(field, "is %d: ids are positive (did a look-up in a map find nothing?)", id)
	}
	return nil
}

func checkIDs[R any](field string, ids []ID[R]) error {
	for _, id := range ids {
		if err := checkID(field, id); err != nil {
			return err
		}
	}
	return nil
}

// checkText refuses a required text that is empty or has control characters.
func checkText(field, s string) error {
	switch {
	case strings.TrimSpace(s) == "":
		return argumentError(field, "is required")
	case !utf8.ValidString(s):
		return checkUTF8(field, reflect.ValueOf(s))
	case hasControl(s):
		return argumentError(field, "contains a control character or a line break: remove it")
	}
	return nil
}

// checkEmail refuses what is around an address, and a search would not find. What
// else is no address is the server's to say.
func checkEmail(email string) error {
	if err := checkText("email", email); err != nil {
		return err
	}
	if strings.TrimSpace(email) != email {
		return argumentError("email", "has white space around it: trim it")
	}
	return nil
}

// checkUTF8 refuses a text that is not UTF-8, as from a file in Latin-1: JSON has
// no other, and would lose what it cannot write. The field is named as the API
// does.
func checkUTF8(field string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return argumentError(field, "is not valid UTF-8: convert it")
		}
	case reflect.Pointer:
		return checkUTF8(field, v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if err := checkUTF8(field, v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for entry := v.MapRange(); entry.Next(); {
			if err := cmp.Or(checkUTF8(field, entry.Key()), checkUTF8(field, entry.Value())); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() { // such as the zone of a time.Time, which the time package may just be reading from a file
				continue
			}
			name, _, _ := strings.Cut(cmp.Or(field.Tag.Get("json"), field.Tag.Get("url")), ",")
			if err := checkUTF8(name, v.Field(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

const notUTF8 = "contains text that is not valid UTF-8: convert it"

// losesText reports whether JSON was written from a text that is not UTF-8: what is
// invalid becomes \ufffd. JSON that the program has written itself may contain that.
func losesText(value any, encoded []byte) bool {
	if _, ok := value.(json.RawMessage); ok {
		return !utf8.Valid(encoded)
	}
	withoutBackslashes := bytes.ReplaceAll(encoded, []byte(`\\`), nil)
	return bytes.Contains(withoutBackslashes, []byte(`\ufffd`))
}

// checkHeader refuses what could not be sent, or could smuggle in another
// header. The value is not repeated: it may be a secret.
func checkHeader(key, value string) error {
	const separators = "()<>@,;:\\\"/[]?={} \t"
	if key == "" || strings.ContainsAny(key, separators) || hasControl(key) || !isASCII(key) {
		return argumentError("header", "%s is not a valid header name: use letters, digits and hyphens", strconv.QuoteToASCII(key))
	}
	if strings.EqualFold(key, "Host") {
		return argumentError("header", "Host cannot be set: set the base URL with WithBaseURL")
	}
	if hasControl(value) {
		return argumentError("header", "the value of %s contains a control character: remove it", key)
	}
	return nil
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0
}

// hasControl also finds what is no valid UTF-8.
func hasControl(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\uFFFD' }) >= 0
}

// checkUnit refuses a duration without a unit: time.Duration(60) is 60 ns.
func checkUnit(field string, d time.Duration) error {
	if d > 0 && d < time.Millisecond {
		return argumentError(field, "is %s, which is too short: use a unit, as in %d * time.Second", d, d)
	}
	return nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
