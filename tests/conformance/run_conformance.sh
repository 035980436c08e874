#!/usr/bin/env bash
# Runs the gRPC conformance suite (connectrpc.com/conformance) against conformance_server: every
# case that conformance.yaml selects; none is listed as known to fail.
#
#   run_conformance.sh BUILD_DIR
set -euo pipefail

if [[ $# -ne 1 ]]; then
  echo "usage: run_conformance.sh BUILD_DIR" >&2
  exit 1
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
server=$1/tests/conformance_server
if [[ ! -x $server ]]; then
  echo "$server is not there: build the target conformance_server" >&2
  exit 1
fi
runner=$(command -v connectconformance || echo "$(go env GOPATH)/bin/connectconformance")
if [[ ! -x $runner ]]; then
  echo "connectconformance is not installed:" \
    "go install connectrpc.com/conformance/cmd/connectconformance@v1.0.7" >&2
  exit 1
fi

output=$(mktemp)
trap 'rm -f "$output"' EXIT
status=0
"$runner" --mode server --conf "$here/conformance.yaml" -- "$server" >"$output" 2>&1 || status=$?
cat "$output"

# The runner ends with "Total cases: N", "P passed, F failed".
total=$(sed -n 's/.*Total cases: \([0-9]*\).*/\1/p' "$output" | tail -n 1)
passed=$(sed -n 's/.*\b\([0-9][0-9]*\) passed.*/\1/p' "$output" | tail -n 1)
passed=${passed:-0}
failed=$((${total:-0} - passed))
echo "$passed passed, $failed failed"
exit $((status != 0 || failed != 0 || passed == 0))
