package tool

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func environment(vars map[string]string) Environment {
	return Environment{Getenv: func(name string) string { return vars[name] }}
}

func TestWithNothingConfiguredTheAPIIsInMemoryAndFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, err := environment(nil).Connect(DefaultRate)
		if err != nil {
			t.Fatal(err)
		}
		defer api.Close()
		api.Fake.SeedContacts(1)
		start := time.Now()
		for range 1200 {
			if _, err := api.Client.Contacts.Get(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("1,200 requests took %s", took)
		}
		if sent := api.Requests.Load(); sent != 1200 {
			t.Errorf("%d requests were counted", sent)
		}
	})
}

func TestTheEnvironmentNamesTheAPI(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer()
	defer server.Close()
	api, err := environment(map[string]string{"FUNNEL_BASE_URL": server.URL(), "FUNNEL_API_KEY": server.APIKey()}).Connect(1200)
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	if api.Fake != nil || api.Name != server.URL() || api.Per != time.Minute || api.Client.RateLimit().Limit != 1200 {
		t.Errorf("the API is %+v with the quota %+v", api, api.Client.RateLimit())
	}
	if _, err := api.Client.Contacts.Get(context.Background(), 1); !errors.Is(err, funnel.ErrNotFound) {
		t.Errorf("the error is %v", err)
	}
}

func TestHalfAConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"FUNNEL_BASE_URL", "FUNNEL_API_KEY"} {
		_, err := environment(map[string]string{name: "https://example.com"}).Connect(DefaultRate)
		if err == nil || !strings.Contains(err.Error(), "only one is set") {
			t.Errorf("only %s: %v", name, err)
		}
	}
}
