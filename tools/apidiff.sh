#!/usr/bin/env bash
# Compares the exported API with that of the last tag and fails where a change
# breaks its users. Before version 1.0 it only tells.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOWORK=off

tag=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null || true)
if [ -z "$tag" ]; then
	echo "apidiff: there is no tag yet, so there is nothing to compare with"
	exit 0
fi
(cd tools && go build -o ../bin/ golang.org/x/exp/cmd/apidiff)
old=$(mktemp -d)
trap 'git worktree remove --force "$old"' EXIT
git worktree add --quiet --detach "$old" "$tag"
for package in . funneltest; do
	(cd "$old" && "$OLDPWD/bin/apidiff" -w "$old/api.export" "./$package")
	changes=$(bin/apidiff -incompatible "$old/api.export" "./$package")
	if [ -z "$changes" ]; then
		echo "apidiff: $package is compatible with $tag"
		continue
	fi
	printf 'apidiff: %s breaks users of %s:\n%s\n' "$package" "$tag" "$changes"
	case "$tag" in v0.*) ;; *) exit 1 ;; esac
done
