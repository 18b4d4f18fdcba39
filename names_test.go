package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestGetByName_Matches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		names   []string // of the sequences 1, 2, …
		id      funnel.SequenceID
		matches int // if there is not exactly one
	}{
		{"Welcome", []string{"Other", "Welcome"}, 2, 0},
		{" Welcome ", []string{"Welcome"}, 1, 0},
		{"Welcome", []string{" Welcome"}, 1, 0},
		{"welcome", []string{"Other", "WELCOME"}, 2, 0},
		{"Welcome", []string{"welcome", "Welcome", "WELCOME"}, 2, 0}, // the exact one
		{"Élan", []string{"élan"}, 1, 0},
		{"Welcome", []string{"Welcome 2"}, 0, 0},
		{"Welcome", nil, 0, 0},
		{"Welcome", []string{"Welcome", "Welcome"}, 0, 2},
		{"welcome", []string{"Welcome", "WELCOME", "Other"}, 0, 2},
	} {
		t.Run(fmt.Sprint(tt.name, tt.names), func(t *testing.T) {
			t.Parallel()
			server := funneltest.NewServer()
			defer server.Close()
			client := server.Client()
			for _, name := range tt.names {
				_, err := client.Sequences.Create(t.Context(), funnel.SequenceCreateParams{Name: name})
				require.NoError(t, err)
			}
			sequence, err := client.Sequences.GetByName(t.Context(), tt.name)
			if tt.id != 0 {
				require.NoError(t, err)
				require.Equal(t, tt.id, sequence.ID)
				return
			}
			require.Nil(t, sequence)
			require.Equal(t, &funnel.NameError{Resource: "sequence", Name: tt.name, Matches: tt.matches}, asError[*funnel.NameError](t, err))
			require.Equal(t, tt.matches == 0, errors.Is(err, funnel.ErrNotFound))
		})
	}
}

func TestGetByName_EmptyNameIsRefused(t *testing.T) {
	t.Parallel()
	client := newMockAPI(t).client(t) // sends nothing
	_, err := client.Sequences.GetByName(t.Context(), " ")
	requireArgumentError(t, err, "name")
	_, err = client.CustomFields.GetByName(t.Context(), "")
	requireArgumentError(t, err, "name")
	_, err = client.Tags.Ensure(t.Context(), "vip", "")
	requireArgumentError(t, err, "name")
}

func TestEnsure_CreatesOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	ids, err := client.Tags.Ensure(t.Context(), "b", "a", "b", " A ")
	require.NoError(t, err)
	require.Equal(t, map[string]funnel.TagID{"b": 1, "a": 2, " A ": 2}, ids)
	require.Equal(t, 3, server.RequestCount(), "one list, two creates")

	ids, err = client.Tags.Ensure(t.Context(), "B", "a")
	require.NoError(t, err)
	require.Equal(t, map[string]funnel.TagID{"B": 1, "a": 2}, ids)
	require.Equal(t, 4, server.RequestCount(), "one list")

	ids, err = client.Tags.Ensure(t.Context())
	require.NoError(t, err)
	require.Empty(t, ids)
	require.Equal(t, 4, server.RequestCount())
}

func TestEnsure_TwoProgramsAtOnce(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer(funneltest.WithRateLimit(0, 0))
	defer server.Close()
	names := make([]string, 20)
	for i := range names {
		names[i] = fmt.Sprintf("tag %d", i)
	}
	var wg sync.WaitGroup
	results := make([]map[string]funnel.TagID, 4)
	for i := range results {
		client := server.Client()
		wg.Go(func() {
			ids, err := client.Tags.Ensure(context.Background(), names...)
			if err != nil {
				t.Error(err)
			}
			results[i] = ids
		})
	}
	wg.Wait()
	require.Len(t, results[0], len(names))
	for _, ids := range results {
		require.Equal(t, results[0], ids)
	}
	require.Equal(t, len(names), server.Counts()["tags"])
}

func TestEnsure_AnotherProgramCreatesTheTagInTheMeantime(t *testing.T) {
	t.Parallel()
	const empty = `{"success":true,"data":[],"meta":{"current_page":1,"last_page":1,"per_page":100,"total":0}}`
	const one = `{"success":true,"data":[{"id":5,"name":"vip"}],"meta":{"current_page":1,"last_page":1,"per_page":100,"total":1}}`
	exists := failure(http.StatusConflict, funnel.ErrTagExists, "Taken.")
	api := newMockAPI(t).on(http.MethodGet, "/tags", answers(200, empty), answers(200, one)).on(http.MethodPost, "/tag", exists)
	ids, err := api.client(t).Tags.Ensure(t.Context(), "VIP")
	require.NoError(t, err)
	require.Equal(t, map[string]funnel.TagID{"VIP": 5}, ids)
	require.Equal(t, []string{"GET /tags", "POST /tag", "GET /tags"}, api.operations())

	// The API compares names in a way that no name in the list matches.
	api = newMockAPI(t).on(http.MethodGet, "/tags", answers(200, empty)).on(http.MethodPost, "/tag", exists)
	_, err = api.client(t).Tags.Ensure(t.Context(), "VIP")
	require.ErrorIs(t, err, funnel.ErrTagExists)
	require.Equal(t, []string{"GET /tags", "POST /tag", "GET /tags"}, api.operations())
}

func TestEnsure_RefusesAField(t *testing.T) {
	t.Parallel()
	_, err := newMockAPI(t).client(t).Tags.Ensure(funnel.WithField(t.Context(), "color", "red"), "vip")
	requireArgumentError(t, err, "WithField")
}
