package funnel_test

import (
	"encoding/json"
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
		"a fraction of unix seconds":        {`1704164645.678901`, micro},
		"the same as a string":              {`"1704164645.678901"`, micro},
		"a fraction before unix time":       {`-0.5`, time.Unix(0, -5e8).UTC()},
		"more digits than a nanosecond has": {`1704164645.67890100012`, micro},
		"unix milliseconds":                 {`1704164645678`, micro.Truncate(time.Millisecond)},
		"unix microseconds":                 {`1704164645678901`, micro},
		"the last that are seconds":         {`99999999999`, time.Unix(99999999999, 0).UTC()},
		"PHP's object":                      {`{"date":"2024-01-02 03:04:05.678901","timezone_type":3,"timezone":"UTC"}`, micro},
		"PHP's object with an offset":       {`{"date":"2024-01-02 05:04:05.678901","timezone_type":1,"timezone":"+02:00"}`, micro},
		"PHP's object with a place":         {`{"date":"2024-07-02 05:04:05.678901","timezone_type":3,"timezone":"Europe/Berlin"}`, micro.AddDate(0, 6, 0)},
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

// What is no time, or none that is certain, leaves the rest of an answer as it
// is.
func TestTimestampThatIsNoTimeIsZero(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"text":                 `"soon"`,
		"another order":        `"05.01.2024 10:00"`,
		"a day that is none":   `"2024-02-30"`,
		"an hour that is none": `"2024-01-02 25:00:00"`,
		"a zone that is only a name, another on each machine": `"Tue, 02 Jan 2024 03:04:05 EST"`,
		"a year before the first":                             `"0000-01-01T00:00:00+01:00"`,
		"a year after the last":                               `"9999-12-31T23:59:59-01:00"`,
		"the largest integer":                                 `9223372036854775807`,
		"the smallest integer":                                `-9223372036854775808`,
		"one larger":                                          `9223372036854775808`,
		"an exponent":                                         `1.7e9`,
		"a sign in the fraction":                              `"1.-5"`,
		"true":                                                `true`,
		"a list":                                              `[]`,
		"an object":                                           `{}`,
		"an object without a zone":                            `{"date":"2024-01-02 03:04:05"}`,
		"PHP's object, no such place":                         `{"date":"2024-01-02 03:04:05","timezone":"Atlantis"}`,
		"PHP's object, this machine's place":                  `{"date":"2024-01-02 03:04:05","timezone":"Local"}`,
		"PHP's object, no date":                               `{"date":"soon","timezone":"UTC"}`,
		"an object of other things":                           `{"date":1}`,
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

func TestTimestampOfNothingIsZero(t *testing.T) {
	t.Parallel()
	got := funnel.Timestamp{Time: time.Unix(1, 0)}
	require.NoError(t, got.UnmarshalJSON(nil))
	require.Zero(t, got)
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
		if err := json.Unmarshal(value, &got); err != nil {
			require.False(t, json.Valid(value), "%v", err)
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
