package funnel_test

import (
	"encoding/json"
	"math"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

var (
	newYork = time.FixedZone("EST", -5*60*60)
	tokyo   = time.FixedZone("JST", 9*60*60)
)

func TestTimestamp_ReadsTheAPIsForms(t *testing.T) {
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
func TestTimestamp_OtherFormsAreZero(t *testing.T) {
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
			require.ErrorContains(t, err, "an amount is neither a number nor a text")
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
			require.NotEmpty(t, asError[*funnel.ArgumentError](t, err).Message)
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

func TestPaymentsLeft_Reading(t *testing.T) {
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

func TestPaymentsLeft_RefusesOtherValues(t *testing.T) {
	t.Parallel()
	for _, value := range []string{`"x"`, `""`, `1.5`, `9223372036854775808`, `true`, `[]`, `{}`} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			got := funnel.PaymentsLeft{Unlimited: true, Count: funnel.Ptr(3)}
			require.EqualError(t, json.Unmarshal([]byte(value), &got), "payments_left is neither a whole number nor unlimited")
			require.Zero(t, got)
		})
	}
}

func FuzzPaymentsLeft(f *testing.F) {
	f.Fuzz(func(t *testing.T, value []byte) {
		var got funnel.PaymentsLeft
		if json.Unmarshal(value, &got) != nil {
			return
		}
		require.False(t, got.Unlimited && got.Count != nil)
		switch text := strings.Trim(string(value), "\" \t\r\n"); text {
		case "unlimited":
			require.True(t, got.Unlimited)
		case "null":
			require.Zero(t, got)
		default:
			n, err := strconv.Atoi(text)
			require.NoError(t, err)
			require.Equal(t, &n, got.Count)
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

// noon of a day in March 2026.
func noon(day int, zone *time.Location) time.Time { return time.Date(2026, 3, day, 12, 0, 0, 0, zone) }

// periodLists are the calls that take a period.
var periodLists = map[string]func(*testing.T, *funnel.Client, funnel.Period, funnel.DateRange) error{
	"/contacts": func(t *testing.T, c *funnel.Client, p funnel.Period, r funnel.DateRange) error {
		t.Helper()
		params := funnel.ContactListParams{Period: p, Range: r}
		_, err := c.Contacts.List(t.Context(), params)
		_, allErr := collect(c.Contacts.All(t.Context(), params))
		require.Equal(t, err, allErr)
		return err
	},
	"/campaigns": func(t *testing.T, c *funnel.Client, p funnel.Period, r funnel.DateRange) error {
		t.Helper()
		params := funnel.CampaignListParams{Period: p, Range: r}
		_, err := c.Campaigns.List(t.Context(), params)
		_, allErr := collect(c.Campaigns.All(t.Context(), params))
		require.Equal(t, err, allErr)
		return err
	},
	"/orders": func(t *testing.T, c *funnel.Client, p funnel.Period, r funnel.DateRange) error {
		t.Helper()
		params := funnel.OrderListParams{Period: p, Range: r}
		_, err := c.Orders.List(t.Context(), params)
		_, allErr := collect(c.Orders.All(t.Context(), params))
		require.Equal(t, err, allErr)
		return err
	},
	"/sales-amount": func(t *testing.T, c *funnel.Client, p funnel.Period, r funnel.DateRange) error {
		t.Helper()
		_, err := c.Orders.SalesAmount(t.Context(), funnel.PeriodParams{Period: p, Range: r})
		return err
	},
	"/transactions": func(t *testing.T, c *funnel.Client, p funnel.Period, r funnel.DateRange) error {
		t.Helper()
		params := funnel.TransactionListParams{Period: p, Range: r}
		_, err := c.Transactions.List(t.Context(), params)
		_, allErr := collect(c.Transactions.All(t.Context(), params))
		require.Equal(t, err, allErr)
		return err
	},
	"/subscriptions": func(t *testing.T, c *funnel.Client, p funnel.Period, r funnel.DateRange) error {
		t.Helper()
		params := funnel.SubscriptionListParams{Period: p, Range: r}
		_, err := c.Subscriptions.List(t.Context(), params)
		_, allErr := collect(c.Subscriptions.All(t.Context(), params))
		require.Equal(t, err, allErr)
		return err
	},
}

func TestPeriod_IsSentAsGiven(t *testing.T) {
	t.Parallel()
	march := funnel.DateRange{From: noon(1, time.UTC), To: noon(31, time.UTC)}
	for path, call := range periodLists {
		for _, tt := range []struct {
			period funnel.Period
			within funnel.DateRange
			want   string
		}{
			{"", funnel.DateRange{}, ""},
			{funnel.PeriodAll, funnel.DateRange{}, "period=all"},
			{funnel.PeriodToday, funnel.DateRange{}, "period=today"},
			{funnel.PeriodYesterday, funnel.DateRange{}, "period=yesterday"},
			{funnel.PeriodLast7Days, funnel.DateRange{}, "period=last7days"},
			{funnel.PeriodLast30Days, funnel.DateRange{}, "period=last30days"},
			{funnel.PeriodBetween, march, "period=between&range=2026-03-01to2026-03-31"},
			{"", march, "period=between&range=2026-03-01to2026-03-31"}, // implied
			{"last90days", funnel.DateRange{}, "period=last90days"},    // unknown to the SDK
		} {
			t.Run(path+" "+tt.want, func(t *testing.T) {
				t.Parallel()
				result := pageOf()
				if path == "/sales-amount" {
					result = data(`{"amount":1}`)
				}
				api := newMockAPI(t).on("GET", path, result)
				require.NoError(t, call(t, api.client(t), tt.period, tt.within))
				require.Equal(t, tt.want, api.requests()[0].Query)
			})
		}
	}
}

func TestPeriod_BadInputIsRefused(t *testing.T) {
	t.Parallel()
	march := funnel.DateRange{From: noon(1, time.UTC), To: noon(31, time.UTC)}
	for path, call := range periodLists {
		for name, tt := range map[string]struct {
			period      funnel.Period
			within      funnel.DateRange
			field, says string
		}{
			"between without a range": {funnel.PeriodBetween, funnel.DateRange{}, "range", "is missing"},
			"reversed range":          {"", funnel.DateRange{From: march.To, To: march.From}, "range", "From is 2026-03-31, which is after To, 2026-03-01"},
			"reversed by a day":       {funnel.PeriodBetween, funnel.DateRange{From: noon(2, time.UTC), To: noon(1, time.UTC)}, "range", "which is after To"},
			"another period":          {funnel.PeriodToday, march, "period", `is "today"`},
			"all with a range":        {funnel.PeriodAll, march, "period", `is "all"`},
			"without From":            {"", funnel.DateRange{To: march.To}, "range", "has no From"},
			"without To":              {funnel.PeriodBetween, funnel.DateRange{From: march.From}, "range", "has no To"},
			"another, half open":      {funnel.PeriodAll, funnel.DateRange{From: march.From}, "period", `is "all"`},
			"not UTF-8":               {"last7days\xff", funnel.DateRange{}, "period", "UTF-8"},
		} {
			t.Run(path+" "+name, func(t *testing.T) {
				t.Parallel()
				api := newMockAPI(t)
				err := call(t, api.client(t), tt.period, tt.within)
				requireArgumentError(t, err, tt.field)
				require.ErrorContains(t, err, tt.says)
				require.Empty(t, api.requests())
			})
		}
	}
}
