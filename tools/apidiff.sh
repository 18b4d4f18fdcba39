#!/usr/bin/env bash
# Compares the exported API of each module that is released with that of its
# last tag, and fails where a change breaks its users. Before version 1.0 it only
# tells.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOWORK=off

old=$(mktemp -d)
trap 'git worktree remove --force "$old/tree" 2>/dev/null || true; rm -rf "$old"' EXIT
broken=0

# compare MODULE PACKAGE... ; the module by its directory, the packages from there.
compare() {
	local module=$1 prefix tag package name changes
	shift
	[ "$module" = . ] && prefix= || prefix=$module/
	tag=$(git describe --tags --abbrev=0 --match "${prefix}v*" 2>/dev/null || true)
	if [ -z "$tag" ]; then
		echo "apidiff: there is no tag ${prefix}v… yet, so there is nothing to compare $module with"
		return
	fi
	(cd tools && go build -o ../bin/ golang.org/x/exp/cmd/apidiff)
	git worktree add --quiet --detach "$old/tree" "$tag"
	for package in "$@"; do
		(cd "$old/tree/$module" && "$OLDPWD/bin/apidiff" -w "$old/api.export" "$package")
		changes=$(cd "$module" && "$OLDPWD/bin/apidiff" -incompatible "$old/api.export" "$package")
		name=$prefix$package name=${name%/.} name=${name#./}
		if [ -z "$changes" ]; then
			echo "apidiff: $name is compatible with $tag"
			continue
		fi
		printf 'apidiff: %s breaks users of %s:\n%s\n' "$name" "$tag" "$changes"
		case "$tag" in "${prefix}v0."*) ;; *) broken=1 ;; esac
	done
	git worktree remove --force "$old/tree"
}

compare . . ./funneltest
for mod in funnel*/go.mod; do
	module=${mod%/go.mod}
	[ "$(cd "$module" && go list -f '{{.Name}}' .)" = main ] || compare "$module" . # a program has no API
done
exit $broken
