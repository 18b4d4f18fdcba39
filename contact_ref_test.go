package funnel_test

import (
	"context"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// A contactCall is a method that addresses a contact.
type contactCall struct {
	name         string
	method, path string
	call         func(context.Context, *funnel.Client, funnel.ContactRef) error
	byID         string // the query or the body, for the contact with id 12
	byEmail      string // the same for ada+1@example.com
}

const (
	emailJSON  = `"email":"ada+1@example.com"`
	emailQuery = `email=ada%2B1%40example.com`
)

var contactCalls = []contactCall{
	{"Contacts.Get", "GET", "/contact", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		_, err := c.Contacts.Get(ctx, ref)
		return err
	}, `contact_id=12`, emailQuery},
	{"Contacts.Update", "PUT", "/contact", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		return c.Contacts.Update(ctx, ref, funnel.ContactUpdateParams{FirstName: funnel.Ptr("Ada")})
	}, `{"contact_id":12,"first_name":"Ada"}`, `{` + emailJSON + `,"first_name":"Ada"}`},
	{"Contacts.Delete", "DELETE", "/contact", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		return c.Contacts.Delete(ctx, ref)
	}, `{"contact_id":12}`, `{` + emailJSON + `}`},
	{"Contacts.Tags", "GET", "/contacts-tags", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		_, err := c.Contacts.Tags(ctx, ref)
		return err
	}, `contact_id=12`, emailQuery},
	{"Contacts.AddTag", "POST", "/contact-tag", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		return c.Contacts.AddTag(ctx, ref, 7)
	}, `{"contact_id":12,"tag_id":7}`, `{` + emailJSON + `,"tag_id":7}`},
	{"Contacts.RemoveTag", "DELETE", "/contact-tag", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		return c.Contacts.RemoveTag(ctx, ref, 7)
	}, `{"contact_id":12,"tag_id":7}`, `{` + emailJSON + `,"tag_id":7}`},
	{"Contacts.SetCustomField", "PUT", "/contact-custom-field", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		return c.Contacts.SetCustomField(ctx, ref, 5, "Plus")
	}, `{"contact_id":12,"custom_field_id":5,"value":"Plus"}`, `{` + emailJSON + `,"custom_field_id":5,"value":"Plus"}`},
	{"Sequences.Enroll", "POST", "/contact-sequence", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		return c.Sequences.Enroll(ctx, 3, ref)
	}, `{"contact_id":12,"sequence_id":3}`, `{` + emailJSON + `,"sequence_id":3}`},
	{"Sequences.Unenroll", "DELETE", "/contact-sequence", func(ctx context.Context, c *funnel.Client, ref funnel.ContactRef) error {
		return c.Sequences.Unenroll(ctx, 3, ref)
	}, `{"contact_id":12,"sequence_id":3}`, `{` + emailJSON + `,"sequence_id":3}`},
}

func TestContactRef_ByIDAndByEmail(t *testing.T) {
	t.Parallel()
	for _, tt := range contactCalls {
		for ref, want := range map[funnel.ContactRef]string{
			funnel.ContactID(12):              tt.byID,
			funnel.Email("ada+1@example.com"): tt.byEmail,
		} {
			t.Run(tt.name+" "+want, func(t *testing.T) {
				t.Parallel()
				result := data(`{"id":12}`)
				if tt.path == "/contacts-tags" {
					result = listOf()
				}
				api := newMockAPI(t).on(tt.method, tt.path, result)
				require.NoError(t, tt.call(t.Context(), api.client(t), ref))
				sent := sentRequest{Method: tt.method, Path: tt.path, Body: want}
				if tt.method == "GET" {
					sent.Query, sent.Body = want, ""
				}
				requireSent(t, api, sent)
			})
		}
	}
}

// Types that have the interface's method without being one of the two.
type (
	embedsID    struct{ funnel.ContactID }
	embedsEmail struct{ funnel.Email }
	embedsRef   struct{ funnel.ContactRef }
)

