package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/api"
	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

func TestRun_DocumentsAreFresh(t *testing.T) {
	t.Parallel()
	require.NoError(t, run(api.OpenAPI(), "../../../docs", true))
}

func TestRun_CheckFailsForAStaleDocument(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "docs")
	require.ErrorIs(t, run(api.OpenAPI(), dir, true), os.ErrNotExist)
	require.NoError(t, run(api.OpenAPI(), dir, false))
	require.NoError(t, run(api.OpenAPI(), dir, true))

	for _, name := range []string{"contract.md", "coverage.md"} {
		file := filepath.Join(dir, name)
		fresh, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(fresh, "more\n"...), 0o644))
		require.ErrorContains(t, run(api.OpenAPI(), dir, true), name+" is stale")
		require.NoError(t, os.WriteFile(file, fresh, 0o644))
	}

	changed := bytes.Replace(api.OpenAPI(), []byte("summary: List tags."), []byte("summary: List labels."), 1)
	require.ErrorContains(t, run(changed, dir, true), "contract.md is stale")
}

func TestRun_UnknownNamesAreRefused(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "docs")
	for old, want := range map[string]string{
		"tags: [Labels]":                `GET /tags: unknown tag "Marks": add it to tags`,
		"x-reference: tags\n      tags": `GET /tags: unknown page "marks": add it to x-pages`,
	} {
		broken := strings.Replace(small, old, strings.NewReplacer("Labels", "Marks", "x-reference: tags", "x-reference: marks").Replace(old), 1)
		require.EqualError(t, run([]byte(broken), dir, false), want)
	}
	require.NoDirExists(t, dir)
}

// Every link within the documents leads to a heading, and no heading hides
// another.
func TestRun_LinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	contract, err := openapi.Parse(api.OpenAPI())
	require.NoError(t, err)
	documents := map[string]string{"contract.md": string(renderContract(contract)), "coverage.md": string(renderCoverage(contract))}
	headings := make(map[string]bool)
	for name, document := range documents {
		for _, h := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(document, -1) {
			target := name + "#" + anchor(h[1])
			require.False(t, headings[target], "two headings are %s", target)
			headings[target] = true
		}
	}
	for name, document := range documents {
		links := regexp.MustCompile(`\]\(([^)]*)\)`).FindAllStringSubmatch(document, -1)
		require.NotEmpty(t, links)
		for _, link := range links {
			file, heading, _ := strings.Cut(link[1], "#")
			switch {
			case strings.HasPrefix(link[1], "https://"):
			case heading == "":
				require.Contains(t, documents, file)
			case file == "":
				require.True(t, headings[name+"#"+heading], "%s: %s", name, link[1])
			default:
				require.True(t, headings[link[1]], "%s: %s", name, link[1])
			}
		}
	}
}

