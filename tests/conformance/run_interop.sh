#!/usr/bin/env bash
# Runs the cases of grpc-go's interop client that need neither compression nor a cloud account
# against interop_server.
#
#   run_interop.sh BUILD_DIR
set -euo pipefail

readonly CASES=(
  empty_unary large_unary client_streaming server_streaming ping_pong empty_stream
  timeout_on_sleeping_server cancel_after_begin cancel_after_first_response
  status_code_and_message special_status_message unimplemented_method unimplemented_service
  custom_metadata
)
readonly CASE_SECONDS=30

if [[ $# -ne 1 ]]; then
  echo "usage: run_interop.sh BUILD_DIR" >&2
  exit 1
fi
server=$1/tests/interop_server
if [[ ! -x $server ]]; then
  echo "$server is not there: build the target interop_server" >&2
  exit 1
fi
# Its name is too common to be looked for in PATH alone.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
client=$here/../../.tools/bin/client
if [[ ! -x $client ]]; then client=$(go env GOPATH)/bin/client; fi
if [[ ! -x $client ]]; then
  echo "the interop client is not installed: go install google.golang.org/grpc/interop/client" >&2
  exit 1
fi

exec {port_of_server}< <(exec "$server" --port 0)
server_pid=$!
trap 'kill "$server_pid" 2>/dev/null && wait "$server_pid" || true' EXIT
if ! read -r -t 10 -u "$port_of_server" port; then
  echo "interop_server told no port within 10 s" >&2
  exit 1
fi

passed=0
failed=0
for name in "${CASES[@]}"; do
  if output=$(timeout "$CASE_SECONDS" "$client" --server_host=127.0.0.1 --server_port="$port" \
    --test_case="$name" 2>&1); then
    echo "PASS $name"
    passed=$((passed + 1))
  else
    printf 'FAIL %s\n%s\n' "$name" "$output"
    failed=$((failed + 1))
  fi
done
echo "$passed passed, $failed failed"
exit $((failed != 0 || passed == 0))
