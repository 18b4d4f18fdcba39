package funnel_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/internal/apitest"
)

var (
	newYork = time.FixedZone("EST", -5*60*60)
	tokyo   = time.FixedZone("JST", 9*60*60)
)

func TestTimestamp_Formats(t *testing.T) {
	t.Parallel()
	var (
		second = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
		micro  = time.Date(2024, 1, 2, 3, 4, 5, 678901000, time.UTC)
	)
	for name, tt := range map[string]struct {
		json string
		want time.Time
	}{
		"RFC 3339 with microseconds":    {`"2024-01-02T03:04:05.678901Z"`, micro},
		"RFC 3339 with a zero fraction": {`"2024-01-02T03:04:05.000000Z"`, second},
		"RFC 3339 without a fraction":   {`"2024-01-02T03:04:05Z"`, second},
		"RFC 3339 with an offset":       {`"2024-01-02T05:04:05+02:00"`, second},
		"without a zone":                {`"2024-01-02 03:04:05"`, second},
		"without a zone, with fraction": {`"2024-01-02 03:04:05.678901"`, micro},
		"null":                          {`null`, time.Time{}},
		"an empty string":               {`""`, time.Time{}},
		"the database's zero":           {`"0000-00-00 00:00:00"`, time.Time{}},
		"the last year that JSON has":   {`"9999-12-31T23:59:59Z"`, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
		"the first":                     {`"0000-01-01T00:00:00Z"`, time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := funnel.Timestamp{Time: time.Now()}
			require.NoError(t, json.Unmarshal([]byte(tt.json), &got))
			require.Equal(t, funnel.Timestamp{Time: tt.want}, got)
		})
	}
}

// Any other form is the zero time, and the rest of the response is still read.
func TestTimestamp_OtherFormatsAreZero(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"text":                       `"soon"`,
		"a day":                      `"2024-01-02"`,
		"another order":              `"02.01.2024 03:04"`,
		"RFC 3339 without a zone":    `"2024-01-02T03:04:05"`,
		"of HTTP":                    `"Tue, 02 Jan 2024 03:04:05 GMT"`,
		"a day that does not exist":  `"2024-02-30 00:00:00"`,
		"an hour that does not":      `"2024-01-02 25:00:00"`,
		"a year before the first":    `"0000-01-01T00:00:00+01:00"`,
		"a year after the last":      `"9999-12-31T23:59:59-01:00"`,
		"unix seconds":               `1704164645`,
		"unix seconds as a string":   `"1704164645"`,
		"true":                       `true`,
		"a list":                     `[]`,
		"an object":                  `{"date":"2024-01-02 03:04:05"}`,
		"RFC 3339 with white space":  `" 2024-01-02T03:04:05Z"`,
		"RFC 3339 with an escape":    `"2024-01-02T03:04:05\u005a"`,
		"a time in quotes in quotes": `"\"2024-01-02T03:04:05Z\""`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got struct {
				At   funnel.Timestamp
				Name string
			}
			got.At.Time = time.Unix(1, 0)
			require.NoError(t, json.Unmarshal([]byte(`{"At":`+value+`,"Name":"vip"}`), &got))
			require.Zero(t, got.At)
			require.Equal(t, "vip", got.Name)
		})
	}
}

func TestTimestamp_IsWrittenInUTC(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		time time.Time
		want string
	}{
		"in UTC":          {time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), `"2024-01-02T03:04:05Z"`},
		"in another zone": {time.Date(2024, 1, 2, 12, 4, 5, 0, tokyo), `"2024-01-02T03:04:05Z"`},
		"with a fraction": {time.Date(2024, 1, 2, 3, 4, 5, 678901000, time.UTC), `"2024-01-02T03:04:05.678901Z"`},
		"zero":            {time.Time{}, `null`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			written, err := json.Marshal(struct{ At funnel.Timestamp }{funnel.Timestamp{Time: tt.time}})
			require.NoError(t, err)
			require.Equal(t, `{"At":`+tt.want+`}`, string(written))
		})
	}
}

func TestTimestamp_EqualTimesAreEqualByValue(t *testing.T) {
	t.Parallel()
	var read []funnel.Timestamp
	require.NoError(t, json.Unmarshal([]byte(`["2024-01-02T03:04:05Z","2024-01-02T05:04:05+02:00","2024-01-02 03:04:05"]`), &read))
	for _, got := range read {
		require.True(t, read[0] == got)
	}
}

