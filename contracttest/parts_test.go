package contracttest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/contracttest"
)

func TestExchangesExerciseParts(t *testing.T) {
	t.Parallel()
	contract, err := load()
	require.NoError(t, err)
	const (
		goodTag   = `{"success": true, "data": {"id": 3, "name": "vip", "contacts_count": 0, "created_at": null}}`
		emptyPage = `{"success": true, "data": [], "meta": {"current_page": 1, "per_page": 15, "last_page": 1, "total": 0}}`
	)
	json := http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {"7"}, "X-Cache": {"hit"}}
	tests := []struct {
		name, request, body string
		server              answer
		want                []string
	}{
		{"what is sent and taken, and what comes back", "POST /tag", `{"name": "vip"}`, answer{status: 200, header: json, body: goodTag}, []string{
			"TagCreate.name", "POST /tag 200", "header X-Request-Id",
			"Envelope.success", "Envelope.data", "POST /tag 200.data", "Tag.id", "Tag.name",
		}},
		{"what is refused is not taken", "POST /tag", `{"name": "vip"}`, answer{status: 409, body: failed("TAG_EXISTS")}, []string{
			"POST /tag 409 TAG_EXISTS", "Error.success", "Error.error", "Error.error.code", "Error.error.message",
		}},
		{"a filter with a known value", "GET /campaigns?status=sent", "", answer{status: 200, body: emptyPage}, []string{
			"GET /campaigns ?status", "CampaignStatus sent", "GET /campaigns 200", "Envelope.success",
			"PageEnvelope.meta", "Meta.current_page", "Meta.per_page", "Meta.last_page",
		}},
		{"a filter with an unknown value", "GET /campaigns?status=dormant", "", answer{status: 400, body: failed("INVALID_STATUS")}, []string{
			"GET /campaigns 400 INVALID_STATUS",
			"Error.success", "Error.error", "Error.error.code", "Error.error.message", "BadRequestError.error",
		}},
		{"the limit", "GET /tags", "", answer{status: 429, body: `{"message": "Too Many Attempts."}`}, []string{"GET /tags 429", "TooManyAttempts.message"}},
		{"a status that is not there", "GET /tags", "", answer{status: 418, body: `{}`}, nil},
		{"an operation that is not there", "GET /tagz", "", answer{status: 200, body: goodTag}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got contracttest.Exchange
			v := contracttest.NewValidator(contract, tt.server, basePath, func(x contracttest.Exchange) { got = x })
			_, err := v.RoundTrip(newRequest(t.Context(), t, tt.request, tt.body))
			require.NoError(t, err)
			require.Equal(t, tt.want, got.Parts)
		})
	}
}

func TestUnexercisedIsWhatNoExchangeDid(t *testing.T) {
	t.Parallel()
	contract, err := load()
	require.NoError(t, err)
	var recorder contracttest.Recorder
	all := recorder.Unexercised(contract.Document())
	require.Contains(t, all, "POST /tag 409 TAG_EXISTS")
	require.Contains(t, all, "webhook funnel.sale")
	recorder.Record(contracttest.Exchange{Parts: []string{"POST /tag 409 TAG_EXISTS"}})
	left := recorder.Unexercised(contract.Document())
	require.NotContains(t, left, "POST /tag 409 TAG_EXISTS")
	require.Len(t, left, len(all)-1)
}
