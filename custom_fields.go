package funnel

import (
	"context"
	"strings"
)

// A CustomFieldID identifies a custom field.
type CustomFieldID = ID[CustomField]

// A CustomField is a field that the account has defined for its contacts. Fields
// are defined in the vendor's dashboard; [ContactsService.SetCustomField] sets a
// contact's value.
type CustomField struct {
	ID     CustomFieldID
	Name   string
	Type   CustomFieldType
	Values []string // the choices of a select field; otherwise nil
}

// A CustomFieldType is the type of a custom field. Values not listed here are
// returned unchanged.
type CustomFieldType string

// The types of a custom field that the API's reference shows.
const (
	CustomFieldText   CustomFieldType = "text"
	CustomFieldSelect CustomFieldType = "select"
)

// CustomFieldsService has the operations on custom fields. Use it as client.CustomFields.
type CustomFieldsService service

// List returns all custom fields. The list has no pages.
//
// API: GET /custom-fields (documented).
func (s *CustomFieldsService) List(ctx context.Context) ([]CustomField, error) {
	received, err := fetchAll[struct { // the choices are one text, such as "Starter,Pro,Elite"
		ID     CustomFieldID   `json:"id"`
		Name   string          `json:"name"`
		Type   CustomFieldType `json:"type"`
		Values string          `json:"values"`
	}](ctx, (*service)(s).c(), "/custom-fields", nil)
	if err != nil {
		return nil, err
	}
	fields := make([]CustomField, len(received))
	for i, f := range received {
		fields[i] = CustomField{ID: f.ID, Name: f.Name, Type: f.Type}
		if f.Values != "" {
			fields[i].Values = strings.Split(f.Values, ",")
		}
	}
	return fields, nil
}

// GetByName returns the custom field with that name. [NameError] describes how names
// are compared. GetByName reads the whole list.
//
// API: GET /custom-fields (documented). Errors: [*NameError].
func (s *CustomFieldsService) GetByName(ctx context.Context, name string) (*CustomField, error) {
	if err := checkText("name", name); err != nil {
		return nil, err
	}
	fields, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	return byName("custom field", name, fields, func(f CustomField) string { return f.Name })
}
