#!/usr/bin/env bash
# Makes the commit and the tags of a release, for the version in options.go. The commit is a
# child of HEAD, on no branch. It differs in the go.mod files of the modules given: they
# require the version of each other and have no replace directives, which "go install"
# refuses. Nothing is pushed.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOWORK=off

version=v$(sed -n 's/^const Version = "\(.*\)"$/\1/p' options.go)
case $version in *-dev) echo "release: the version is $version: remove -dev in options.go" >&2; exit 1 ;; esac
[ -z "$(git status --porcelain)" ] || { echo "release: there are uncommitted changes" >&2; exit 1; }

(cd tools && go build -o ../bin/ ./asreleased)
program=$PWD/bin/asreleased
work=$(mktemp -d)
trap 'git worktree remove --force "$work/tree" 2>/dev/null || true; rm -rf "$work"' EXIT
git worktree add --quiet --detach "$work/tree" HEAD
(cd "$work/tree" && "$program" "$version" "$@" && git commit --quiet --all --message "Release $version")
commit=$(git -C "$work/tree" rev-parse HEAD)

tags=()
for module in "$@"; do
	[ "$module" = . ] && tags+=("$version") || tags+=("$module/$version")
done
for tag in "${tags[@]}"; do git tag --annotate --message "$tag" "$tag" "$commit"; done
# The library's tag starts the workflow. It goes alone: GitHub starts none for more than
# three tags at once.
echo "Publish the release with: git push origin ${tags[*]:1} && git push origin ${tags[0]}"
