package envelope_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/internal/envelope"
)

func TestListFindsThePagingDataWhereverItIs(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"meta":                       `{"success":true,"data":[{"id":1},{"id":2}],"meta":{"current_page":2,"per_page":15,"last_page":4,"total":50}}`,
		"meta before data":           `{"meta":{"current_page":2,"per_page":15,"last_page":4,"total":50},"success":true,"data":[{"id":1},{"id":2}]}`,
		"a resource collection":      `{"data":[{"id":1},{"id":2}],"links":{"next":"x"},"meta":{"current_page":2,"from":16,"path":"x","per_page":15,"last_page":4,"total":50,"links":[{"url":null}]}}`,
		"pagination":                 `{"success":true,"data":[{"id":1},{"id":2}],"pagination":{"current_page":2,"per_page":15,"last_page":4,"total":50}}`,
		"pagination beside a meta":   `{"success":true,"data":[{"id":1},{"id":2}],"meta":{"took":3},"pagination":{"current_page":2,"per_page":15,"last_page":4,"total":50}}`,
		"beside data":                `{"success":true,"data":[{"id":1},{"id":2}],"current_page":2,"per_page":15,"last_page":4,"total":50,"next_page_url":null}`,
		"a paginator in data":        `{"success":true,"data":{"data":[{"id":1},{"id":2}],"current_page":2,"per_page":15,"last_page":4,"total":50,"links":[]}}`,
		"a paginator, data last":     `{"success":true,"data":{"current_page":2,"per_page":15,"last_page":4,"total":50,"data":[{"id":1},{"id":2}]}}`,
		"a paginator with meta":      `{"success":true,"data":{"data":[{"id":1},{"id":2}],"meta":{"current_page":2,"per_page":15,"last_page":4,"total":50}}}`,
		"a paginator beside meta":    `{"success":true,"data":{"data":[{"id":1},{"id":2}]},"meta":{"current_page":2,"per_page":15,"last_page":4,"total":50}}`,
		"a paginator beside no meta": `{"success":true,"meta":[],"data":{"data":[{"id":1},{"id":2}],"current_page":2,"per_page":15,"last_page":4,"total":50}}`,
		"a paginator in PHP's way":   `{"success":true,"data":{"data":{"3":{"id":1},"4":{"id":2}},"current_page":"2","per_page":"15","last_page":"4","total":"50"}}`,
		"per_page as a string":       `{"success":true,"data":[{"id":1},{"id":2}],"meta":{"current_page":2,"per_page":"15","last_page":4,"total":50}}`,
		"whole numbers as floats":    `{"success":true,"data":[{"id":1},{"id":2}],"meta":{"current_page":2,"per_page":15.0,"last_page":4.0,"total":"50.00"}}`,
		"a list with gaps":           `{"success":true,"data":{"0":{"id":1},"2":{"id":2}},"meta":{"current_page":2,"per_page":15,"last_page":4,"total":50}}`,
		"no last page":               `{"success":true,"data":[{"id":1},{"id":2}],"meta":{"current_page":2,"per_page":15,"total":50}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items, paging, err := envelope.List[person]([]byte(body))
			require.NoError(t, err)
			require.Equal(t, []person{{ID: 1}, {ID: 2}}, items)
			require.Equal(t, envelope.Paging{CurrentPage: 2, PerPage: 15, LastPage: 4, Total: 50}, paging)
		})
	}
}

func TestPagingDataThatIsNotSaidIsZero(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		paging string
		want   envelope.Paging
	}{
		"none":             {``, envelope.Paging{}},
		"meta null":        {`,"meta":null`, envelope.Paging{}},
		"meta empty":       {`,"meta":{}`, envelope.Paging{}},
		"meta an array":    {`,"meta":[]`, envelope.Paging{}},
		"nulls":            {`,"meta":{"current_page":1,"per_page":null,"last_page":null,"total":null}`, envelope.Paging{CurrentPage: 1}},
		"simplePaginate":   {`,"meta":{"current_page":3,"per_page":15,"from":31}`, envelope.Paging{CurrentPage: 3, PerPage: 15}},
		"no numbers":       {`,"meta":{"current_page":"one","per_page":[],"last_page":{},"total":true}`, envelope.Paging{}},
		"no whole numbers": {`,"meta":{"current_page":1,"per_page":1.5,"last_page":2.25,"total":"3.1"}`, envelope.Paging{CurrentPage: 1}},
		"negative":         {`,"meta":{"current_page":-1,"per_page":-15,"total":50}`, envelope.Paging{Total: 50}},
		"too large":        {`,"meta":{"current_page":1,"total":99999999999999999999}`, envelope.Paging{CurrentPage: 1}},
		"nothing there":    {`,"meta":{"current_page":1,"per_page":15,"total":0}`, envelope.Paging{CurrentPage: 1, PerPage: 15}},
		"exactly one page": {`,"meta":{"current_page":1,"per_page":15,"total":15}`, envelope.Paging{CurrentPage: 1, PerPage: 15, LastPage: 1, Total: 15}},
		"one more":         {`,"meta":{"current_page":1,"per_page":15,"total":16}`, envelope.Paging{CurrentPage: 1, PerPage: 15, LastPage: 2, Total: 16}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items, paging, err := envelope.List[person]([]byte(`{"success":true,"data":[{"id":1}]` + tt.paging + `}`))
			require.NoError(t, err)
			require.Equal(t, []person{{ID: 1}}, items)
			require.Equal(t, tt.want, paging)
		})
	}
}

func TestAnEmptyListIsAList(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"[]":                     `{"success":true,"data":[],"meta":{"current_page":1}}`,
		"null":                   `{"success":true,"data":null,"meta":{"current_page":1}}`,
		"{}":                     `{"success":true,"data":{},"meta":{"current_page":1}}`,
		"an empty string":        `{"success":true,"data":"","meta":{"current_page":1}}`,
		"a paginator with []":    `{"success":true,"data":{"data":[],"current_page":1}}`,
		"a paginator with null":  `{"success":true,"data":{"data":null,"current_page":1}}`,
		"a paginator with {}":    `{"success":true,"data":{"data":{},"current_page":1}}`,
		"before the paging data": `{"data":[],"current_page":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items, paging, err := envelope.List[person]([]byte(body))
			require.NoError(t, err)
			require.Equal(t, []person{}, items)
			require.Equal(t, envelope.Paging{CurrentPage: 1}, paging)
		})
	}
}

