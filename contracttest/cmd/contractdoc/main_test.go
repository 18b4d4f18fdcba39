package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/api"
	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

func TestTheDocumentIsFresh(t *testing.T) {
	t.Parallel()
	require.NoError(t, run(api.OpenAPI(), "../../../docs/contract.md", true))
}

func TestCheckFailsWhereTheDocumentIsStale(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "docs", "contract.md")
	require.ErrorIs(t, run(api.OpenAPI(), out, true), os.ErrNotExist)
	require.NoError(t, run(api.OpenAPI(), out, false))
	require.NoError(t, run(api.OpenAPI(), out, true))

	changed := bytes.Replace(api.OpenAPI(), []byte("summary: List tags."), []byte("summary: List labels."), 1)
	require.ErrorContains(t, run(changed, out, true), "is stale")
}

func TestDocumentedAndAssumedStandSideBySide(t *testing.T) {
	t.Parallel()
	contract, err := openapi.Parse([]byte(`
x-error-codes:
  TAG_EXISTS: {statuses: [409], x-source: documented, x-reference: a tag | exists}
tags:
  - {name: Tags, description: Labels.}
paths:
  /tag:
    post:
      operationId: tagsCreate
      x-sdk: [Tags.Create]
      x-source: documented
      x-reference: POST /tag
      tags: [Tags]
      summary: Create a tag.
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/TagCreate"}}}}
      responses:
        "200": {$ref: "#/components/responses/Tag"}
        "409": {x-source: documented, x-codes: {TAG_EXISTS: documented}}
    delete:
      operationId: tagsDelete
      x-sdk: [Tags.Delete]
      x-source: assumed
      x-assumption: A5
      tags: [Tags]
      summary: Delete a tag.
      x-require-one-of: [tag_id, name]
      parameters:
        - {name: tag_id, in: query, required: true, x-source: documented, x-reference: missing tag_id, x-assumption: A6, schema: {type: integer}}
        - {name: name, in: query, x-source: assumed, schema: {type: array, items: {type: string}}}
      responses:
        "200": {x-source: assumed}
        "409": {x-source: assumed, x-codes: {TAG_EXISTS: assumed}}
components:
  responses:
    Tag:
      x-source: assumed
      x-assumption: A3
      content: {application/json: {schema: {allOf: [{properties: {data: {$ref: "#/components/schemas/Tag", x-source: assumed}}}]}}}
  schemas:
    TagCreate:
      required: [name]
      properties:
        name: {type: string, x-source: assumed, x-reference: that name}
        colour: {type: [string, "null"], x-source: documented, x-reference: that colour}
    Tag:
      properties:
        made_at: {type: string, format: date-time, x-source: assumed, x-assumption: A9}
`))
	require.NoError(t, err)
	document := string(render(contract))
	for _, row := range []string{
		"| [POST /tag](#post-tag) | **documented** | `Tags.Create` |",
		"| [DELETE /tag](#delete-tag) | assumed | `Tags.Delete` |",
		"| `TAG_EXISTS` | 409 | a tag \\| exists | [DELETE /tag](#delete-tag) |",
		"| Operation | `POST /tag`: “POST /tag” |  |",
		"| Sent | `colour` string or null: “that colour” | `name`* string: “that name” |",
		"| Answered |  | 200 (A3)<br>`data` [Tag](#tag) |",
		"| Refused | 409 `TAG_EXISTS` |  |",
		"| Operation |  | `DELETE /tag` (A5) |",
		"| Sent | `tag_id`* integer: “missing tag_id” (here: A6) | `name` list of string |",
		"| Refused |  | 409 `TAG_EXISTS` |",
		"Exactly one of `tag_id`, `name` must be sent.",
		"| `made_at` | timestamp | assumed (A9) |  |",
	} {
		require.Contains(t, document, "\n"+row+"\n")
	}
}
