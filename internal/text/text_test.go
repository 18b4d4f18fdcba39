package text_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/internal/text"
)

func TestClip(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		s    string
		max  int
		want string
	}{
		"empty":                      {"", 10, ""},
		"short":                      {"abc", 10, "abc"},
		"as long as may be":          {"abc", 3, "abc"},
		"one too long":               {"abcd", 3, "abc…"},
		"counts characters":          {"äöü€", 3, "äöü…"},
		"nothing may be":             {"a", 0, "…"},
		"less than nothing":          {"a", -1, "…"},
		"white space becomes one":    {"a \t\r\n\u00a0\u2028 b", 10, "a b"},
		"none at the ends":           {"\n a \n", 10, "a"},
		"only white space":           {" \n\t ", 10, ""},
		"the end is no more to come": {"abc \n", 3, "abc"},
		"a space counts":             {"ab c", 4, "ab c"},
		"a space at the edge":        {"ab c", 3, "ab…"},
		"controls become a space":    {"a\x00\x1b[31mb\x7f", 10, "a [31mb"},
		"so do the invisible":        {"a\u200b\u202eb\ufeff", 10, "a b"},
		"invalid UTF-8 is replaced":  {"a\xff\xc3b", 10, "a\ufffd\ufffdb"},
		"a replacement character":    {"a\ufffdb", 10, "a\ufffdb"},
		"an emoji is one or several": {"👍 ok", 3, "👍 o…"},
		"a megabyte of text":         {strings.Repeat("ab ", 1<<20), 5, "ab ab…"},
		"a megabyte of white space":  {strings.Repeat("\n", 1<<20) + "a", 5, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, text.Clip(tt.s, tt.max))
		})
	}
}
