# make test        the tests of everything that programs import, and of the examples, under the race detector
# make test-all    the same, and the tests of the other modules: contract, browser, Laravel, comparison
# make lint        formatting, vet, golangci-lint, tidy modules, generated pages, builds for other systems
# make oldest      compiles what is released and tests the library, with the oldest Go that go.mod allows
# make bench       the cost of a call, next to one written by hand, and with telemetry
# make peers       compares this client with others: bench/results.md
# make laravel     installs Laravel, and runs laraveltest with the API's own limit: takes 15 minutes
# make contract    docs/contract.md and docs/coverage.md, from api/openapi.yaml
# make openapi-lint  checks api/openapi.yaml with redocly (needs npx)
# make apidiff     what changed in the exported API since the last tag
# make licences    docs/licences.md, from the dependencies' licence files
# make cross       builds the library for systems on which no tests run
# make vuln        known vulnerabilities in what programs import (needs the network)
# make release-check  builds and tests the released modules as strangers get them
# make snapshot    programs, checksums, SBOMs and image of a release, in dist: takes minutes
# make release     the commit and the tags of a release: see CONTRIBUTING.md
# make fmt         formats the code

# A module is released if its directory's name begins with funnel.
NESTED   := $(patsubst %/go.mod,%,$(wildcard funnel*/go.mod))
RELEASED := . $(NESTED)
# The tests of funnelredis take longest, since they wait for Redis: they begin first.
TESTED   := funnelredis $(filter-out funnelredis,$(RELEASED)) examples
HEAVY    := $(filter-out $(TESTED) tools,$(patsubst %/go.mod,%,$(wildcard */go.mod)))
BIN      := $(CURDIR)/bin
VERSION  := $(shell sed -n 's/^const Version = "\(.*\)"$$/\1/p' options.go)

# Each module stands alone, as it does for those who import it; go.work is for
# the programs, which run from here.
export GOWORK := off

# The race detector needs a C compiler; CI has one.
RACE := $(if $(shell command -v gcc || command -v cc || command -v clang),-race)

# More memory for compilers, linters and tests saves garbage collections. Benchmarks need
# Go's default.
test test-heavy lint build-oldest cross apidiff: export GOGC := 300

.PHONY: test test-heavy test-all lint openapi-lint oldest build-oldest bench peers laravel contract apidiff licences cross vuln release-check snapshot publish release-tools release fmt

# Without vet, which is part of make lint: it would take a quarter of the time. With the
# race detector also for the programs that tests build: they share its packages.
test: export GOFLAGS := $(RACE)

# The race detector waits for 1 s at the end of every program, in case one more race
# shows.
test: export GORACE := atexit_sleep_ms=0
test:
	@test -n "$(RACE)" || echo "== no C compiler: the tests run without the race detector"
	@for p in redis-server node; do command -v $$p >/dev/null || \
		echo "== $$p is not installed: the tests that need it are skipped"; done
	@$(MAKE) --no-print-directory --jobs=2 $(TESTED:%=test/%)

test-heavy:
	@for p in chromium php; do command -v $$p >/dev/null || \
		echo "== $$p is not installed: the tests that need it are skipped"; done
	@$(MAKE) --no-print-directory --jobs=2 $(HEAVY:%=test/%)

# Two modules at a time: some tests wait for other programs, in real time.
test/%:
	@echo "== test $*"
	@cd $* && go test $(PACKAGES) $(RACE) -vet=off $(COUNT) ./...

# Of these, one package at a time: on two cores, more compilers at once take longer.
$(TESTED:%=test/%): PACKAGES := -p=1

# Its tests read the root module's files, which Go's test cache does not know of.
test/contracttest: COUNT := -count=1

test-all: test test-heavy

lint:
	@test -z "$$(gofmt -l .)" || { echo "not formatted, run make fmt:"; gofmt -l .; exit 1; }
	@cd tools && go build -o "$(BIN)/" tool
	@set -e; for m in $(TESTED) $(HEAVY); do \
		echo "== vet $$m"; \
		(cd $$m && go mod tidy -diff && go vet ./...); \
	done
	@# The modules of go.work at once: what they depend on is analysed once, not for each.
	@GOWORK="$(CURDIR)/go.work" "$(BIN)/golangci-lint" run $(TESTED:%=./%/...)
	@set -e; for m in $(HEAVY); do \
		echo "== lint $$m"; \
		(cd $$m && "$(BIN)/golangci-lint" run ./...); \
	done
	@cd contracttest && go run ./cmd/contractdoc -check
	@tools/licences.sh $(RELEASED) | diff docs/licences.md - || { echo "docs/licences.md is out of date, run make licences"; exit 1; }

# Version 1, because version 2 needs a newer Node.js than Debian 12 has.
REDOCLY := @redocly/cli@1.34.20

# Without telemetry and update check, npm's registry is all that it needs of the
# network.
openapi-lint:
	@REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true npm_config_update_notifier=false \
		npx --yes $(REDOCLY) lint --config api/redocly.yaml api/openapi.yaml

# The oldest Go that go.mod allows: all that is released is compiled, and the library
# tested.
oldest: build-oldest
	@export GOTOOLCHAIN=go$$(go list -m -f '{{.GoVersion}}'); go test ./...

build-oldest:
	@set -e; for m in $(RELEASED); do \
		export GOTOOLCHAIN=go$$(cd $$m && go list -m -f '{{.GoVersion}}'); \
		echo "== build $$m with $$GOTOOLCHAIN"; \
		(cd $$m && go build -o /dev/null ./...); \
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

licences:
	@tools/licences.sh $(RELEASED) >docs/licences.md

# Systems on which no tests run. The library works on all of them; a Redis client and a
# recorder have no business in a browser.
cross:
	@set -e; for system in js/wasm plan9/amd64 linux/386 linux/arm; do \
		echo "== build for $$system"; \
		GOOS=$${system%/*} GOARCH=$${system#*/} CGO_ENABLED=0 go build ./...; \
	done

vuln:
	@cd tools && go build -o "$(BIN)/" golang.org/x/vuln/cmd/govulncheck
	@set -e; for m in $(RELEASED); do echo "== govulncheck $$m"; (cd $$m && "$(BIN)/govulncheck" ./...); done

release-check:
	@tools/release-check.sh $(RELEASED)

# The image of a snapshot has no base: nothing is downloaded.
snapshot: release-tools
	@GORELEASER_CURRENT_TAG=v$(VERSION) PATH="$(BIN):$$PATH" goreleaser release --snapshot --clean
	@KO_DOCKER_REPO=localhost/funnel-emulator "$(BIN)/scratch" "$(BIN)/ko" build --bare --push=false \
		--oci-layout-path=dist/image ./cmd/funnel-emulator

# In the workflow of a tag. GITHUB_TOKEN is the login to the registry too.
publish: release-tools
	@GORELEASER_CURRENT_TAG=$(TAG) PATH="$(BIN):$$PATH" goreleaser release --clean
	@KO_DOCKER_REPO=$(IMAGE) "$(BIN)/ko" build --bare --tags=$(TAG),latest ./cmd/funnel-emulator

release-tools:
	@cd tools/release && go build -o "$(BIN)/" tool ./scratch

release:
	@tools/release.sh $(RELEASED)

fmt:
	gofmt -w .
