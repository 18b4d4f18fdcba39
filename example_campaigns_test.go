package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func ExampleCampaignsService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	if _, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"}); err != nil {
		log.Fatal(err)
	}
	drafts, err := client.Campaigns.List(ctx, funnel.CampaignListParams{Status: funnel.CampaignDraft})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(drafts.Total, drafts.Items[0].Name)

	_, err = client.Campaigns.List(ctx, funnel.CampaignListParams{Status: "on hold"})
	fmt.Println(errors.Is(err, funnel.ErrInvalidStatus))
	// Output:
	// 1 Launch
	// true
}

func ExampleCampaignsService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	for _, name := range []string{"Launch", "Last call"} {
		if _, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: name}); err != nil {
			log.Fatal(err)
		}
	}
	for campaign, err := range client.Campaigns.All(ctx, funnel.CampaignListParams{Status: funnel.CampaignDraft}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(campaign.ID, campaign.Name)
	}
	// Output:
	// 1 Launch
	// 2 Last call
}

func ExampleCampaignsService_Get() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	created, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	if err != nil {
		log.Fatal(err)
	}
	campaign, err := client.Campaigns.Get(ctx, created.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(campaign.Name, campaign.Status, campaign.SentAt.IsZero())
	// Output: Launch draft true
}

func ExampleCampaignsService_Create() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "customer"})
	if err != nil {
		log.Fatal(err)
	}
	campaign, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{
		Name:    "Launch",
		Subject: "We are live",
		Body:    "<p>Come and see.</p>",
		TagIDs:  []funnel.TagID{tag.ID},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(campaign.ID, campaign.Subject, campaign.TagIDs, campaign.Status)
	// Output: 1 We are live [1] draft
}

func ExampleCampaignsService_Update() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	campaign, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch", Subject: "We are live"})
	if err != nil {
		log.Fatal(err)
	}
	campaign, err = client.Campaigns.Update(ctx, campaign.ID, funnel.CampaignUpdateParams{
		Subject: funnel.Ptr("We are live!"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(campaign.Name, "–", campaign.Subject)
	// Output: Launch – We are live!
}

// A campaign that is scheduled must be unscheduled before it can be deleted.
func ExampleCampaignsService_Delete() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	campaign, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Campaigns.Schedule(ctx, campaign.ID, time.Now().Add(time.Hour)); err != nil {
		log.Fatal(err)
	}
	err = client.Campaigns.Delete(ctx, campaign.ID)
	if errors.Is(err, funnel.ErrCampaignScheduled) {
		fmt.Println("is scheduled")
		if _, err := client.Campaigns.Unschedule(ctx, campaign.ID); err != nil {
			log.Fatal(err)
		}
		err = client.Campaigns.Delete(ctx, campaign.ID)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("is deleted")
	// Output:
	// is scheduled
	// is deleted
}

// The moment may be in any time zone; it is sent in UTC.
func ExampleCampaignsService_Schedule() {
	clock := func() time.Time { return time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC) }
	server := funneltest.NewServer(funneltest.WithClock(clock))
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	campaign, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	if err != nil {
		log.Fatal(err)
	}
	newYork := time.FixedZone("EST", -5*60*60)
	campaign, err = client.Campaigns.Schedule(ctx, campaign.ID, time.Date(2026, time.March, 3, 8, 0, 0, 0, newYork))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(campaign.Status, campaign.ScheduledFor)

	_, err = client.Campaigns.Schedule(ctx, campaign.ID, clock().Add(-time.Minute))
	fmt.Println("in the past:", errors.Is(err, funnel.ErrInvalidDate))
	// Output:
	// scheduled 2026-03-03 13:00:00 +0000 UTC
	// in the past: true
}

func ExampleCampaignsService_Unschedule() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	campaign, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Campaigns.Schedule(ctx, campaign.ID, time.Now().Add(time.Hour)); err != nil {
		log.Fatal(err)
	}
	campaign, err = client.Campaigns.Unschedule(ctx, campaign.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(campaign.Status, campaign.ScheduledFor.IsZero())
	// Output: draft true
}

func ExampleCampaignsService_Stats() {
	now := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	server := funneltest.NewServer(funneltest.WithClock(func() time.Time { return now }))
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(240)

	campaign, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Campaigns.Schedule(ctx, campaign.ID, now.Add(time.Hour)); err != nil {
		log.Fatal(err)
	}
	now = now.Add(2 * time.Hour) // it is sent, and some recipients open it
	if err := server.RecordOpens(campaign.ID, 84); err != nil {
		log.Fatal(err)
	}
	stats, err := client.Campaigns.Stats(ctx, campaign.ID, funnel.StatsParams{Period: funnel.PeriodToday})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d of %d opened it\n", stats.Opened, stats.Sent)
	// Output: 84 of 216 opened it
}