func FuzzTimestamp(f *testing.F) {
	f.Fuzz(func(t *testing.T, value []byte) {
		var got funnel.Timestamp
		if err := json.Unmarshal(value, &got); err != nil {
			require.False(t, json.Valid(value), "%v", err)
			return
		}
		require.Equal(t, time.UTC, got.Location())

		written, err := json.Marshal(got)
		require.NoError(t, err)
		var again funnel.Timestamp
		require.NoError(t, json.Unmarshal(written, &again))
		require.True(t, got == again, "%s was read, and then %s", got, again)
	})
}

func TestDecimal_KeepsTheText(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]funnel.Decimal{
		`297`:                     "297",
		`297.1`:                   "297.1",
		`297.10`:                  "297.10",
		`"297.10"`:                "297.10",
		`1e3`:                     "1e3",
		`-0.50`:                   "-0.50",
		`12345678901234567890.12`: "12345678901234567890.12",
		`null`:                    "",
		`""`:                      "",
		`"12,50 \u20ac"`:          "12,50 €", // text is kept, and Minor refuses it
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			got := struct{ Amount funnel.Decimal }{"7"}
			require.NoError(t, json.Unmarshal([]byte(`{"Amount":`+value+`}`), &got))
			require.Equal(t, want, got.Amount)
		})
	}
}

func TestDecimal_RefusesOtherTypes(t *testing.T) {
	t.Parallel()
	for _, value := range []string{`true`, `false`, `{}`, `{"value":"297.10"}`, `[]`, `[297]`} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			var got funnel.Decimal
			require.Error(t, json.Unmarshal([]byte(value), &got))

			api := newMockAPI(t).on("GET", "/sales-amount", data(`{"amount":`+value+`}`))
			_, err := api.client(t).Orders.SalesAmount(t.Context(), funnel.PeriodParams{})
			require.ErrorContains(t, err, "an amount is neither a JSON number nor a string")
		})
	}
	require.Error(t, new(funnel.Decimal).UnmarshalJSON(nil))
}

