package contracttest

import "go.yaml.in/yaml/v3"

// closeBodies returns the document with closed responses: a field that a response
// does not list is a violation.
//
// The contract leaves responses open, because a client ignores unknown fields. In
// a test, an unknown field is a misspelling in the server or a gap in the
// contract.
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
		media := below(response, "content", "application/json")
		if schema, ok := media["schema"]; ok {
			media["schema"] = map[string]any{"allOf": []any{schema}, "unevaluatedProperties": false}
		}
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

// collectParts finds the schemas that are parts of an allOf. If they were closed,
// they would forbid the fields of the other parts.
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

// closeObjects closes a schema and every schema below it, except parts and those
// that set additionalProperties themselves.
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
