package contracttest

import "encoding/json"

// CheckDelivery returns what is wrong with the body of a delivery to a webhook:
// nothing, where it keeps the contract.
func (c *Contract) CheckDelivery(body []byte) []string {
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		return []string{"body: " + err.Error()}
	}
	event := eventOf(body)
	schema, ok := c.deliveries[event]
	if !ok {
		return []string{"the contract has no event " + event}
	}
	_, errs := c.schemas.ValidateSchemaBytes(schema, body)
	return problems(errs)
}

// eventOf returns the event that a delivery names, or "".
func eventOf(body []byte) string {
	var delivery struct {
		Event string `json:"event"`
	}
	_ = json.Unmarshal(body, &delivery) // what cannot be read names none
	return delivery.Event
}
