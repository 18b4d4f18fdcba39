package contracttest

import "go.yaml.in/yaml/v3"

// closeBodies returns the document with responses and deliveries closed: a
// field that they do not list breaks it.
//
// The contract itself leaves them open, because a client must ignore what it
// does not know. But here a field that the contract does not know is a
// misspelling in the fake or a gap in the contract, and either must come to
// light.
func closeBodies(data []byte) ([]byte, error) {
	var document map[string]any
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, err
	}
	parts := make(map[string]bool)
	collectParts(document, parts)
	for name, schema := range below(document, "components", "schemas") {
		closeObjects(schema, parts["#/components/schemas/"+name])
	}
	for _, response := range below(document, "components", "responses") {
		closeBody(response)
	}
	for _, webhook := range below(document, "webhooks") {
		closeBody(below(webhook, "post", "requestBody"))
	}
	return yaml.Marshal(document)
}

// below returns the mapping that keys lead to, or nil.
func below(node any, path ...string) map[string]any {
	m, _ := node.(map[string]any)
	for _, key := range path {
		m, _ = m[key].(map[string]any)
	}
	return m
}

// collectParts finds the schemas that are parts of an allOf: closed by
// themselves they would refuse the other parts' fields.
func collectParts(node any, parts map[string]bool) {
	switch node := node.(type) {
	case map[string]any:
		members, _ := node["allOf"].([]any)
		for _, member := range members {
			if ref, ok := below(member)["$ref"].(string); ok {
				parts[ref] = true
			}
		}
		for _, child := range node {
			collectParts(child, parts)
		}
	case []any:
		for _, child := range node {
			collectParts(child, parts)
		}
	}
}

// closeObjects closes a schema that lists properties, unless it is a part or
// says itself what else it takes, and every schema below it.
func closeObjects(node any, part bool) {
	switch node := node.(type) {
	case map[string]any:
		_, listed := node["properties"]
		_, decided := node["additionalProperties"]
		if node["type"] == "object" && listed && !decided && !part {
			node["additionalProperties"] = false
		}
		for _, child := range node {
			closeObjects(child, false)
		}
	case []any:
		for _, child := range node {
			closeObjects(child, false)
		}
	}
}

// closeBody closes what a response or request holds as a whole, whatever its
// parts are.
func closeBody(holder any) {
	media := below(holder, "content", "application/json")
	if schema, ok := media["schema"]; ok {
		media["schema"] = map[string]any{"allOf": []any{schema}, "unevaluatedProperties": false}
	}
}
