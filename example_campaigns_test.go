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
	for campaign, err := range client.Campaigns.All(ctx, funnel.CampaignListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(campaign.ID, campaign.Name) // newest first
	}
	// Output:
	// 2 Last call
	// 1 Launch
}

func ExampleCampaignsService_Get() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	id, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	if err != nil {
		log.Fatal(err)
	}
	campaign, err := client.Campaigns.Get(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(campaign.Name, campaign.Status, "sent:", !campaign.SentAt.IsZero())
	// Output: Launch draft sent: false
}

// A campaign's content and audience are set in the vendor's dashboard.
func ExampleCampaignsService_Create() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	id, err := client.Campaigns.Create(context.Background(), funnel.CampaignCreateParams{
		Name:      "Launch",
		Subject:   "We are live",
		FromName:  "Ada",
		FromEmail: "ada@example.com",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(id)
	// Output: 1
}

func ExampleCampaignsService_Update() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	id, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch", Subject: "We are live"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Campaigns.Update(ctx, id, funnel.CampaignUpdateParams{Subject: funnel.Ptr("We are live!")}); err != nil {
		log.Fatal(err)
	}
	campaign, err := client.Campaigns.Get(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(campaign.Name, "–", campaign.Subject)
	// Output: Launch – We are live!
}

// A scheduled campaign must be unscheduled before it can be deleted.
func ExampleCampaignsService_Delete() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	id, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Campaigns.Schedule(ctx, id, time.Now().Add(time.Hour)); err != nil {
		log.Fatal(err)
	}
	err = client.Campaigns.Delete(ctx, id)
	if errors.Is(err, funnel.ErrCampaignScheduled) {
		fmt.Println("scheduled")
		if err := client.Campaigns.Unschedule(ctx, id); err != nil {
			log.Fatal(err)
		}
		err = client.Campaigns.Delete(ctx, id)
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("deleted")
	// Output:
	// scheduled
	// deleted
}

// The time can be in any zone. It is sent in UTC.
func ExampleCampaignsService_Schedule() {
	now := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	server := funneltest.NewServer(funneltest.WithClock(func() time.Time { return now }))
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	id, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	if err != nil {
		log.Fatal(err)
	}
	newYork := time.FixedZone("EST", -5*60*60)
	if err := client.Campaigns.Schedule(ctx, id, time.Date(2026, time.March, 3, 8, 0, 0, 0, newYork)); err != nil {
		log.Fatal(err)
	}
	campaign, err := client.Campaigns.Get(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(campaign.Status, campaign.ScheduledFor)

	err = client.Campaigns.Schedule(ctx, id, now.Add(-time.Minute))
	fmt.Println("in the past:", errors.Is(err, funnel.ErrInvalidDate))
	// Output:
	// scheduled 2026-03-03 13:00:00 +0000 UTC
	// in the past: true
}

func ExampleCampaignsService_Unschedule() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	id, err := client.Campaigns.Create(ctx, funnel.CampaignCreateParams{Name: "Launch"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Campaigns.Schedule(ctx, id, time.Now().Add(time.Hour)); err != nil {
		log.Fatal(err)
	}
	if err := client.Campaigns.Unschedule(ctx, id); err != nil {
		log.Fatal(err)
	}
	campaign, err := client.Campaigns.Get(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(campaign.Status, "scheduled:", !campaign.ScheduledFor.IsZero())
	// Output: draft scheduled: false
}
