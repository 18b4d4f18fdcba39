# make test   all tests of all modules, under the race detector
# make lint   formatting, vet, staticcheck, tidy modules
# make bench  the benchmarks
# make fmt    formats the code

MODULES := $(patsubst %/go.mod,%,$(wildcard go.mod */go.mod))
MODULES := $(patsubst go.mod,.,$(MODULES))

# Each module stands alone, as it does for those who import it: go.work is for
# working on several at once.
export GOWORK := off
export GOFLAGS += -mod=readonly

.PHONY: test lint bench fmt

# Benchmarks are compiled with the tests; the examples run as tests of theirs.
test:
	@set -e; for m in $(filter-out tools,$(MODULES)); do \
		echo "== test $$m"; \
		(cd $$m && go build ./... && go test -race ./...); \
	done

lint:
	@test -z "$$(gofmt -l .)" || { echo "not formatted, run make fmt:"; gofmt -l .; exit 1; }
	@cd tools && go build -o ../bin/staticcheck honnef.co/go/tools/cmd/staticcheck
	@set -e; for m in $(filter-out tools,$(MODULES)); do \
		echo "== lint $$m"; \
		(cd $$m && go mod tidy -diff && go vet ./... && "$(CURDIR)/bin/staticcheck" ./...); \
	done

bench:
	go test -run '^$$' -bench . -benchmem .

fmt:
	gofmt -w .
