package openapi

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Map is a YAML mapping in the order in which it is written.
type Map[V any] []Entry[V]

// Entry is a key of a Map with its value.
type Entry[V any] struct {
	Key   string
	Value V
}

// Get returns the value of a key, and whether the map has it.
func (m Map[V]) Get(key string) (V, bool) {
	for _, e := range m {
		if e.Key == key {
			return e.Value, true
		}
	}
	var zero V
	return zero, false
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (m *Map[V]) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: not a mapping", node.Line)
	}
	for i := 0; i < len(node.Content); i += 2 {
		e := Entry[V]{Key: node.Content[i].Value}
		if err := node.Content[i+1].Decode(&e.Value); err != nil {
			return err
		}
		*m = append(*m, e)
	}
	return nil
}

// Types are the JSON types that a schema allows: one name or a list of them.
type Types []string

// UnmarshalYAML implements [yaml.Unmarshaler].
func (t *Types) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*t = Types{node.Value}
		return nil
	}
	return node.Decode((*[]string)(t))
}
