package funnel_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

func TestTimestampReadsWhatLaravelWrites(t *testing.T) {
	t.Parallel()
	var (
		second = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
		micro  = time.Date(2024, 1, 2, 3, 4, 5, 678901000, time.UTC)
		day    = time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC)
	)
	for name, tt := range map[string]struct {
		json string
		want time.Time
	}{
		"RFC 3339":                          {`"2024-01-02T03:04:05Z"`, second},
		"RFC 3339 with an offset":           {`"2024-01-02T05:04:05+02:00"`, second},
		"RFC 3339 with microseconds":        {`"2024-01-02T03:04:05.678901Z"`, micro},
		"RFC 3339 with nanoseconds":         {`"2024-01-02T03:04:05.678901000Z"`, micro},
		"RFC 3339 with a zero fraction":     {`"2024-01-02T03:04:05.000000Z"`, second},
		"PHP's ISO 8601":                    {`"2024-01-02T05:04:05+0200"`, second},
		"RFC 3339 without a zone":           {`"2024-01-02T03:04:05"`, second},
		"without a zone, with microseconds": {`"2024-01-02T03:04:05.678901"`, micro},
		"the database's":                    {`"2024-01-02 03:04:05"`, second},
		"the database's with microseconds":  {`"2024-01-02 03:04:05.678901"`, micro},
		"the database's with an offset":     {`"2024-01-02 05:04:05+02:00"`, second},
		"a day":                             {`"2024-01-02"`, day},
		"of HTTP":                           {`"Tue, 02 Jan 2024 03:04:05 GMT"`, second},
		"of mail":                           {`"Tue, 02 Jan 2024 05:04:05 +0200"`, second},
		"unix seconds":                      {`1704164645`, second},
		"unix seconds as a string":          {`"1704164645"`, second},
		"the beginning of unix time":        {`0`, time.Unix(0, 0).UTC()},
		"before it":                         {`-1`, time.Unix(-1, 0).UTC()},
		"null":                              {`null`, time.Time{}},
		"an empty string":                   {`""`, time.Time{}},
		"the database's zero":               {`"0000-00-00 00:00:00"`, time.Time{}},
		"the database's zero day":           {`"0000-00-00"`, time.Time{}},
		"the last year that JSON has":       {`"9999-12-31T23:59:59Z"`, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
		"the first":                         {`"0000-01-01T00:00:00Z"`, time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := funnel.Timestamp{Time: time.Now()}
			require.NoError(t, json.Unmarshal([]byte(tt.json), &got))
			require.Equal(t, funnel.Timestamp{Time: tt.want}, got)
		})
	}
}

func TestTimestampRefusesWhatIsNoTime(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"text":                       `"soon"`,
		"a day that is none":         `"2024-02-30"`,
		"an hour that is none":       `"2024-01-02 25:00:00"`,
		"a fraction of unix seconds": `1704164645.5`,
		"a year that JSON has not":   `253402300800`,
		"a year before the first":    `"0000-01-01T00:00:00+01:00"`,
		"a year after the last":      `"9999-12-31T23:59:59-01:00"`,
		"the largest integer":        `9223372036854775807`,
		"the smallest integer":       `-9223372036854775808`,
		"true":                       `true`,
		"a list":                     `[]`,
		"an object":                  `{"date":"2024-01-02"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := funnel.Timestamp{Time: time.Unix(1, 0).UTC()}
			got := before
			require.EqualError(t, json.Unmarshal([]byte(value), &got), value+" is no time that the SDK knows")
			require.Equal(t, before, got, "changed although refused")
		})
	}
}

// "EST" means another zone on each machine, or none: a guess would be off by
// hours and nobody would see it.
func TestTimestampRefusesAZoneThatIsOnlyAName(t *testing.T) {
	t.Parallel()
	var got funnel.Timestamp
	require.Error(t, json.Unmarshal([]byte(`"Tue, 02 Jan 2024 03:04:05 EST"`), &got))
	require.Zero(t, got)
}

func TestARefusedTimestampIsShownInShort(t *testing.T) {
	t.Parallel()
	var got funnel.Timestamp
	err := json.Unmarshal([]byte(`"`+strings.Repeat("x", 1<<20)+`"`), &got)
	require.EqualError(t, err, `"`+strings.Repeat("x", 63)+`… is no time that the SDK knows`)
}

func TestTimestampIsWrittenInUTC(t *testing.T) {
	t.Parallel()
	berlin := time.FixedZone("CET", 3600)
	for name, tt := range map[string]struct {
		time time.Time
		want string
	}{
		"in UTC":          {time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC), `"2024-01-02T03:04:05Z"`},
		"of another zone": {time.Date(2024, 1, 2, 4, 4, 5, 0, berlin), `"2024-01-02T03:04:05Z"`},
		"with a fraction": {time.Date(2024, 1, 2, 3, 4, 5, 678901000, time.UTC), `"2024-01-02T03:04:05.678901Z"`},
		"no time":         {time.Time{}, `null`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			written, err := json.Marshal(struct{ At funnel.Timestamp }{funnel.Timestamp{Time: tt.time}})
			require.NoError(t, err)
			require.Equal(t, `{"At":`+tt.want+`}`, string(written))
		})
	}
}

func TestEqualMomentsAreEqualByValue(t *testing.T) {
	t.Parallel()
	var read []funnel.Timestamp
	require.NoError(t, json.Unmarshal([]byte(`[
		"2024-01-02T03:04:05Z", "2024-01-02T05:04:05+02:00", "2024-01-02 03:04:05", "1704164645", 1704164645
	]`), &read))
	for _, got := range read {
		require.Equal(t, read[0], got)
		require.True(t, read[0] == got)
	}
}

func FuzzTimestampUnmarshalJSON(f *testing.F) {
	f.Fuzz(func(t *testing.T, value []byte) {
		var got funnel.Timestamp
		if json.Unmarshal(value, &got) != nil {
			return
		}
		require.Equal(t, time.UTC, got.Location())

		written, err := json.Marshal(got)
		require.NoError(t, err)
		var again funnel.Timestamp
		require.NoError(t, json.Unmarshal(written, &again))
		require.True(t, got == again, "%s was read, and as %s again", got, again)
	})
}
