package main

import (
	"strings"
	"testing"

	"github.com/funnel-go/funnel"
)

func TestPrintsWhatIsDelivered(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	const want = `new contact: ada@example.com
tagged: ada@example.com with vip
sold: 49.90 in Shop
`
	if out.String() != want {
		t.Errorf("got %s\nwant %s", out.String(), want)
	}
}

func TestPrintsEventsThatItDoesNotKnow(t *testing.T) {
	got, err := describe(&funnel.Event{Type: "contact.sneezed", Data: []byte(`{"times":2}`)})
	if want := `contact.sneezed: {"times":2}`; got != want || err != nil {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
}
