#!/usr/bin/env bash
# Builds and tests the released modules, given by their directories, as a stranger gets
# them: from module zips, through a proxy in the file system, without replace directives and
# outside of this repository. It takes the last commit and the changes to files that git
# knows. It also compares the version in options.go with CHANGELOG.md and the tags.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOWORK=off

fail() { echo "release-check: $*" >&2; exit 1; }

number=$(sed -n 's/^const Version = "\(.*\)"$/\1/p' options.go)
version=v$number
[ -n "$number" ] || fail "there is no Version in options.go"
echo "== version $version"

# The newest section of the changelog is that of the version.
heading=$(grep -m 1 '^## ' CHANGELOG.md)
case $number in
*-dev) [ "$heading" = "## Unreleased" ] || fail "CHANGELOG.md begins with \"$heading\": want \"## Unreleased\"" ;;
*) [[ $heading =~ ^"## $number – "[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] || fail "CHANGELOG.md begins with \"$heading\": want \"## $number – YYYY-MM-DD\"" ;;
esac
changes=$(tools/apidiff.sh)
echo "$changes"
if grep -q 'breaks users' <<<"$changes"; then
	awk '/^## /{n++} n==1' CHANGELOG.md | grep -Eq '^### (Changed|Removed)$' ||
		fail "the API has breaking changes, and CHANGELOG.md has no section Changed or Removed for them"
fi

# All modules have the version's tag on the commit, or none has.
tags=$(git tag --points-at HEAD)
if [ -n "$tags" ]; then
	for module in "$@"; do
		tag=$version
		[ "$module" = . ] || tag=$module/$version
		grep -qx "$tag" <<<"$tags" || fail "the commit has tags, but not $tag"
	done
fi

# A new directory in each run, since the go command remembers what is in a module cache.
# With -trimpath the build cache does not depend on it.
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
mkdir -p "$work/source" "$work/proxy" "$work/bin"
commit=$(git stash create)
git archive "${commit:-HEAD}" | tar -x -C "$work/source"
(cd tools && go build -o ../bin/ ./asreleased)
modules=("$@")
(
	cd "$work/source"
	for module in "${modules[@]}"; do [ "$module" = . ] || cp LICENSE "$module/"; done # as the go command does
	"$OLDPWD/bin/asreleased" -proxy "$work/proxy" "$version" "${modules[@]}"
)

# Dependencies come from the module cache where it has them.
cache=$(go env GOMODCACHE)
export GOPROXY="file://$work/proxy,file://$cache/cache/download,$(go env GOPROXY)"
export GONOSUMDB=github.com/funnel-go GOMODCACHE="$work/cache" GOFLAGS="-mod=mod -trimpath" GOBIN="$work/bin"

for module in "${modules[@]}"; do
	path=$(sed -n 's/^module //p' "$work/source/$module/go.mod")
	stranger=$work/stranger/$module
	mkdir -p "$stranger"
	cd "$stranger"
	go mod init example.com/stranger 2>/dev/null
	echo "== $path: tests from the module cache"
	go get -t "$path/...@$version" 2>&1 | grep -v '^go: \(added\|downloading\)' || true
	[ "$(go list -m -f '{{.Version}}' "$path")" = "$version" ] || fail "go get has not added $path $version"
	go test -vet=off "$path/..."
	echo "== $path: tests on 386"
	CGO_ENABLED=0 GOARCH=386 go test -vet=off "$path/..."
	go mod verify >/dev/null || fail "the tests of $path changed files in the module cache"
	for program in $(go list -f '{{if eq .Name "main"}}{{.ImportPath}}{{end}}' "$path/..."); do
		case $program in */internal/*) continue ;; esac
		echo "== go install $program@$version"
		(cd "$work" && go install "$program@$version")
		go version -m "$GOBIN/$(basename "$program")" | grep -Eq "mod[[:space:]]+$path[[:space:]]+$version" ||
			fail "the program $program does not know its version"
	done
done
