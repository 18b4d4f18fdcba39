package contracttest_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
)

// shapes are the SDK's types of what the contract's schemas describe.
var shapes = map[string]any{
	"Contact":              funnel.Contact{},
	"ContactCreate":        funnel.ContactCreateParams{},
	"ContactUpdate":        funnel.ContactUpdateParams{},
	"Tag":                  funnel.Tag{},
	"TagCreate":            funnel.TagCreateParams{},
	"TagUpdate":            funnel.TagUpdateParams{},
	"Sequence":             funnel.Sequence{},
	"SequenceCreate":       funnel.SequenceCreateParams{},
	"SequenceUpdate":       funnel.SequenceUpdateParams{},
	"Stage":                funnel.Stage{},
	"StageCreate":          funnel.StageCreateParams{},
	"StageUpdate":          funnel.StageUpdateParams{},
	"StageContent":         funnel.StageContent{},
	"StageContentUpdate":   funnel.StageContentParams{},
	"Funnel":               funnel.Funnel{},
	"FunnelCreate":         funnel.FunnelCreateParams{},
	"FunnelUpdate":         funnel.FunnelUpdateParams{},
	"FunnelStats":          funnel.FunnelStats{},
	"Step":                 funnel.Step{},
	"StepCreate":           funnel.StepCreateParams{},
	"StepUpdate":           funnel.StepUpdateParams{},
	"Campaign":             funnel.Campaign{},
	"CampaignCreate":       funnel.CampaignCreateParams{},
	"CampaignUpdate":       funnel.CampaignUpdateParams{},
	"CampaignStats":        funnel.CampaignStats{},
	"Webhook":              funnel.Webhook{},
	"WebhookCreate":        funnel.WebhookCreateParams{},
	"WebhookUpdate":        funnel.WebhookUpdateParams{},
	"Event":                funnel.Event{},
	"ContactEvent":         funnel.ContactEvent{},
	"ContactTaggedEvent":   funnel.ContactTaggedEvent{},
	"ContactEnrolledEvent": funnel.ContactEnrolledEvent{},
	"CampaignSentEvent":    funnel.CampaignSentEvent{},
	"FunnelOptinEvent":     funnel.FunnelOptinEvent{},
	"FunnelSaleEvent":      funnel.FunnelSaleEvent{},
}

// shapeless are the schemas that users of the SDK have no type for: envelopes,
// and what methods make of their arguments.
var shapeless = []string{"Envelope", "Meta", "Error", "TooManyAttempts", "ContactTags", "Enrollment", "CampaignSchedule"}

// queries are the SDK's types of the parameters of lists and statistics.
var queries = map[string]any{
	"GET /contacts":       funnel.ContactListParams{},
	"GET /tags":           funnel.TagListParams{},
	"GET /sequences":      funnel.SequenceListParams{},
	"GET /funnels":        funnel.FunnelListParams{},
	"GET /campaigns":      funnel.CampaignListParams{},
	"GET /webhooks":       funnel.WebhookListParams{},
	"GET /funnel-stats":   funnel.StatsParams{},
	"GET /campaign-stats": funnel.StatsParams{},
}

// The fields of the SDK's types are those of the contract's schemas: no name is
// misspelt, none is missing, and each has its type.
func TestTypesKeepTheContract(t *testing.T) {
	t.Parallel()
	document := contractDocument(t)
	var found []string
	for _, schema := range document.Components.Schemas {
		if len(schema.Value.Properties) == 0 || slices.Contains(shapeless, schema.Key) {
			continue
		}
		require.Contains(t, shapes, schema.Key, "the SDK has no type for it")
		want := propertiesOf(schema.Key, schema.Value)
		found = append(found, lintFields(document, schema.Key, want, reflect.TypeOf(shapes[schema.Key]), "json")...)
	}
	for _, op := range document.Operations {
		if params, ok := queries[op.String()]; ok {
			found = append(found, lintFields(document, op.String(), parametersOf(op), reflect.TypeOf(params), "url")...)
		}
	}
	require.Empty(t, strings.Join(found, "\n"))
}
