// Command contractdoc writes docs/contract.md, the contract for people, from
// api/openapi.yaml.
//
//	go run ./cmd/contractdoc          # write it
//	go run ./cmd/contractdoc -check   # fail if it is stale
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/funnel-go/funnel/api"
	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

func main() {
	out := flag.String("out", "../docs/contract.md", "the document")
	check := flag.Bool("check", false, "write nothing, and fail if the document is stale")
	flag.Parse()
	if err := run(api.OpenAPI(), *out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "contractdoc:", err)
		os.Exit(1)
	}
}

func run(data []byte, out string, check bool) error {
	contract, err := openapi.Parse(data)
	if err != nil {
		return err
	}
	document := render(contract)
	if !check {
		if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
			return err
		}
		return os.WriteFile(out, document, 0o644)
	}
	written, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	if !bytes.Equal(written, document) {
		return fmt.Errorf("%s is stale: run go generate in contracttest", out)
	}
	return nil
}