func TestItemsAreReadTolerantly(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"list":           `[{"name":1,"tags":[],"new":{}},{"name":"2","count":"3","tags":{}}]`,
		"list with gaps": `{"1":{"name":1,"tags":[]},"5":{"name":"2","count":"3","tags":[]}}`,
		"paginator":      `{"data":[{"name":1,"tags":{}},{"name":"2","count":"3","tags":[]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items, _, err := envelope.List[person]([]byte(`{"success":true,"data":` + data + `}`))
			require.NoError(t, err)
			require.Equal(t, []person{{Name: "1", Tags: []tag{}}, {Name: "2", Count: 3, Tags: []tag{}}}, items)
		})
	}
}

func TestAnAnswerWithoutAListIsUnexpected(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ body, want string }{
		"no data":                       {`{"success":true}`, `it has no list in "data"`},
		"no data at all":                {`{}`, `it has no list in "data"`},
		"an empty list":                 {`[]`, `it has no list in "data"`},
		"null":                          {`null`, `it has no list in "data"`},
		"one result":                    {`{"success":true,"data":{"id":1}}`, "cannot unmarshal object"},
		"a bare list":                   {`[{"id":1}]`, "cannot unmarshal array"},
		"text":                          {`{"success":true,"data":"none"}`, "cannot unmarshal string"},
		"a list of lists":               {`{"success":true,"data":[[1]]}`, "cannot unmarshal array"},
		"a broken item":                 {`{"success":true,"data":[{"id":1},{"id":"abc"}]}`, "cannot unmarshal string"},
		"a broken item in a paginator":  {`{"success":true,"data":{"data":[{"id":"abc"}]}}`, "cannot unmarshal string"},
		"a paginator of something else": {`{"success":true,"data":{"data":"none"}}`, "cannot unmarshal string"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items, paging, err := envelope.List[person]([]byte(tt.body))
			require.ErrorIs(t, err, envelope.ErrUnexpected)
			require.ErrorContains(t, err, tt.want)
			require.Nil(t, items)
			require.Zero(t, paging)
		})
	}
}
