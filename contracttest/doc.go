// Package contracttest holds HTTP traffic against the contract,
// api/openapi.yaml.
//
// [Load] compiles the contract, [Validator] is an [http.RoundTripper] that
// checks every request and every response that passes through it, and
// [Recorder] keeps what it finds:
//
//	contract, err := contracttest.Load(api.OpenAPI())
//	var recorder contracttest.Recorder
//	transport := contracttest.NewValidator(contract, next, "/api/v1", recorder.Record)
//
// A test that breaks the contract on purpose says so in the context of its
// request: see [BadRequest] and [AnyResponse].
//
// The package is a module of its own, outside go.work, so that the validator
// and all that it depends on stay out of the dependencies of the SDK.
package contracttest

//go:generate go run ./cmd/contractdoc
