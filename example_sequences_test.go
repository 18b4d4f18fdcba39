package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func ExampleSequencesService_List() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	if _, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"}); err != nil {
		log.Fatal(err)
	}
	page, err := client.Sequences.List(ctx, funnel.SequenceListParams{PerPage: 100})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Total, page.Items[0].Name, page.Items[0].Type)
	// Output: 1 Welcome normal
}

// A sequence's name is not unique: search for it before you create another one.
func ExampleSequencesService_All() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	for _, name := range []string{"Welcome", "Win back"} {
		if _, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: name}); err != nil {
			log.Fatal(err)
		}
	}
	for sequence, err := range client.Sequences.All(ctx, funnel.SequenceListParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		if sequence.Name == "Win back" {
			fmt.Println("found", sequence.ID)
			break // no more pages are fetched
		}
	}
	// Output: found 2
}

func ExampleSequencesService_Create() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	sequence, err := client.Sequences.Create(context.Background(), funnel.SequenceCreateParams{
		Name: "Countdown",
		Type: funnel.SequenceInverted,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sequence.ID, sequence.Name, sequence.Type)
	// Output: 1 Countdown inverted
}

func ExampleSequencesService_Update() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.Update(ctx, sequence.ID, funnel.SequenceUpdateParams{Name: funnel.Ptr("Onboarding")}); err != nil {
		log.Fatal(err)
	}
	page, err := client.Sequences.List(ctx, funnel.SequenceListParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Items[0].Name, page.Items[0].Type)
	// Output: Onboarding normal
}

func ExampleSequencesService_Delete() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.Delete(ctx, sequence.ID); err != nil {
		log.Fatal(err)
	}
	err = client.Sequences.Delete(ctx, sequence.ID)
	fmt.Println("deleted already:", errors.Is(err, funnel.ErrNotFound))
	// Output: deleted already: true
}

// A sequence without stages cannot enrol contacts.
func ExampleSequencesService_Enroll() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	err = client.Sequences.Enroll(ctx, sequence.ID, funnel.ContactID(1))
	fmt.Println("no stages:", errors.Is(err, funnel.ErrSequenceHasNoStages))

	if _, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID}); err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.Enroll(ctx, sequence.ID, funnel.ContactID(1)); err != nil {
		log.Fatal(err)
	}
	contact, err := client.Contacts.Get(ctx, funnel.ContactID(1))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("sequences:", contact.Sequences)
	// Output:
	// no stages: true
	// sequences: [1]
}

func ExampleSequencesService_Unenroll() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID}); err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.Enroll(ctx, sequence.ID, funnel.ContactID(1)); err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.Unenroll(ctx, sequence.ID, funnel.ContactID(1)); err != nil {
		log.Fatal(err)
	}
	contact, err := client.Contacts.Get(ctx, funnel.ContactID(1))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("sequences:", contact.Sequences)
	// Output: sequences: []
}

// The API creates a stage inactive. It is activated in the vendor's dashboard.
func ExampleSequencesService_CreateStage() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	stage, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{
		SequenceID: sequence.ID,
		Name:       "Follow-up",
		StageType:  funnel.StageSendEmail,
		TimeValue:  3,
		TimeType:   funnel.TimeTypeDays,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stage.ID, stage.Step, stage.Name, stage.TimeValue*int(stage.TimeType), "seconds")
	// Output: 1 1 Follow-up 259200 seconds
}

func ExampleSequencesService_UpdateStage() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	stage, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID})
	if err != nil {
		log.Fatal(err)
	}
	err = client.Sequences.UpdateStage(ctx, stage.ID, funnel.StageUpdateParams{
		TimeValue: funnel.Ptr(2),
		TimeType:  funnel.Ptr(funnel.TimeTypeWeeks),
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleSequencesService_DeleteStage() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	stage, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.DeleteStage(ctx, stage.ID); err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Counts()["stages"], "stages")
	// Output: 0 stages
}

// Only a send_email stage has content.
func ExampleSequencesService_UpdateStageContent() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	for _, stageType := range []funnel.StageType{funnel.StageSendEmail, funnel.StageSendSMS} {
		stage, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID, StageType: stageType})
		if err != nil {
			log.Fatal(err)
		}
		err = client.Sequences.UpdateStageContent(ctx, stage.ID, funnel.StageContentParams{
			Subject: "Welcome!",
			Body:    "<p>Good to have you with us.</p>",
		})
		switch {
		case errors.Is(err, funnel.ErrStageNotEmail):
			fmt.Println(stage.StageType, "has no content")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println(stage.StageType, "updated")
		}
	}
	// Output:
	// send_email updated
	// send_sms has no content
}
