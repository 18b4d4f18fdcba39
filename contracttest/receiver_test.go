package contracttest_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/contracttest"
)

func TestReceiverChecksDeliveriesAndPassesThemOn(t *testing.T) {
	t.Parallel()
	contract, err := load()
	require.NoError(t, err)
	const funnels = `"funnel": {"id": 1, "name": "Spring", "status": "draft", "steps_count": 0, "created_at": "2026-01-02T03:04:05Z"}`
	tests := []struct {
		name, body string
		want       contracttest.Exchange
	}{
		{"a delivery", `{"event": "funnel.optin", "data": {` + funnels + `}, "created_at": "2026-01-02T03:04:05Z"}`, contracttest.Exchange{
			Method: "POST", Path: "funnel.optin", Operation: "eventFunnelOptin",
			Parts: []string{
				"webhook funnel.optin", "Event.event", "EventName funnel.optin", "Event.data", "Event.created_at", "webhook funnel.optin.event",
				"webhook funnel.optin.data", "FunnelOptinEvent.funnel", "Funnel.id", "Funnel.name", "Funnel.status", "FunnelStatus draft", "Funnel.created_at",
			},
		}},
		{"an event that is not there", `{"event": "funnel.lost"}`, contracttest.Exchange{
			Method: "POST", Path: "funnel.lost",
			Violations: []contracttest.Violation{{Method: "POST", Path: "funnel.lost", Problem: "the contract has no event funnel.lost"}},
		}},
		{"no JSON", `<event/>`, contracttest.Exchange{
			Method:     "POST",
			Violations: []contracttest.Violation{{Method: "POST", Problem: "body: invalid character '<' looking for beginning of value"}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got contracttest.Exchange
			var received string
			hook := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				received = string(body)
				w.WriteHeader(http.StatusTeapot)
			})
			receiver := contracttest.NewReceiver(contract, hook, func(x contracttest.Exchange) { got = x })
			w := httptest.NewRecorder()
			receiver.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body)))
			require.Equal(t, http.StatusTeapot, w.Code)
			require.Equal(t, tt.body, received)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestReceiverRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	contract, err := load()
	require.NoError(t, err)
	receiver := contracttest.NewReceiver(contract, http.NotFoundHandler(), func(x contracttest.Exchange) { t.Error(x) })
	w := httptest.NewRecorder()
	body := iotest.ErrReader(errors.New("connection reset"))
	receiver.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", body))
	require.Equal(t, http.StatusBadRequest, w.Code)
}
