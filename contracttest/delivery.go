package contracttest

import "encoding/json"

// CheckDelivery returns what is wrong with the body of a delivery to a webhook:
// nothing, where it keeps the contract.
func (c *Contract) CheckDelivery(body []byte) []string {
	var delivery struct {
		Event string `json:"event"`
	}
	if err := json.Unmarshal(body, &delivery); err != nil {
		return []string{"body: " + err.Error()}
	}
	schema, ok := c.deliveries[delivery.Event]
	if !ok {
		return []string{"the contract has no event " + delivery.Event}
	}
	_, errs := c.schemas.ValidateSchemaBytes(schema, body)
	return problems(errs)
}
