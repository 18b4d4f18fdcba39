#!/usr/bin/env bash
# Lists the licences of everything that the released modules, given by their directories,
# link into programs. It writes Markdown to stdout, and fails if a licence is not allowed.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOWORK=off

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd tools && go build -o ../bin/ go.elastic.co/go-licence-detector)
for module in "$@"; do
	(
		cd "$module"
		go list ./... | grep -v /internal/ | GOOS=linux GOARCH=amd64 xargs go list -deps -f '{{with .Module}}{{if not (or .Main .Replace)}}{{.Path}}{{end}}{{end}}' |
			sort -u | xargs go list -m -f '{"Path":"{{.Path}}","Version":"{{.Version}}","Dir":"{{.Dir}}"}'
	)
done | sort -u >"$work/modules.json"
bin/go-licence-detector -in "$work/modules.json" -rules tools/licences/rules.json \
	-depsTemplate tools/licences/licences.md.tmpl -depsOut "$work/licences.md"
cat "$work/licences.md"
