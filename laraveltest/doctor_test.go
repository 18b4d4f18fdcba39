package laraveltest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
	"github.com/funnel-go/funnel/laraveltest"
)

// TestDoctor_LaravelPasses runs funnel-doctor, as a user does, on an account with
// something in each resource.
func TestDoctor_LaravelPasses(t *testing.T) {
	t.Parallel()
	server := laraveltest.Start(t)
	client, err := funnel.New(server.APIKey, funnel.WithBaseURL(server.URL))
	require.NoError(t, err)
	ctx := t.Context()
	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "vip"})
	require.NoError(t, err)
	for _, email := range []string{"ada@example.com", "bob@example.com"} {
		_, err = client.Contacts.Create(ctx, funnel.ContactCreateParams{Email: email, TagIDs: []funnel.TagID{tag.ID}})
		require.NoError(t, err)
	}
	_, err = client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	require.NoError(t, err)
	_, err = client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: "Workshop"})
	require.NoError(t, err)
	_, err = client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "News"})
	require.NoError(t, err)
	_, err = client.Webhooks.Create(ctx, funnel.WebhookCreateParams{URL: "https://hooks.example.com/"})
	require.NoError(t, err)
	server.AddCustomField(funneltest.CustomField{Name: "Company"})
	server.AddOrder(funneltest.Order{IDOrder: "W-1"})
	server.AddTransaction(funneltest.Transaction{})
	server.AddSubscription(funneltest.Subscription{})

	program := filepath.Join(t.TempDir(), "funnel-doctor")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
	build.Dir, build.Env = "../funnel-doctor", append(os.Environ(), "GOWORK=off")
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)

	doctor := exec.CommandContext(ctx, program, "-yes", "-json", "-write", "-webhook", "https://hooks.example.com/doctor")
	doctor.Env = append(os.Environ(), "FUNNEL_API_KEY="+server.APIKey, "FUNNEL_BASE_URL="+server.URL)
	var stdout, stderr bytes.Buffer
	doctor.Stdout, doctor.Stderr = &stdout, &stderr
	require.NoError(t, doctor.Run(), "%s%s", stdout.Bytes(), stderr.Bytes())

	var report struct {
		Results []struct {
			Operation, Outcome, Note string
			Differences              []any
		}
		Assumptions []struct{ Name, State string }
	}
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &report))
	require.Greater(t, len(report.Results), 50)
	for _, r := range report.Results {
		require.Empty(t, r.Differences, r.Operation)
		require.NotEqual(t, "not available", r.Outcome, r.Operation)
		if r.Outcome == "not testable" {
			require.Equal(t, "the doctor creates no campaigns", r.Note, r.Operation)
		}
	}
	for _, a := range report.Assumptions {
		if a.Name == "B8" || a.Name == "B13" {
			require.Equal(t, "not tested", a.State, a.Name)
		} else {
			require.Equal(t, "confirmed", a.State, a.Name)
		}
	}
}
