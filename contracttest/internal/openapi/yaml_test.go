package openapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// parse returns the root of a YAML document.
func parse(t *testing.T, data []byte) *yaml.Node {
	t.Helper()
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(data, &document))
	return document.Content[0]
}

// walk visits every node below a node, with the keys that lead to it.
func walk(node *yaml.Node, visit func(path []string, node *yaml.Node), path ...string) {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(node.Content); i += 2 {
			below := append(slices.Clone(path), node.Content[i].Value)
			visit(below, node.Content[i+1])
			walk(node.Content[i+1], visit, below...)
		}
	case yaml.SequenceNode:
		for i, item := range node.Content {
			below := append(slices.Clone(path), fmt.Sprint(i))
			visit(below, item)
			walk(item, visit, below...)
		}
	}
}

// at returns the node that keys lead to, or nil.
func at(node *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		if node == nil || node.Kind != yaml.MappingNode {
			return nil
		}
		i := slices.Index(keysOf(node), key)
		if i < 0 {
			return nil
		}
		node = node.Content[2*i+1]
	}
	return node
}

// keysOf returns the keys of a mapping.
func keysOf(node *yaml.Node) []string {
	var names []string
	for i := 0; i < len(node.Content); i += 2 {
		names = append(names, node.Content[i].Value)
	}
	return names
}

// where joins the keys that lead to a node.
func where(path []string) string { return strings.Join(path, ".") }
