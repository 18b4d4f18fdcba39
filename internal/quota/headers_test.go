package quota_test

import (
	"math"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/internal/quota"
)

// headers makes a header of keys and values, which come in pairs.
func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestParseHeaders_Quota(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit, remaining         string
		wantLimit, wantRemaining int
	}{
		"as Laravel sends it": {limit: "600", remaining: "599", wantLimit: 600, wantRemaining: 599},
		"used up":             {limit: "600", remaining: "0", wantLimit: 600},
		"with white space":    {limit: " 600 ", remaining: " 1", wantLimit: 600, wantRemaining: 1},
		"not said":            {wantLimit: quota.Unknown, wantRemaining: quota.Unknown},
		"blank":               {limit: " ", remaining: " ", wantLimit: quota.Unknown, wantRemaining: quota.Unknown},
		"negative":            {limit: "-600", remaining: "-1", wantLimit: quota.Unknown},
		"no numbers":          {limit: "many", remaining: "1.5", wantLimit: quota.Unknown, wantRemaining: quota.Unknown},
		"lists":               {limit: "600, 600;w=60", remaining: "1,2", wantLimit: quota.Unknown, wantRemaining: quota.Unknown},
		"too large":           {limit: "99999999999999999999", remaining: "9223372036854775808", wantLimit: quota.Unknown, wantRemaining: quota.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := quota.ParseHeaders(429, headers("X-RateLimit-Limit", tt.limit, "X-RateLimit-Remaining", tt.remaining))
			require.Equal(t, quota.Headers{Limit: tt.wantLimit, Remaining: tt.wantRemaining}, got)
		})
	}
}

func TestParseHeaders_None(t *testing.T) {
	t.Parallel()
	unknown := quota.Headers{Limit: quota.Unknown, Remaining: quota.Unknown}
	require.Equal(t, unknown, quota.ParseHeaders(429, nil))
	require.Equal(t, unknown, quota.ParseHeaders(429, http.Header{}))
}

// The responses of these tests have an old date: the clock of this machine must not matter
// if a response has one.
const responseDate = "Tue, 02 Jan 2024 03:04:05 GMT" // 1704164645

func TestParseHeaders_RetryAfter(t *testing.T) {
	t.Parallel()
	const longest = time.Duration(math.MaxInt64)
	for name, tt := range map[string]struct {
		value string
		want  time.Duration
	}{
		"seconds":                {"60", time.Minute},
		"zero":                   {"0", 0},
		"leading zeros":          {"060", time.Minute},
		"with white space":       {" 60 ", time.Minute},
		"a fraction":             {"1.5", 1500 * time.Millisecond},
		"only a fraction":        {".25", 250 * time.Millisecond},
		"a year":                 {"31536000", 365 * 24 * time.Hour},
		"the longest":            {"9223372036.854775807", longest},
		"longer":                 {"9223372037", longest},
		"too large for duration": {"99999999999999999999", longest},
		"too large for a float":  {strings.Repeat("9", 400), longest},

		"a date":                   {"Tue, 02 Jan 2024 03:05:05 GMT", time.Minute},
		"a date of RFC 850":        {"Tuesday, 02-Jan-24 03:05:05 GMT", time.Minute},
		"a date of asctime":        {"Tue Jan  2 03:05:05 2024", time.Minute},
		"a past date":              {"Tue, 02 Jan 2024 03:04:04 GMT", 0},
		"the date of the response": {responseDate, 0},
		"a date centuries away":    {"Fri, 31 Dec 9999 23:59:59 GMT", longest},

		"negative":    {"-60", 0},
		"a sign":      {"+60", 0},
		"infinity":    {"Inf", 0},
		"no number":   {"NaN", 0},
		"an exponent": {"1e9", 0},
		"hexadecimal": {"0x3c", 0},
		"two points":  {"1.5.0", 0},
		"a point":     {".", 0},
		"a duration":  {"60s", 0},
		"text":        {"soon", 0},
		"half a date": {"Tue, 02 Jan", 0},
		"blank":       {" ", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := quota.ParseHeaders(429, headers("Date", responseDate, "Retry-After", tt.value))
			require.Equal(t, tt.want, got.RetryAfter)
		})
	}
}

func TestParseHeaders_Reset(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		reset, retryAfter string
		want              time.Duration
	}{
		"ahead":                       {"1704164705", "", time.Minute},
		"past":                        {"1704164600", "", 0},
		"zero":                        {"0", "", 0},
		"negative":                    {"-1", "", 0},
		"no number":                   {"soon", "", 0},
		"too large for an integer":    {"99999999999999999999", "", 0},
		"too large for a date":        {"9223372036854775807", "", 0},
		"Retry-After goes first":      {"1704164705", "5", 5 * time.Second},
		"a Retry-After that is zero":  {"1704164705", "0", 0},
		"a Retry-After that is none":  {"1704164705", "soon", time.Minute},
		"a Retry-After that is blank": {"1704164705", " ", time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := quota.ParseHeaders(429, headers("Date", responseDate, "X-RateLimit-Reset", tt.reset, "Retry-After", tt.retryAfter))
			require.Equal(t, tt.want, got.RetryAfter)
		})
	}
	for _, status := range []int{200, 503} {
		require.Zero(t, quota.ParseHeaders(status, headers("Date", responseDate, "X-RateLimit-Reset", "1704164705")).RetryAfter, status)
	}
}

func TestParseHeaders_DateWithoutServerDate(t *testing.T) {
	t.Parallel()
	for name, date := range map[string]string{"no date": "", "no date to be read": "today"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				soon := time.Now().Add(90 * time.Second).UTC()
				got := quota.ParseHeaders(429, headers("Date", date, "Retry-After", soon.Format(http.TimeFormat)))
				require.Equal(t, 90*time.Second, got.RetryAfter)
			})
		})
	}
}

// What is no number at all is as if it had not been said.
func TestParseHeaders_UnreadableRetryAfter(t *testing.T) {
	date := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	h := http.Header{
		"Date":              {date.Format(http.TimeFormat)},
		"X-Ratelimit-Reset": {"1777636875"},
	}
	require.Equal(t, 75*time.Second, quota.ParseHeaders(429, h).RetryAfter)
	for _, value := range []string{"1.2.3", ".", "soon"} {
		h.Set("Retry-After", value)
		require.Equal(t, 75*time.Second, quota.ParseHeaders(429, h).RetryAfter, value)
	}
}

func FuzzParseHeaders(f *testing.F) {
	f.Fuzz(func(t *testing.T, limit, remaining, retryAfter, reset, date string) {
		h := headers("X-RateLimit-Limit", limit, "X-RateLimit-Remaining", remaining,
			"Retry-After", retryAfter, "X-RateLimit-Reset", reset, "Date", date)
		got := quota.ParseHeaders(429, h)
		require.GreaterOrEqual(t, got.Limit, quota.Unknown)
		require.GreaterOrEqual(t, got.Remaining, quota.Unknown)
		require.GreaterOrEqual(t, got.RetryAfter, time.Duration(0))

		// Whole seconds mean what they say, or the longest wait that there is.
		if retryAfter != "" && strings.Trim(retryAfter, "0123456789") == "" {
			want, _ := new(big.Int).SetString(retryAfter, 10)
			want.Mul(want, big.NewInt(int64(time.Second)))
			if want.IsInt64() {
				require.InDelta(t, want.Int64(), got.RetryAfter, float64(2*time.Microsecond))
			} else {
				require.Equal(t, time.Duration(math.MaxInt64), got.RetryAfter)
			}
		}
	})
}
