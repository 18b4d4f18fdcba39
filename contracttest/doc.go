// Package contracttest checks HTTP traffic against the contract,
// api/openapi.yaml.
//
// [Load] compiles the contract. [Validator] is an [http.RoundTripper] that checks
// every request and response that passes through it. [Recorder] keeps what it
// finds, and which parts of the contract no request has used yet:
//
//	contract, err := contracttest.Load(api.OpenAPI())
//	var recorder contracttest.Recorder
//	transport := contracttest.NewValidator(contract, next, "/v1", recorder.Record)
//
// A test that breaks the contract on purpose marks the context of its request: see
// [BadRequest] and [AnyResponse].
//
// The tests of this package compare the SDK with the contract:
//
//   - samples_test.go: a request and a response of each operation, field by field.
//   - heldout_test.go: a server with random values, written from the vendor's
//     reference alone.
//   - lint_test.go: the doc comments, constants and methods of the SDK.
//   - guide_test.go: the code in the guide compiles.
//
// Package conformance has the flows that every server must pass.
//
// The module is not part of go.work, so that the SDK does not depend on an OpenAPI
// validator.
package contracttest

//go:generate go run ./cmd/contractdoc
