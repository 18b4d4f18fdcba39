package funnel_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// Names are matched ignoring case, unless one of them is exact.
func ExampleTagsService_Ensure() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := context.Background()
	if _, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: "VIP"}); err != nil {
		log.Fatal(err)
	}

	ids, err := client.Tags.Ensure(ctx, "vip", "newsletter")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ids["vip"], ids["newsletter"])
	// Output: 1 2
}

func ExampleSequencesService_GetByName() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	ctx := context.Background()

	sequence, err := client.Sequences.GetByName(ctx, "Welcome")
	if errors.Is(err, funnel.ErrNotFound) {
		fmt.Println(err)
		sequence, err = client.Sequences.Create(ctx, funnel.SequenceCreateParams{Name: "Welcome"})
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sequence.ID, sequence.Name)
	// Output:
	// funnel: there is no sequence with the name "Welcome"
	// 1 Welcome
}

func ExampleCustomFieldsService_GetByName() {
	server := funneltest.NewServer()
	defer server.Close()
	server.AddCustomField(funneltest.CustomField{Name: "Plan", Values: []string{"Basic", "Team"}})

	field, err := server.Client().CustomFields.GetByName(context.Background(), "plan")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(field.ID, field.Name, field.Type, field.Values)
	// Output: 1 Plan select [Basic Team]
}

// One client per account: they share connections, and nothing else.
func ExampleClient_WithKey() {
	client, err := funnel.New("key-of-the-agency")
	if err != nil {
		log.Fatal(err)
	}
	customer, err := client.WithKey("key-of-a-customer")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(customer.RateLimit().Limit)
	// Output: 600
}

func ExampleFieldErrors() {
	server := funneltest.NewServer()
	defer server.Close()
	client := server.Client()
	for _, email := range []string{"", "ada"} {
		_, err := client.Contacts.Create(context.Background(), funnel.ContactCreateParams{Email: email})
		fmt.Println(funnel.FieldErrors(err))
	}
	// Output:
	// map[email:[The email is required.]]
	// map[email:[The email must be a valid email address.]]
}
