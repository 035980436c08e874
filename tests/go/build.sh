#!/usr/bin/env bash
# Builds a program of this module: build.sh PACKAGE OUTPUT. Or runs go vet over all of them: build.sh --vet. Generates the
# API's Go code first. The module in kubernetes/ is not vetted: go vet would analyze all of Kubernetes.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
package=$1
output=$(realpath -m "${2:-.}")

# One at a time: tests that run side by side would read code that is being generated.
exec {lock}<"$here"
flock "$lock"

proto=investsuite/credentialbroker/v1/credential_broker.proto
go_package=example.com/credential-broker/tests/go/credentialbrokerpb
mapping="M$proto=$go_package"
PATH="$root/.tools/bin:$PATH:$(go env GOPATH)/bin" protoc -I "$root/proto" \
  --go_out="$here" --go_opt=module=example.com/credential-broker/tests/go --go_opt="$mapping" \
  --go-grpc_out="$here" --go-grpc_opt=module=example.com/credential-broker/tests/go \
  --go-grpc_opt="$mapping" "$proto"
cd "$here"
if [[ $package == --vet ]]; then
  exec go vet ./...
fi
go build -trimpath -o "$output" "./$package"
