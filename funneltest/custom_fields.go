package funneltest

import (
	"fmt"
	"strings"

	"github.com/funnel-go/funnel"
)

type customField struct {
	base
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Values []string `json:"values,omitempty"` // of a select field
}

func customFieldResource() resource[customField, *customField] {
	return resource[customField, *customField]{
		name:    "Custom field",
		plural:  "custom_fields",
		idField: "custom_field_id",
		routes: func(fields *resource[customField, *customField]) []route {
			return []route{get("/custom-fields", fields.listAll)}
		},
		item: customFieldItemOf,
	}
}

type customFieldItem struct {
	ID     int64   `json:"id"`
	Name   string  `json:"name"`
	Type   string  `json:"type"`
	Values *string `json:"values"` // comma-separated
}

func customFieldItemOf(_ *call, f *customField) any {
	return customFieldItem{ID: f.ID, Name: f.Name, Type: f.Type, Values: orNull(strings.Join(f.Values, ","))}
}

// A CustomField is a custom field for [Server.AddCustomField]. Fields that are
// zero get a default.
type CustomField struct {
	Name   string   // default "Field <id>"
	Type   string   // default "select" if there are values, otherwise "text"
	Values []string // the choices of a select field; none may contain a comma
}

// AddCustomField adds a custom field, which the API cannot do, and returns its
// id. It panics if a value is empty or contains a comma, because the API lists
// the values comma-separated.
func (s *Server) AddCustomField(f CustomField) funnel.CustomFieldID {
	row := customField{Name: f.Name, Type: f.Type, Values: append([]string(nil), f.Values...)}
	for _, value := range f.Values {
		if value == "" || strings.Contains(value, ",") {
			panic(fmt.Sprintf("funneltest: %q cannot be a value of a custom field", value))
		}
	}
	s.insert(func(c *call) {
		setDefault(&row.Name, fmt.Sprintf("Field %d", c.customFields.last+1))
		if len(row.Values) > 0 {
			setDefault(&row.Type, "select")
		}
		setDefault(&row.Type, "text")
		c.customFields.insert(&row, c.now)
	})
	return funnel.CustomFieldID(row.ID)
}

// setDefault sets a value that is zero.
func setDefault[V comparable](value *V, fallback V) {
	var zero V
	if *value == zero {
		*value = fallback
	}
}
