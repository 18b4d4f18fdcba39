// Launch-campaign sets up a product launch: a sequence with its stages, a funnel
// with its steps, and a scheduled campaign. It can be run again: it completes
// what an interrupted run has left, and creates nothing twice.
//
// Without configuration it uses an in-memory API; with FUNNEL_API_KEY set it
// uses your account.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log"
	"os"
	"slices"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/demo"
	"github.com/funnel-go/funnel/funneltest"
)

func main() {
	client, stop, err := demo.Connect(os.Stderr, func(*funneltest.Server) {})
	if err != nil {
		log.Fatal(err)
	}
	defer stop()
	if err := launch(context.Background(), client, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func launch(ctx context.Context, client *funnel.Client, out io.Writer) error {
	if err := ensureSequence(ctx, client, "Launch week"); err != nil {
		return err
	}
	if err := ensureFunnel(ctx, client, "Launch"); err != nil {
		return err
	}
	campaign, err := ensureCampaign(ctx, client, "We are live", time.Now().Add(24*time.Hour))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "sequence and funnel are set up, campaign %q is %s\n", campaign.Name, campaign.Status)
	return nil
}

// ensureSequence builds the sequence under another name and renames it when it
// is complete. The API cannot list the stages of a sequence, so a name is what
// tells a complete sequence from the remains of an interrupted run.
func ensureSequence(ctx context.Context, client *funnel.Client, name string) error {
	_, err := client.Sequences.GetByName(ctx, name)
	if !errors.Is(err, funnel.ErrNotFound) {
		return err
	}
	incomplete := name + " (incomplete)"
	remains, err := find(client.Sequences.All(ctx, funnel.SequenceListParams{}), func(s *funnel.Sequence) bool { return s.Name == incomplete })
	if err != nil {
		return err
	}
	if remains != nil {
		if err := client.Sequences.Delete(ctx, remains.ID); err != nil {
			return err
		}
	}
	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: incomplete})
	if err != nil {
		return err
	}
	for _, mail := range []funnel.StageContentParams{
		{Subject: "It is coming", Body: "<p>One more day.</p>"},
		{Subject: "It is here", Body: "<p>Come and see.</p>"},
	} {
		stage, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{
			SequenceID: sequence.ID,
			Name:       mail.Subject,
			StageType:  funnel.StageSendEmail,
			TimeValue:  1,
			TimeType:   funnel.TimeTypeDays,
		})
		if err != nil {
			return err
		}
		if err := client.Sequences.UpdateStageContent(ctx, stage.ID, mail); err != nil {
			return err
		}
	}
	return client.Sequences.Update(ctx, sequence.ID, funnel.SequenceUpdateParams{Name: &name})
}

// ensureFunnel looks for the funnel and its steps by name first: the API does
// not keep names unique.
func ensureFunnel(ctx context.Context, client *funnel.Client, name string) error {
	f, err := find(client.Funnels.All(ctx, funnel.FunnelListParams{}), func(f *funnel.Funnel) bool { return f.Name == name })
	if err == nil && f == nil {
		f, err = client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: name, Type: funnel.FunnelSales})
	}
	if errors.Is(err, funnel.ErrNoSubdomain) {
		return fmt.Errorf("set up a subdomain in the dashboard first: %w", err)
	}
	if err != nil {
		return err
	}
	for _, name := range []string{"Sign up", "Buy", "Thanks"} {
		if slices.ContainsFunc(f.Steps, func(s funnel.Step) bool { return s.Name == name }) {
			continue
		}
		if _, err := client.Funnels.CreateStep(ctx, funnel.StepCreateParams{FunnelID: f.ID, Name: name}); err != nil {
			return err
		}
	}
	return nil
}

// ensureCampaign schedules the campaign if it is a draft. A scheduled or sent
// campaign must not be sent a second time.
func ensureCampaign(ctx context.Context, client *funnel.Client, name string, at time.Time) (*funnel.Campaign, error) {
	campaign, err := find(client.Campaigns.All(ctx, funnel.CampaignListParams{}), func(c *funnel.Campaign) bool { return c.Name == name })
	if err != nil || campaign != nil && campaign.Status != funnel.CampaignDraft {
		return campaign, err
	}
	var id funnel.CampaignID
	if campaign != nil {
		id = campaign.ID
	} else if id, err = client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: name, Subject: name}); err != nil {
		return nil, err
	}
	err = client.Campaigns.Schedule(ctx, id, at)
	if errors.Is(err, funnel.ErrInvalidDate) {
		return nil, fmt.Errorf("%s is in the past by the server's clock: %w", at, err)
	}
	if err != nil {
		return nil, err
	}
	return client.Campaigns.Get(ctx, id)
}

// find returns the first item that matches, or nil.
func find[T any](items iter.Seq2[*T, error], matches func(*T) bool) (*T, error) {
	for item, err := range items {
		if err != nil || matches(item) {
			return item, err
		}
	}
	return nil, nil
}