// small is a contract with one part of each kind.
const small = `
x-pages: {errors: https://vendor.example/errors, tags: https://vendor.example/tags}
x-assumptions:
  B1: {assumption: DELETE has a body., drawn-from: An example.}
x-error-codes:
  TAG_EXISTS: {statuses: [409], when: "The name | is taken.", x-source: documented, x-reference: errors}
x-named-only:
  - {operation: GET /tag-stats, known: Only its name., x-source: documented, x-reference: tags, call: "err := client.Call(ctx)\n"}
tags:
  - {name: Labels, description: Labels of contacts.}
paths:
  /tags:
    get:
      operationId: tagsList
      x-sdk: [Tags.List, Tags.All]
      x-kind: d
      x-seen: full
      x-source: documented
      x-reference: tags
      tags: [Labels]
      summary: List tags.
      x-require-one-of: [page, label]
      parameters:
        - {name: page, in: query, schema: {$ref: "#/components/schemas/Page"}, x-source: documented, x-reference: tags}
        - {name: label, in: query, required: true, schema: {type: array, items: {type: string}}, x-source: assumed, x-assumption: B1}
      responses:
        "200": {$ref: "#/components/responses/TagPage"}
        "401": {$ref: "#/components/responses/Unauthorized"}
  /tag:
    delete:
      operationId: tagsDelete
      x-sdk: [Tags.Delete]
      x-kind: s
      x-seen: none
      x-source: assumed
      x-assumption: B1
      tags: [Labels]
      summary: Delete a tag.
      requestBody:
        x-source: assumed
        x-assumption: B1
        content: {application/json: {schema: {$ref: "#/components/schemas/TagDelete"}}}
      responses:
        "200": {x-source: documented, x-reference: errors}
        "401": {$ref: "#/components/responses/Unauthorized"}
        "409": {x-source: documented, x-reference: errors, x-codes: {TAG_EXISTS: documented}}
components:
  responses:
    TagPage:
      x-source: documented
      x-reference: tags
      content:
        application/json:
          schema:
            allOf:
              - {$ref: "#/components/schemas/PageEnvelope"}
              - {properties: {data: {type: array, items: {$ref: "#/components/schemas/Tag"}}}}
    Unauthorized: {x-source: documented, x-reference: errors, x-codes: {UNAUTHORIZED: documented}}
  schemas:
    Page: {type: integer, minimum: 1, maximum: 9, default: 1}
    TagDelete:
      required: [name]
      anyOf: [{required: [tag_id]}, {required: [label]}]
      properties:
        tag_id: {$ref: "#/components/schemas/ID", x-source: documented, x-reference: tags}
        name: {type: string, maxLength: 30, default: none, description: Its name., x-source: assumed, x-assumption: B1}
    Tag:
      properties:
        colour: {$ref: "#/components/schemas/Colour", x-source: assumed, x-assumption: B1}
        made_at: {type: [string, "null"], format: date-time, x-source: documented, x-reference: tags}
        text: {type: [string, "null"], x-source: documented, x-reference: tags}
    Colour: {type: string, x-source: documented, x-reference: tags, x-known-values: [red, blue]}
`

func TestRenderContract_ShowsEveryPart(t *testing.T) {
	t.Parallel()
	contract, err := openapi.Parse([]byte(small))
	require.NoError(t, err)
	document := string(renderContract(contract))
	for _, line := range []string{
		"| `TAG_EXISTS` | 409 | The name \\| is taken. |",
		"SDK: `Tags.List`, `Tags.All`. Source: tags. Seen: in full.",
		"| `page` | integer | tags | From 1 to 9; default 1. |",
		"| `label`* | list of string | assumed, B1 |  |",
		"At least one of `page`, `label` is required.",
		"| 200 | `data`: list of [Tag](#tag); `meta`: [Meta](#meta) | tags |",
		"SDK: `Tags.Delete`. Source: assumed, B1. Seen: not named.",
		"| `tag_id` | id | tags |  |",
		"| `name`* | string | assumed, B1 | Its name. Default none. At most 30 characters. |",
		"At least one of `tag_id`, `label` is required. Sent as a JSON body (assumed, B1).",
		"| 200 | only `success` is promised | errors |",
		"| 409 | `TAG_EXISTS` | errors |",
		"| `colour` | [Colour](#colour) | assumed, B1 |  |",
		"| `made_at` | time | tags |  |",
		"| `text` | string or null | tags |  |",
		"Type: string. Known values: `red`, `blue` (tags).",
		"| B1 | DELETE has a body. | An example. |",
	} {
		require.Contains(t, document, "\n"+line+"\n")
	}
	require.NotContains(t, document, "| 401 |", "common statuses are listed once")
}

func TestRenderCoverage_ListsEveryOperation(t *testing.T) {
	t.Parallel()
	contract, err := openapi.Parse([]byte(small))
	require.NoError(t, err)
	document := string(renderCoverage(contract))
	for _, line := range []string{
		"- 1 are shown by a page, with their parameters (kind d).",
		"| [GET /tags](contract.md#get-tags) | `Tags.List`, `Tags.All` | d | [tags](https://vendor.example/tags) | in full |",
		"| [DELETE /tag](contract.md#delete-tag) | `Tags.Delete` | s | B1 | not named |",
		"| GET /tag-stats | `Call` |  | [tags](https://vendor.example/tags) | only named |",
		"Only its name. Source: [tags](https://vendor.example/tags).",
		"err := client.Call(ctx)",
	} {
		require.Contains(t, document, "\n"+line+"\n")
	}
}