func TestContactRef_BadInputIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range contactCalls {
		for name, bad := range map[string]struct {
			ref         funnel.ContactRef
			field, says string
		}{
			"id of zero":                {funnel.ContactID(0), "contact_id", "is 0: ids are positive"},
			"negative id":               {funnel.ContactID(-1), "contact_id", "is -1: ids are positive"},
			"smallest id":               {funnel.ContactID(math.MinInt64), "contact_id", "ids are positive"},
			"empty address":             {funnel.Email(""), "email", "is required"},
			"blank address":             {funnel.Email(" \t"), "email", "is required"},
			"space after the address":   {funnel.Email("ada@example.com "), "email", "trim it"},
			"space before the address":  {funnel.Email(" ada@example.com"), "email", "trim it"},
			"no-break space":            {funnel.Email("ada@example.com\u00a0"), "email", "trim it"},
			"line break in the address": {funnel.Email("ada@example.com\r\n"), "email", "line break"},
			"address not in UTF-8":      {funnel.Email("Jos\xe9@example.com"), "email", "UTF-8"},
			"nil":                       {nil, "contact", "is nil"},
			"pointer to an id":          {funnel.Ptr(funnel.ContactID(12)), "contact", "pass a ContactID or an Email"},
			"nil pointer to an id":      {(*funnel.ContactID)(nil), "contact", "pass a ContactID or an Email"},
			"pointer to an address":     {funnel.Ptr(funnel.Email("ada@example.com")), "contact", "pass a ContactID or an Email"},
			"nil pointer to an address": {(*funnel.Email)(nil), "contact", "pass a ContactID or an Email"},
			"struct with an id":         {embedsID{12}, "contact", "is a funnel_test.embedsID"},
			"struct with an address":    {embedsEmail{"ada@example.com"}, "contact", "is a funnel_test.embedsEmail"},
			"struct with a ContactRef":  {embedsRef{funnel.ContactID(12)}, "contact", "is a funnel_test.embedsRef"},
			"struct with nil":           {embedsRef{}, "contact", "is a funnel_test.embedsRef"},
		} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				t.Parallel()
				api := newMockAPI(t)
				err := tt.call(t.Context(), api.client(t), bad.ref)
				requireArgumentError(t, err, bad.field)
				require.ErrorContains(t, err, bad.says)
				require.Empty(t, api.requests())
			})
		}
	}
}

// The compiler refuses the id of another resource, a bare number and a resource.
func TestContactRef_OtherTypesDoNotCompile(t *testing.T) {
	t.Parallel()
	for contact, says := range map[string]string{
		`funnel.ContactID(12)`:            "",
		`funnel.Email("ada@example.com")`: "",
		`funnel.TagID(12)`:                "does not implement funnel.ContactRef (wrong type for method ref)",
		`funnel.Contact{ID: 12}`:          "does not implement funnel.ContactRef (missing method ref)",
		`funnel.TagContact{ID: 12}`:       "does not implement funnel.ContactRef (missing method ref)",
		`12`:                              "does not implement funnel.ContactRef (missing method ref)",
		`"ada@example.com"`:               "does not implement funnel.ContactRef (missing method ref)",
	} {
		t.Run(contact, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "snippet.go")
			require.NoError(t, os.WriteFile(file, []byte(`package snippet

import (
	"context"

	"github.com/funnel-go/funnel"
)

func get(ctx context.Context, client *funnel.Client) (*funnel.Contact, error) {
	return client.Contacts.Get(ctx, `+contact+`)
}
`), 0o600))
			cmd := exec.CommandContext(t.Context(), "go", "build", file) // a package: nothing is written
			cmd.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off")
			out, err := cmd.CombinedOutput()
			if says == "" {
				require.NoError(t, err, "%s", out)
				return
			}
			require.Error(t, err)
			require.Contains(t, string(out), says)
		})
	}
}
