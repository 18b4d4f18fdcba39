package funnel

import "net/url"

// A ContactRef identifies a contact: a [ContactID] or an [Email]. The API accepts
// both. Passing the id of another resource is a compile error.
//
//	client.Contacts.Get(ctx, funnel.ContactID(12))
//	client.Contacts.Get(ctx, funnel.Email("ada@example.com"))
type ContactRef interface{ ref() *Contact }

// An Email identifies a contact by its e-mail address. The SDK sends it as it is, and
// refuses white space around it. Whether the API ignores case is not documented.
type Email string

func (ID[R]) ref() *R { return nil }

func (Email) ref() *Contact { return nil }

// contactField returns the parameter that names the contact in a request. nil,
// pointers and embedding types satisfy the interface too, and are refused here.
func contactField(contact ContactRef) (field, error) {
	switch ref := contact.(type) {
	case ContactID:
		return field{"contact_id", ref}, checkID("contact_id", ref)
	case Email:
		return field{"email", string(ref)}, checkEmail(string(ref))
	case nil:
		return field{}, argumentError("contact", "is nil: pass a ContactID or an Email")
	default:
		return field{}, argumentError("contact", "is a %T: pass a ContactID or an Email", contact)
	}
}

// contactQuery is contactField for a GET.
func contactQuery(contact ContactRef) (url.Values, error) {
	f, err := contactField(contact)
	if err != nil {
		return nil, err
	}
	value, _ := f.value.(string)
	if id, ok := f.value.(ContactID); ok {
		value = id.String()
	}
	return url.Values{f.name: {value}}, nil
}
