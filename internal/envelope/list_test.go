package envelope_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/internal/envelope"
)

func TestList_ReadsMeta(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"as documented":        `{"success":true,"data":[{"id":1},{"id":2}],"meta":{"current_page":2,"last_page":4,"per_page":15,"total":50}}`,
		"before data":          `{"meta":{"current_page":2,"last_page":4,"per_page":15,"total":50},"success":true,"data":[{"id":1},{"id":2}]}`,
		"with unknown fields":  `{"success":true,"data":[{"id":1},{"id":2}],"meta":{"current_page":2,"from":16,"path":"x","last_page":4,"per_page":15,"total":50,"links":[{"url":null}]}}`,
		"per_page as a string": `{"success":true,"data":[{"id":1},{"id":2}],"meta":{"current_page":2,"last_page":4,"per_page":"15","total":50}}`,
		"a list with gaps":     `{"success":true,"data":{"0":{"id":1},"2":{"id":2}},"meta":{"current_page":2,"last_page":4,"per_page":15,"total":50}}`,
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

func TestList_UnstatedPagingIsZero(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		paging string
		want   envelope.Paging
	}{
		"none":          {``, envelope.Paging{}},
		"meta null":     {`,"meta":null`, envelope.Paging{}},
		"meta empty":    {`,"meta":{}`, envelope.Paging{}},
		"meta an array": {`,"meta":[]`, envelope.Paging{}},
		"nulls":         {`,"meta":{"current_page":1,"per_page":null,"last_page":null,"total":null}`, envelope.Paging{CurrentPage: 1}},
		"no total":      {`,"meta":{"current_page":3,"per_page":15,"from":31}`, envelope.Paging{CurrentPage: 3, PerPage: 15}},
		"total 0":       {`,"meta":{"current_page":1,"per_page":15,"total":0}`, envelope.Paging{CurrentPage: 1, PerPage: 15}},

		// Places where the API does not put it.
		"beside data":   {`,"current_page":2,"per_page":15,"last_page":4,"total":50`, envelope.Paging{}},
		"in pagination": {`,"pagination":{"current_page":2,"per_page":15,"last_page":4,"total":50}`, envelope.Paging{}},
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

func TestList_Empty(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"a list":          `[]`,
		"an empty object": `{}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items, paging, err := envelope.List[person]([]byte(`{"success":true,"data":` + data + `,"meta":{"current_page":1}}`))
			require.NoError(t, err)
			require.Equal(t, []person{}, items)
			require.Equal(t, envelope.Paging{CurrentPage: 1}, paging)
		})
	}
}

func TestList_ReadsItemsTolerantly(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"list":           `[{"name":1,"tags":[],"new":{}},{"name":"2","count":"3","tags":{}}]`,
		"list with gaps": `{"1":{"name":1,"tags":[]},"5":{"name":"2","count":"3","tags":[]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items, _, err := envelope.List[person]([]byte(`{"success":true,"data":` + data + `}`))
			require.NoError(t, err)
			require.Equal(t, []person{{Name: "1", Tags: []tag{}}, {Name: "2", Count: 3, Tags: []tag{}}}, items)
		})
	}
}

func TestList_ResponseWithoutAListIsUnexpected(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ body, want string }{
		"no data":             {`{"success":true}`, `"data" has no list`},
		"null":                {`{"success":true,"data":null}`, `"data" has no list`},
		"an empty text":       {`{"success":true,"data":""}`, "cannot unmarshal string"},
		"one result":          {`{"success":true,"data":{"id":1}}`, "cannot unmarshal object"},
		"a bare list":         {`[{"id":1}]`, `"success" is missing`},
		"text":                {`{"success":true,"data":"none"}`, "cannot unmarshal string"},
		"a list of lists":     {`{"success":true,"data":[[1]]}`, "cannot unmarshal array"},
		"a broken item":       {`{"success":true,"data":[{"id":1},{"id":"abc"}]}`, "cannot unmarshal string"},
		"a list one level in": {`{"success":true,"data":{"data":[{"id":1}],"current_page":1,"last_page":1}}`, "cannot unmarshal object"},
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
