// Command contractdoc writes docs/contract.md, the contract for people, and
// docs/coverage.md, the list of all operations, from api/openapi.yaml.
//
//	go run ./cmd/contractdoc          # write them
//	go run ./cmd/contractdoc -check   # fail if one is stale
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/funnel-go/funnel/api"
	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

func main() {
	dir := flag.String("dir", "../docs", "the directory of the documents")
	check := flag.Bool("check", false, "write nothing, and fail if a document is stale")
	flag.Parse()
	if err := run(api.OpenAPI(), *dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "contractdoc:", err)
		os.Exit(1)
	}
}

func run(data []byte, dir string, check bool) error {
	contract, err := openapi.Parse(data)
	if err != nil {
		return err
	}
	if err := checkNames(contract); err != nil {
		return err
	}
	documents := map[string][]byte{"contract.md": renderContract(contract), "coverage.md": renderCoverage(contract)}
	if !check {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	for name, document := range documents {
		file := filepath.Join(dir, name)
		if !check {
			if err := os.WriteFile(file, document, 0o644); err != nil {
				return err
			}
			continue
		}
		written, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if !bytes.Equal(written, document) {
			return fmt.Errorf("%s is stale: run go generate in contracttest", file)
		}
	}
	return nil
}

// checkNames refuses operations whose part of a document would be missing, or have a link
// that leads nowhere.
func checkNames(contract *openapi.Document) error {
	for _, op := range contract.Operations {
		for _, name := range op.Tags {
			if !slices.ContainsFunc(contract.Tags, func(tag openapi.Tag) bool { return tag.Name == name }) {
				return fmt.Errorf("%s: unknown tag %q: add it to tags", op, name)
			}
		}
		if _, known := contract.Pages.Get(op.Reference); op.Documented() && !known {
			return fmt.Errorf("%s: unknown page %q: add it to x-pages", op, op.Reference)
		}
	}
	return nil
}