func TestDecimal_Minor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		amount funnel.Decimal
		digits int
		want   int64
	}{
		{"297", 2, 29700},
		{"297.1", 2, 29710},
		{"297.10", 2, 29710},
		{"297.100", 2, 29710},
		{"297", 0, 297},
		{"297.00", 0, 297},
		{"1.234", 3, 1234},
		{"1e3", 2, 100000},
		{"1E3", 2, 100000},
		{"1e+3", 0, 1000},
		{"29710e-2", 2, 29710},
		{"29710e-2", 1, 2971},
		{"100e-2", 0, 1},
		{"0", 2, 0},
		{"0.00", 0, 0},
		{"-0", 2, 0},
		{"0e999999999999999999999", 2, 0},
		{"0.00e-999999999999999999999", 2, 0},
		{"-297.10", 2, -29710},
		{"-0.01", 2, -1},
		{"0.000000000000000001", 18, 1},
		{"9.223372036854775807", 18, math.MaxInt64},
		{"9223372036854775807", 0, math.MaxInt64},
		{"92233720368547758.07", 2, math.MaxInt64},
		{"-9223372036854775808", 0, math.MinInt64},
		{"9223372036854775807e0", 0, math.MaxInt64},
		{"1e18", 0, 1000000000000000000},
		{"0.1e19", 0, 1000000000000000000},
		{funnel.Decimal("0." + strings.Repeat("0", 100) + "1e101"), 2, 100},
		{funnel.Decimal("1" + strings.Repeat("0", 100) + "e-100"), 2, 100},
	} {
		t.Run(string(tt.amount)+" at "+strconv.Itoa(tt.digits), func(t *testing.T) {
			t.Parallel()
			got, err := tt.amount.Minor(tt.digits)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestDecimal_MinorRefuses(t *testing.T) {
	t.Parallel()
	const (
		notNumber = "not a decimal number"
		rounds    = "Minor does not round"
		tooLarge  = "too large for an int64"
	)
	for _, tt := range []struct {
		amount      funnel.Decimal
		digits      int
		field, says string
	}{
		{"297.101", 2, "Decimal", rounds},
		{"297.1", 0, "Decimal", rounds},
		{"0.001", 2, "Decimal", rounds},
		{"1e-3", 2, "Decimal", rounds},
		{"1e-9223372036854775807", 2, "Decimal", rounds},
		{"1.5e-9223372036854775808", 0, "Decimal", rounds},
		{"1e-99999999999999999999", 18, "Decimal", rounds},
		{"9223372036854775808", 0, "Decimal", tooLarge},
		{"9223372036854775807", 2, "Decimal", tooLarge},
		{"-9223372036854775809", 0, "Decimal", tooLarge},
		{"92233720368547758.08", 2, "Decimal", tooLarge},
		{"1e19", 0, "Decimal", tooLarge},
		{"1e9223372036854775807", 0, "Decimal", tooLarge},
		{"1e9223372036854775807", 18, "Decimal", tooLarge},
		{"1e99999999999999999999", 2, "Decimal", tooLarge},
		{"", 2, "Decimal", notNumber},
		{"x", 2, "Decimal", notNumber},
		{"12,50", 2, "Decimal", notNumber},
		{"297.10 EUR", 2, "Decimal", notNumber},
		{" 297", 2, "Decimal", notNumber},
		{"297 ", 2, "Decimal", notNumber},
		{"1_000", 2, "Decimal", notNumber},
		{"0x10", 2, "Decimal", notNumber},
		{"+1", 2, "Decimal", notNumber},
		{"007", 2, "Decimal", notNumber},
		{".5", 2, "Decimal", notNumber},
		{"5.", 2, "Decimal", notNumber},
		{"1e", 2, "Decimal", notNumber},
		{"1.2.3", 2, "Decimal", notNumber},
		{"--1", 2, "Decimal", notNumber},
		{"NaN", 2, "Decimal", notNumber},
		{"Infinity", 2, "Decimal", notNumber},
		{"true", 2, "Decimal", notNumber},
		{"null", 2, "Decimal", notNumber},
		{`"1"`, 2, "Decimal", notNumber},
		{"[1]", 2, "Decimal", notNumber},
		{"\u0661", 2, "Decimal", notNumber}, // a digit, but not of JSON
		{"297.10", -1, "digits", "is -1: must be between 0 and 18"},
		{"297.10", 19, "digits", "is 19: must be between 0 and 18"},
		{"0", math.MaxInt, "digits", "must be between 0 and 18"},
		{"0", math.MinInt, "digits", "must be between 0 and 18"},
	} {
		t.Run(string(tt.amount)+" at "+strconv.Itoa(tt.digits), func(t *testing.T) {
			t.Parallel()
			got, err := tt.amount.Minor(tt.digits)
			requireArgumentError(t, err, tt.field)
			require.ErrorContains(t, err, tt.says)
			require.Zero(t, got)
		})
	}
}

// Minor agrees with exact arithmetic, or returns an error; it never rounds.
func FuzzDecimal(f *testing.F) {
	f.Fuzz(func(t *testing.T, value string, digits int) {
		var d funnel.Decimal
		if json.Unmarshal([]byte(value), &d) != nil {
			d = funnel.Decimal(value)
		}
		got, err := d.Minor(digits)
		if err != nil {
			require.Zero(t, got)
			require.NotEmpty(t, apitest.AsError[*funnel.ArgumentError](t, err).Message)
		}
		if digits < 0 || digits > 18 {
			require.Error(t, err)
			return
		}
		if _, exponent, ok := strings.Cut(strings.ToLower(string(d)), "e"); ok {
			if n, convErr := strconv.Atoi(exponent); convErr != nil || n < -1000 || n > 1000 {
				return // more than big.Rat can hold
			}
		}
		exact, isNumber := new(big.Rat).SetString(string(d))
		if !isNumber || !json.Valid([]byte(d)) {
			require.Error(t, err, "%q is no number", d)
			return
		}
		exact.Mul(exact, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)))
		if !exact.IsInt() || !exact.Num().IsInt64() {
			require.Error(t, err, "%q at %d is %s", d, digits, exact)
			return
		}
		require.NoError(t, err)
		require.Equal(t, exact.Num().Int64(), got)
	})
}

func TestPaymentsLeft_Formats(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]funnel.PaymentsLeft{
		`"unlimited"`: {Unlimited: true},
		`3`:           {Count: funnel.Ptr(3)},
		`"3"`:         {Count: funnel.Ptr(3)},
		`0`:           {Count: funnel.Ptr(0)},
		`null`:        {},
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			response := `{"id":1,"payments_left":` + value + `,"rate":"1 week(s)"}`
			api := newMockAPI(t).on("GET", "/subscriptions", pageOf(response))
			page, err := api.client(t).Subscriptions.List(t.Context(), funnel.SubscriptionListParams{})
			require.NoError(t, err)
			require.Equal(t, []funnel.Subscription{{ID: 1, PaymentsLeft: want, Rate: "1 week(s)"}}, page.Items)

			written, err := json.Marshal(want)
			require.NoError(t, err)
			var again funnel.PaymentsLeft
			require.NoError(t, json.Unmarshal(written, &again))
			require.Equal(t, want, again)
		})
	}
}

