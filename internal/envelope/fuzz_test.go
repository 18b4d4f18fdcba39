package envelope_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/internal/envelope"
)

// requireExplained requires that err is of one of the three kinds, and of the
// right one.
func requireExplained(t *testing.T, body []byte, err error) {
	t.Helper()
	require.Equal(t, !json.Valid(body), errors.Is(err, envelope.ErrUnreadable), err)
	var failure *envelope.Failure
	if !errors.As(err, &failure) && !errors.Is(err, envelope.ErrUnexpected) {
		require.ErrorIs(t, err, envelope.ErrUnreadable)
	}
}

// requireStatedSuccess requires that the response is a JSON object that says that it
// is a success. Of duplicate keys any one may say so.
func requireStatedSuccess(t *testing.T, body []byte) {
	t.Helper()
	var response map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(body, &response))
	stated := false
	for key, value := range response {
		if strings.EqualFold(key, "success") {
			stated = stated || string(value) == "true"
		}
	}
	require.True(t, stated)
}

// requireSameAgain requires that a result that the SDK writes is read as the
// same.
func requireSameAgain[T any](t *testing.T, result T, read func(body []byte) (T, error)) {
	t.Helper()
	data, err := json.Marshal(result)
	require.NoError(t, err)
	again, err := read([]byte(`{"success":true,"data":` + string(data) + `}`))
	require.NoError(t, err)
	require.Equal(t, result, again)
}

func FuzzData(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := envelope.Data[person](body)
		if err != nil {
			requireExplained(t, body, err)
			require.Nil(t, got)
			return
		}
		requireStatedSuccess(t, body)
		requireSameAgain(t, got, envelope.Data[person])
	})
}

func FuzzList(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		items, paging, err := envelope.List[person](body)
		if err != nil {
			requireExplained(t, body, err)
			require.Nil(t, items)
			require.Zero(t, paging)
			return
		}
		requireStatedSuccess(t, body)
		require.NotNil(t, items)
		requireSameAgain(t, items, func(body []byte) ([]person, error) {
			items, _, err := envelope.List[person](body)
			return items, err
		})
	})
}

func FuzzSuccess(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		if err := envelope.Success(body); err != nil {
			requireExplained(t, body, err)
			require.NotEmpty(t, bytes.TrimSpace(body))
			return
		}
		if len(bytes.TrimSpace(body)) > 0 {
			requireStatedSuccess(t, body)
		}
	})
}

func FuzzParseFailure(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		got := envelope.ParseFailure(body)
		if !json.Valid(body) {
			require.Equal(t, &envelope.Failure{}, got)
		}
		for field, messages := range got.Details {
			require.NotEmpty(t, messages, field)
		}

		// What was read, written as the API documents it, is read as the same.
		written, err := json.Marshal(map[string]any{"success": false, "error": map[string]any{
			"code": got.Code, "message": got.Message, "details": got.Details,
		}})
		require.NoError(t, err)
		require.Equal(t, got, envelope.ParseFailure(written))
	})
}
