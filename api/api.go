// Package api holds the contract that the SDK and its fake keep: what is known,
// and what is assumed, of the platform's API.
package api

import (
	"bytes"
	_ "embed"
)

//go:embed openapi.yaml
var contract []byte

// OpenAPI returns the contract, an OpenAPI 3.1 document in YAML. It marks each
// of its parts as documented or assumed.
func OpenAPI() []byte { return bytes.Clone(contract) }
