#!/bin/sh
# Lints the .proto files and writes their Go code beside them. The first run builds buf,
# which takes some minutes.
set -eu
cd "$(dirname "$0")/../.."
export GOTOOLCHAIN=local
buf() { go tool -modfile=tools/proto/buf/go.mod buf "$@"; }
buf lint proto
buf generate --template proto/buf.gen.yaml proto
