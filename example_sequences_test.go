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
	fmt.Println(page.Total, page.Items[0].Name, page.Items[0].Status)
	// Output: 1 Welcome draft
}

// A sequence's name is not unique: who wants one of it looks first.
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
			break // fetches no more
		}
	}
	// Output: found 2
}

func ExampleSequencesService_Get() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	created, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	sequence, err := client.Sequences.Get(ctx, created.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sequence.Name, "has", sequence.StagesCount, "stages")
	// Output: Welcome has 0 stages
}

func ExampleSequencesService_Create() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()

	sequence, err := client.Sequences.Create(context.Background(), funnel.SequenceCreateParams{
		Name:   "Welcome",
		Status: funnel.SequencePaused,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sequence.ID, sequence.Name, sequence.Status)
	// Output: 1 Welcome paused
}

func ExampleSequencesService_Update() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	sequence, err = client.Sequences.Update(ctx, sequence.ID, funnel.SequenceUpdateParams{
		Status: funnel.Ptr(funnel.SequenceActive),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sequence.Name, sequence.Status)
	// Output: Welcome active
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
	_, err = client.Sequences.Get(ctx, sequence.ID)
	fmt.Println(errors.Is(err, funnel.ErrNotFound))
	// Output: true
}

// Only a sequence that has stages takes contacts.
func ExampleSequencesService_Enroll() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.SeedContacts(1)

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	err = client.Sequences.Enroll(ctx, sequence.ID, 1)
	fmt.Println("too early:", errors.Is(err, funnel.ErrSequenceHasNoStages))

	stage := funnel.StageCreateParams{SequenceID: sequence.ID, Type: funnel.StageSendEmail}
	if _, err := client.Sequences.CreateStage(ctx, stage); err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.Enroll(ctx, sequence.ID, 1); err != nil {
		log.Fatal(err)
	}
	enrolled, err := client.Contacts.List(ctx, funnel.ContactListParams{SequenceIDs: []funnel.SequenceID{sequence.ID}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(enrolled.Total, "enrolled")
	// Output:
	// too early: true
	// 1 enrolled
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
	stage := funnel.StageCreateParams{SequenceID: sequence.ID, Type: funnel.StageSendEmail}
	if _, err := client.Sequences.CreateStage(ctx, stage); err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.Enroll(ctx, sequence.ID, 1); err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.Unenroll(ctx, sequence.ID, 1); err != nil {
		log.Fatal(err)
	}
	enrolled, err := client.Contacts.List(ctx, funnel.ContactListParams{SequenceIDs: []funnel.SequenceID{sequence.ID}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(enrolled.Total, "enrolled")
	// Output: 0 enrolled
}

func ExampleSequencesService_Stages() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	for _, kind := range []funnel.StageType{funnel.StageSendEmail, funnel.StageWait, funnel.StageSendEmail} {
		if _, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID, Type: kind}); err != nil {
			log.Fatal(err)
		}
	}
	stages, err := client.Sequences.Stages(ctx, sequence.ID)
	if err != nil {
		log.Fatal(err)
	}
	for _, stage := range stages {
		fmt.Println(stage.Position, stage.Type)
	}
	// Output:
	// 1 send_email
	// 2 wait
	// 3 send_email
}

func ExampleSequencesService_CreateStage() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	stage, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{
		SequenceID:   sequence.ID,
		Type:         funnel.StageWait,
		DelayMinutes: 24 * 60,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stage.ID, stage.Type, stage.DelayMinutes)
	// Output: 1 wait 1440
}

func ExampleSequencesService_UpdateStage() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	stage, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID, Type: funnel.StageWait})
	if err != nil {
		log.Fatal(err)
	}
	stage, err = client.Sequences.UpdateStage(ctx, stage.ID, funnel.StageUpdateParams{DelayMinutes: funnel.Ptr(90)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(stage.Type, stage.DelayMinutes)
	// Output: wait 90
}

func ExampleSequencesService_DeleteStage() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	stage, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID, Type: funnel.StageWait})
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Sequences.DeleteStage(ctx, stage.ID); err != nil {
		log.Fatal(err)
	}
	stages, err := client.Sequences.Stages(ctx, sequence.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(stages), "stages")
	// Output: 0 stages
}

// Only a stage that sends mail has content.
func ExampleSequencesService_StageContent() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	for _, kind := range []funnel.StageType{funnel.StageSendEmail, funnel.StageWait} {
		stage, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID, Type: kind})
		if err != nil {
			log.Fatal(err)
		}
		content, err := client.Sequences.StageContent(ctx, stage.ID)
		switch {
		case errors.Is(err, funnel.ErrStageNotEmail):
			fmt.Println(stage.Type, "has no content")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Printf("%s: subject %q\n", stage.Type, content.Subject)
		}
	}
	// Output:
	// send_email: subject ""
	// wait has no content
}

func ExampleSequencesService_UpdateStageContent() {
	server := funneltest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	sequence, err := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	if err != nil {
		log.Fatal(err)
	}
	stage, err := client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID, Type: funnel.StageSendEmail})
	if err != nil {
		log.Fatal(err)
	}
	content, err := client.Sequences.UpdateStageContent(ctx, stage.ID, funnel.StageContentParams{
		Subject:     "Welcome!",
		Body:        "<p>Good to have you with us.</p>",
		PreviewText: "Good to have you",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(content.Subject, content.PreviewText)
	// Output: Welcome! Good to have you
}
