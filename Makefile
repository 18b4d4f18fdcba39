# make test      all tests of all modules, under the race detector
# make lint      formatting, vet, golangci-lint, tidy modules
# make oldest    the tests of what is released, with the oldest Go that may be used
# make bench     the cost of a call, beside one written by hand, and with telemetry
# make peers     compares this client with others: bench/results.md
# make laravel   installs Laravel, and runs laraveltest with the API's own limit: takes 15 minutes
# make contract  docs/contract.md and docs/coverage.md, from api/openapi.yaml
# make openapi-lint  checks api/openapi.yaml with redocly (needs npx)
# make apidiff   what changed in the exported API since the last tag
# make fmt       formats the code

MODULES := $(patsubst %/go.mod,%,$(wildcard */go.mod))
TESTED  := . $(filter-out tools,$(MODULES))
BIN     := $(CURDIR)/bin

# Each module stands alone, as it does for those who import it; go.work is for
# the programs, which run from here.
export GOWORK := off

# The race detector needs a C compiler; CI has one.
RACE := $(if $(shell command -v gcc || command -v cc || command -v clang),-race)

.PHONY: test lint openapi-lint oldest bench peers laravel contract apidiff fmt

# Benchmarks are compiled with the tests; the examples run as tests of theirs.
test:
	@test -n "$(RACE)" || echo "== no C compiler: the tests run without the race detector"
	@for p in redis-server chromium php node; do command -v $$p >/dev/null || \
		echo "== $$p is not installed: the tests that need it are skipped"; done
	@set -e; for m in $(TESTED); do \
		echo "== test $$m"; \
		(cd $$m && go build -o /dev/null ./... && go test $(RACE) ./...); \
	done

lint:
	@test -z "$$(gofmt -l .)" || { echo "not formatted, run make fmt:"; gofmt -l .; exit 1; }
	@cd tools && go build -o "$(BIN)/" tool
	@set -e; for m in $(TESTED); do \
		echo "== lint $$m"; \
		(cd $$m && go mod tidy -diff && go vet ./... && "$(BIN)/golangci-lint" run ./...); \
	done
	@cd contracttest && go run ./cmd/contractdoc -check

# Version 1, because version 2 needs a newer Node.js than Debian 12 has.
REDOCLY := @redocly/cli@1.34.20

# Without telemetry and update check, npm's registry is all that it needs of the
# network.
openapi-lint:
	@REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true npm_config_update_notifier=false \
		npx --yes $(REDOCLY) lint --config api/redocly.yaml api/openapi.yaml

# The oldest Go that go.mod allows, for the modules that are released.
oldest:
	@set -e; for m in . funnel-doctor funnelotel funnelredis; do \
		export GOTOOLCHAIN=go$$(cd $$m && go list -m -f '{{.GoVersion}}'); \
		echo "== test $$m with $$GOTOOLCHAIN"; \
		(cd $$m && go vet ./... && go test ./...); \
	done

bench:
	go test -run '^$$' -bench . -benchmem .
	cd oteltest && go test -run '^$$' -bench . -benchmem .

peers:
	cd bench && go test -run TestComparison -update

laravel:
	laraveltest/server.sh install
	cd laraveltest && CI=true go test $(RACE) -count=1 -timeout 30m -v . -full

contract:
	cd contracttest && go generate ./...

apidiff:
	@tools/apidiff.sh

fmt:
	gofmt -w .
