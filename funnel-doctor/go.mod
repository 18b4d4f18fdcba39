// The doctor, apart from the library so that only those who run it download a
// JSON Schema validator.
module github.com/funnel-go/funnel/funnel-doctor

go 1.25.0

replace github.com/funnel-go/funnel => ../

require (
	github.com/funnel-go/funnel v0.0.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
	github.com/stretchr/testify v1.12.1
	go.yaml.in/yaml/v3 v3.0.5
)

require (
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	golang.org/x/text v0.14.0 // indirect
)