func TestPaymentsLeft_OtherValuesAreUnknown(t *testing.T) {
	t.Parallel()
	for _, value := range []string{`"x"`, `""`, `1.5`, `9223372036854775808`, `true`, `[]`, `{}`} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			got := funnel.PaymentsLeft{Unlimited: true, Count: funnel.Ptr(3)}
			require.NoError(t, json.Unmarshal([]byte(value), &got))
			require.Zero(t, got)
		})
	}
}

func FuzzPaymentsLeft(f *testing.F) {
	f.Fuzz(func(t *testing.T, value []byte) {
		var got funnel.PaymentsLeft
		if err := json.Unmarshal(value, &got); err != nil {
			require.False(t, json.Valid(value))
			return
		}
		text := strings.Trim(string(value), "\" \t\r\n")
		require.Equal(t, text == "unlimited", got.Unlimited)
		if n, err := strconv.Atoi(text); err == nil {
			require.Equal(t, &n, got.Count)
		} else {
			require.Nil(t, got.Count)
		}

		written, err := json.Marshal(got)
		require.NoError(t, err)
		var again funnel.PaymentsLeft
		require.NoError(t, json.Unmarshal(written, &again))
		require.Equal(t, got, again)
	})
}

func TestIDList_IsOneString(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		list []funnel.TagID
		want string
	}{
		"several": {[]funnel.TagID{12, 34, math.MaxInt64}, `"12,34,9223372036854775807"`},
		"one":     {[]funnel.TagID{12}, `"12"`},
		"none":    {[]funnel.TagID{}, `""`},
		"nil":     {nil, `""`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			written, err := json.Marshal(funnel.IDList[funnel.Tag](tt.list))
			require.NoError(t, err)
			require.Equal(t, tt.want, string(written))
		})
	}
}

// Dates are calendar dates, each in its own zone: 23:30 in New York is the next day
// in UTC, and stays the day that it is there.
// The first use of time.Local reads the zone from a file. The SDK's checks do not look at
// it at the same time. The test makes that first use, so it needs a process of its own,
// and the race detector.
func TestDateRange_OfLocalTimes(t *testing.T) {
	const inner = "FUNNEL_TEST_LOCAL_TIMES"
	if os.Getenv(inner) != "" {
		now := time.Now()
		client := newMockAPI(t).on(http.MethodGet, "/contacts", data("[]")).client(t)
		var callers sync.WaitGroup
		for range 4 {
			callers.Go(func() {
				_, _ = client.Contacts.List(t.Context(), funnel.ContactListParams{Range: funnel.DateRange{From: now, To: now}})
			})
		}
		callers.Wait()
		return
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDateRange_OfLocalTimes$")
	cmd.Env = append(os.Environ(), inner+"=1")
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
}

func TestDateRange_EncodesDatesInTheirOwnZone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given funnel.DateRange
		want  string
	}{
		"one day":             {funnel.DateRange{From: noon(1, time.UTC), To: noon(1, time.UTC)}, "2026-03-01to2026-03-01"},
		"a month":             {funnel.DateRange{From: noon(1, time.UTC), To: noon(31, time.UTC)}, "2026-03-01to2026-03-31"},
		"late in New York":    {funnel.DateRange{From: noon(1, newYork), To: time.Date(2026, 3, 2, 23, 30, 0, 0, newYork)}, "2026-03-01to2026-03-02"},
		"early in Tokyo":      {funnel.DateRange{From: time.Date(2026, 3, 2, 0, 30, 0, 0, tokyo), To: noon(3, tokyo)}, "2026-03-02to2026-03-03"},
		"two zones":           {funnel.DateRange{From: noon(1, tokyo), To: noon(2, newYork)}, "2026-03-01to2026-03-02"},
		"same day, To before": {funnel.DateRange{From: time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)}, "2026-03-01to2026-03-01"},
		"same day by its date": { // From is the later time
			funnel.DateRange{From: time.Date(2026, 3, 1, 12, 0, 0, 0, newYork), To: time.Date(2026, 3, 1, 12, 0, 0, 0, tokyo)}, "2026-03-01to2026-03-01",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := url.Values{}
			require.NoError(t, tt.given.EncodeValues("range", &q))
			require.Equal(t, url.Values{"range": {tt.want}}, q)

			api := newMockAPI(t).on("GET", "/orders", pageOf(orderJSON))
			_, err := api.client(t).Orders.List(t.Context(), funnel.OrderListParams{Range: tt.given})
			require.NoError(t, err)
			require.Equal(t, "period=between&range="+tt.want, api.requests()[0].Query)
		})
	}
	require.True(t, funnel.DateRange{}.IsZero())
	require.False(t, funnel.DateRange{To: noon(1, time.UTC)}.IsZero())
}

