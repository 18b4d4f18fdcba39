// Records and replays what a client sends, for tests. It is a module of its own, so
// that the library does not depend on a recorder.
module github.com/funnel-go/funnel/funnelvcr

go 1.25.0

replace github.com/funnel-go/funnel => ../

require (
	github.com/funnel-go/funnel v0.0.0
	github.com/stretchr/testify v1.12.1
	gopkg.in/dnaeon/go-vcr.v4 v4.0.7
)

require (
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	go.yaml.in/yaml/v4 v4.0.0 // indirect; with rc.6, go-vcr writes some bodies so that they cannot be read
)
