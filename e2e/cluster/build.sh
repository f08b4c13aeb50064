#!/bin/sh
# Builds majordomo-cluster into the given file, by default bin/majordomo-cluster of the repository.
# Clients read the version of Kubernetes from the linked-in one, so that is told to the linker.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../bin/majordomo-cluster}
mkdir -p "$(dirname "$out")"
out=$(cd "$(dirname "$out")" && pwd)/$(basename "$out")
cd "$here"
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
major=$(echo "${version#v}" | cut -d. -f1)
minor=$(echo "${version#v}" | cut -d. -f2)
pkg=k8s.io/component-base/version
trap 'rm -f "$out.$$"' EXIT
CGO_ENABLED=0 go build -o "$out.$$" -ldflags \
	"-s -w -X $pkg.gitVersion=$version -X $pkg.gitMajor=$major -X $pkg.gitMinor=$minor -X $pkg.gitTreeState=clean" .
mv "$out.$$" "$out"
