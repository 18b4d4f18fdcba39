// Package contracttest holds HTTP traffic against the contract,
// api/openapi.yaml.
//
// [Load] compiles the contract, [Validator] is an [http.RoundTripper] that
// checks every request and every response that passes through it, [Receiver] an
// [http.Handler] that checks deliveries to a webhook, and [Recorder] keeps what
// they find, and which parts of the contract nobody has exercised yet:
//
//	contract, err := contracttest.Load(api.OpenAPI())
//	var recorder contracttest.Recorder
//	transport := contracttest.NewValidator(contract, next, "/api/v1", recorder.Record)
//
// A test that breaks the contract on purpose says so in the context of its
// request: see [BadRequest] and [AnyResponse].
//
// The tests are what the package is for. The flows (flow_*_test.go) do with the
// SDK all that can be done with it, against the fake, with the validator in
// between, and leave out nothing that the contract has. The lints hold the SDK's
// docstrings, constants and types against the contract. And since a test that
// never fails proves nothing, bite_test.go breaks the contract on purpose.
//
// The package is a module of its own, outside go.work, so that the validator
// and all that it depends on stay out of the dependencies of the SDK.
package contracttest

//go:generate go run ./cmd/contractdoc