// periodMethods are the methods that take a period.
func periodMethods() []apitest.Method {
	return slices.DeleteFunc(apitest.Methods(&funnel.Client{}), func(m apitest.Method) bool { return !m.Takes("Period") })
}

func TestPeriod_IsSentAsGiven(t *testing.T) {
	t.Parallel()
	march := funnel.DateRange{From: noon(1, time.UTC), To: noon(31, time.UTC)}
	for _, method := range periodMethods() {
		for _, tt := range []struct {
			period     funnel.Period
			within     funnel.DateRange
			wantPeriod string
			wantRange  string
		}{
			{},
			{period: funnel.PeriodAll, wantPeriod: "all"},
			{period: funnel.PeriodToday, wantPeriod: "today"},
			{period: funnel.PeriodYesterday, wantPeriod: "yesterday"},
			{period: funnel.PeriodLast7Days, wantPeriod: "last7days"},
			{period: funnel.PeriodLast30Days, wantPeriod: "last30days"},
			{period: funnel.PeriodBetween, within: march, wantPeriod: "between", wantRange: "2026-03-01to2026-03-31"},
			{within: march, wantPeriod: "between", wantRange: "2026-03-01to2026-03-31"}, // implied
			{period: "last90days", wantPeriod: "last90days"},                            // unknown to the SDK
		} {
			t.Run(fmt.Sprintf("%s %q %s", method.Name, tt.period, tt.wantRange), func(t *testing.T) {
				t.Parallel()
				var sent url.Values
				client := clientOver(t, apitest.RoundTripper(func(req *http.Request) (*http.Response, error) {
					sent = req.URL.Query()
					if strings.HasSuffix(req.URL.Path, "/sales-amount") {
						return data(`{"amount":1}`)(req)
					}
					return pageOf()(req)
				}))
				require.NoError(t, method.Of(client).CallWith(t.Context(), map[string]any{"Period": tt.period, "Range": tt.within}))
				require.Equal(t, tt.wantPeriod, sent.Get("period"))
				require.Equal(t, tt.wantRange, sent.Get("range"))
			})
		}
	}
}

func TestPeriod_RefusesBadInput(t *testing.T) {
	t.Parallel()
	march := funnel.DateRange{From: noon(1, time.UTC), To: noon(31, time.UTC)}
	tests := []struct {
		name             string
		period           funnel.Period
		within           funnel.DateRange
		field, errorText string
	}{
		{"between without a range", funnel.PeriodBetween, funnel.DateRange{}, "range", "is missing"},
		{"reversed range", "", funnel.DateRange{From: march.To, To: march.From}, "range", "From is 2026-03-31, which is after To, 2026-03-01"},
		{"reversed by a day", funnel.PeriodBetween, funnel.DateRange{From: noon(2, time.UTC), To: noon(1, time.UTC)}, "range", "which is after To"},
		{"another period", funnel.PeriodToday, march, "period", `is "today"`},
		{"all with a range", funnel.PeriodAll, march, "period", `is "all"`},
		{"without From", "", funnel.DateRange{To: march.To}, "range", "has no From"},
		{"without To", funnel.PeriodBetween, funnel.DateRange{From: march.From}, "range", "has no To"},
		{"another, half open", funnel.PeriodAll, funnel.DateRange{From: march.From}, "period", `is "all"`},
		{"not UTF-8", "last7days\xff", funnel.DateRange{}, "period", "UTF-8"},
	}
	for _, method := range periodMethods() {
		for _, tt := range tests {
			t.Run(method.Name+" "+tt.name, func(t *testing.T) {
				t.Parallel()
				err := method.Of(newMockAPI(t).client(t)).CallWith(t.Context(), map[string]any{"Period": tt.period, "Range": tt.within})
				requireArgumentError(t, err, tt.field)
				require.ErrorContains(t, err, tt.errorText)
			})
		}
	}
}

