package funneltest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// welcome is the program under test: it puts a new customer into the welcome
// sequence, once.
func welcome(ctx context.Context, client *funnel.Client, email string, sequence funnel.SequenceID) (string, error) {
	_, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{
		Email:       email,
		SequenceIDs: []funnel.SequenceID{sequence},
	})
	if errors.Is(err, funnel.ErrContactExists) {
		return "already welcome", nil
	}
	if err != nil {
		return "", err
	}
	return "welcome", nil
}

func Example() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := context.Background()

	// What the program needs to find.
	sequence, _ := client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	_, _ = client.Sequences.CreateStage(ctx, funnel.StageCreateParams{SequenceID: sequence.ID, Type: "send_email"})

	// What it does: the second address is the first one in capitals.
	fmt.Println(welcome(ctx, client, "ada@example.com", sequence.ID))
	fmt.Println(welcome(ctx, client, "ADA@EXAMPLE.COM", sequence.ID))

	// What it does when its key is not good for contacts.
	server.Fail(funneltest.Fault{Code: funnel.ErrForbidden, Path: "/contact"})
	_, err := welcome(ctx, client, "bob@example.com", sequence.ID)
	fmt.Println(errors.Is(err, funnel.ErrForbidden))

	// What has become of the account.
	page, _ := client.Contacts.List(ctx, funnel.ContactListParams{SequenceIDs: []funnel.SequenceID{sequence.ID}})
	fmt.Println(page.Total, "contact enrolled:", page.Items[0].Email)
	// Output:
	// welcome <nil>
	// already welcome <nil>
	// true
	// 1 contact enrolled: ada@example.com
}
