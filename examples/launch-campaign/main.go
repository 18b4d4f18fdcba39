// Launch-campaign sets up a product launch: a tag, a sequence with its stages
// and mails, a funnel with its steps, and a campaign that is scheduled. It can
// be run again: what is there already is used.
//
// With nothing configured it talks to an API in memory; with FUNNEL_BASE_URL and
// FUNNEL_API_KEY set, to the real one.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log"
	"os"
	"strings"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/demo"
)

func main() {
	client, where, done, err := demo.Connect()
	if err != nil {
		log.Fatal(err)
	}
	defer done()
	fmt.Printf("Launching with %s …\n", where)
	for range 2 { // the second time finds everything there
		if err := launch(context.Background(), client, os.Stdout); err != nil {
			log.Fatal(err)
		}
	}
}

func launch(ctx context.Context, client *funnel.Client, out io.Writer) error {
	tag, err := ensureTag(ctx, client, "launch")
	if err != nil {
		return err
	}
	sequence, err := ensureSequence(ctx, client, "Launch week")
	if err != nil {
		return err
	}
	page, err := ensureFunnel(ctx, client, "Launch")
	if err != nil {
		return err
	}
	campaign, err := ensureCampaign(ctx, client, "We are live", tag.ID, time.Now().Add(24*time.Hour))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "tag %q, sequence %q with %d stages, funnel %q with %d steps, campaign %q %s\n",
		tag.Name, sequence.Name, sequence.StagesCount, page.Name, page.StepsCount, campaign.Name, campaign.Status)
	return nil
}

// find returns the first item that is the one looked for, or nil.
func find[T any](all iter.Seq2[*T, error], is func(*T) bool) (*T, error) {
	for item, err := range all {
		if err != nil {
			return nil, err
		}
		if is(item) {
			return item, nil
		}
	}
	return nil, nil
}

// ensureTag relies on the server: a tag's name is unique, perhaps whatever its
// capitals.
func ensureTag(ctx context.Context, client *funnel.Client, name string) (*funnel.Tag, error) {
	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: name})
	if !errors.Is(err, funnel.ErrTagExists) {
		return tag, err
	}
	tag, findErr := find(client.Tags.All(ctx, funnel.TagListParams{}), func(t *funnel.Tag) bool { return strings.EqualFold(t.Name, name) })
	if tag != nil || findErr != nil {
		return tag, findErr
	}
	return nil, err // somebody has just deleted it
}

// ensureSequence looks first: a sequence's name is not unique, so that creating
// it twice would make two. It is a draft until it has all its stages, so that an
// interrupted launch can tell and goes on where it was.
func ensureSequence(ctx context.Context, client *funnel.Client, name string) (*funnel.Sequence, error) {
	sequence, err := find(client.Sequences.All(ctx, funnel.SequenceListParams{}), func(s *funnel.Sequence) bool { return s.Name == name })
	if err == nil && sequence == nil {
		sequence, err = client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: name})
	}
	if err != nil || sequence.Status != funnel.SequenceDraft {
		return sequence, err
	}
	there, err := client.Sequences.Stages(ctx, sequence.ID)
	if err != nil {
		return nil, err
	}
	for i, stage := range []struct {
		funnel.StageCreateParams
		mail *funnel.StageContentParams
	}{
		{funnel.StageCreateParams{Type: funnel.StageSendEmail}, &funnel.StageContentParams{
			Subject: "It is coming", Body: "<p>One more day.</p>", PreviewText: "One more day",
		}},
		{funnel.StageCreateParams{Type: funnel.StageWait, DelayMinutes: 24 * 60}, nil},
		{funnel.StageCreateParams{Type: funnel.StageSendEmail}, &funnel.StageContentParams{
			Subject: "It is here", Body: "<p>Come and see.</p>",
		}},
	} {
		if i == len(there) {
			stage.SequenceID = sequence.ID
			created, err := client.Sequences.CreateStage(ctx, stage.StageCreateParams)
			if err != nil {
				return nil, err
			}
			there = append(there, *created)
		}
		if stage.mail == nil {
			continue
		}
		if _, err := client.Sequences.UpdateStageContent(ctx, there[i].ID, *stage.mail); err != nil { // may be repeated
			return nil, err
		}
	}
	return client.Sequences.Update(ctx, sequence.ID, funnel.SequenceUpdateParams{Status: funnel.Ptr(funnel.SequenceActive)})
}

// ensureFunnel looks first, too; a step's path is unique in its funnel.
func ensureFunnel(ctx context.Context, client *funnel.Client, name string) (*funnel.Funnel, error) {
	f, err := find(client.Funnels.All(ctx, funnel.FunnelListParams{}), func(f *funnel.Funnel) bool { return f.Name == name })
	if err != nil {
		return nil, err
	}
	if f == nil {
		f, err = client.Funnels.Create(ctx, funnel.FunnelCreateParams{Name: name})
		if errors.Is(err, funnel.ErrNoSubdomain) {
			return nil, fmt.Errorf("set up a subdomain in the account first: %w", err)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, step := range []funnel.StepCreateParams{
		{FunnelID: f.ID, Name: "Sign up", Path: "sign-up", Type: funnel.StepOptin},
		{FunnelID: f.ID, Name: "Buy", Path: "buy", Type: funnel.StepCheckout},
		{FunnelID: f.ID, Name: "Thanks", Path: "thanks", Type: funnel.StepThankYou},
	} {
		_, err := client.Funnels.CreateStep(ctx, step)
		if err != nil && !errors.Is(err, funnel.ErrPathTaken) { // taken: it is there
			return nil, err
		}
	}
	return client.Funnels.Update(ctx, f.ID, funnel.FunnelUpdateParams{Status: funnel.Ptr(funnel.FunnelPublished)})
}

// ensureCampaign schedules the campaign, unless that has been done: one that is
// on its way, or was sent, must not go out again.
func ensureCampaign(ctx context.Context, client *funnel.Client, name string, tag funnel.TagID, at time.Time) (*funnel.Campaign, error) {
	campaign, err := find(client.Campaigns.All(ctx, funnel.CampaignListParams{}), func(c *funnel.Campaign) bool { return c.Name == name })
	if err == nil && campaign == nil {
		campaign, err = client.Campaigns.Create(ctx, funnel.CampaignCreateParams{
			Name:    name,
			Subject: "We are live",
			Body:    "<p>Have a look.</p>",
			TagIDs:  []funnel.TagID{tag},
		})
	}
	if err != nil || campaign.Status != funnel.CampaignDraft {
		return campaign, err
	}
	campaign, err = client.Campaigns.Schedule(ctx, campaign.ID, at)
	if errors.Is(err, funnel.ErrInvalidDate) {
		return nil, fmt.Errorf("%s is in the past by the server's clock: %w", at, err)
	}
	return campaign, err
}