func TestID_ReadsNumbersAndNumericStrings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		json string
		want funnel.ContactID
	}{
		"a number":                     {`12`, 12},
		"a string":                     {`"12"`, 12},
		"a string with zeros":          {`"0012"`, 12},
		"zero":                         {`0`, 0},
		"null":                         {`null`, 0},
		"an empty string":              {`""`, 0},
		"negative":                     {`-1`, -1},
		"beyond a float's precision":   {`9007199254740993`, 9007199254740993},
		"the same as a string":         {`"9007199254740993"`, 9007199254740993},
		"the largest":                  {`9223372036854775807`, math.MaxInt64},
		"the largest as a string":      {`"9223372036854775807"`, math.MaxInt64},
		"the smallest":                 {`-9223372036854775808`, math.MinInt64},
		"white space around the value": {" 12\n", 12},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := funnel.ContactID(99)
			require.NoError(t, json.Unmarshal([]byte(tt.json), &got))
			require.Equal(t, tt.want, got)
		})
	}
}

func TestID_RefusesOtherValues(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"a fraction":           `1.5`,
		"a whole fraction":     `1.0`,
		"an exponent":          `1e3`,
		"a fraction, quoted":   `"1.5"`,
		"an exponent, quoted":  `"1e3"`,
		"one too large":        `9223372036854775808`,
		"one too large quoted": `"9223372036854775808"`,
		"text":                 `"abc"`,
		"null in quotes":       `"null"`,
		"digits among others":  `"12 34"`,
		"hexadecimal":          `"0x10"`,
		"true":                 `true`,
		"a list":               `[1]`,
		"an object":            `{"id":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := funnel.ContactID(99)
			require.EqualError(t, json.Unmarshal([]byte(value), &got), "an id is not an integer of 64 bits")
			require.Equal(t, funnel.ContactID(99), got)
		})
	}
}

func TestID_IsWrittenAsANumber(t *testing.T) {
	t.Parallel()
	written, err := json.Marshal(map[string]any{
		"one":   funnel.ContactID(9007199254740993),
		"many":  []funnel.TagID{1, 2},
		"by id": map[funnel.TagID]string{7: "vip"},
	})
	require.NoError(t, err)
	require.Equal(t, `{"by id":{"7":"vip"},"many":[1,2],"one":9007199254740993}`, string(written))
	require.Equal(t, "9007199254740993", funnel.ContactID(9007199254740993).String())
}

func TestID_IsAMapKey(t *testing.T) {
	t.Parallel()
	var read struct {
		Tags map[funnel.TagID]string `json:"tags"`
		IDs  []funnel.TagID          `json:"ids"`
	}
	require.NoError(t, json.Unmarshal([]byte(`{"tags":{"7":"vip"},"ids":[7,"8",null]}`), &read))
	require.Equal(t, map[funnel.TagID]string{7: "vip"}, read.Tags)
	require.Equal(t, []funnel.TagID{7, 8, 0}, read.IDs)
}

func FuzzID(f *testing.F) {
	f.Fuzz(func(t *testing.T, value []byte) {
		var id funnel.ContactID
		if json.Unmarshal(value, &id) != nil {
			return
		}
		if digits := strings.Trim(string(value), "\" \t\r\n"); digits != "" && digits != "null" {
			exact, ok := new(big.Int).SetString(digits, 10)
			require.True(t, ok, "%q is no integer", digits)
			require.Equal(t, exact.Int64(), int64(id))
			require.True(t, exact.IsInt64(), "%q does not fit", digits)
		} else {
			require.Zero(t, id)
		}

		written, err := json.Marshal(id)
		require.NoError(t, err)
		require.Equal(t, id.String(), string(written))
		var again funnel.ContactID
		require.NoError(t, json.Unmarshal(written, &again))
		require.Equal(t, id, again)
	})
}
