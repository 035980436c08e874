#!/usr/bin/env bash
# Runs h2spec against the h2 room's echo server, over TLS.
#
#   run_h2spec.sh BUILD_DIR
set -euo pipefail

if [[ $# -ne 1 ]]; then
  echo "usage: run_h2spec.sh BUILD_DIR" >&2
  exit 1
fi
server=$1/tests/h2_hello_server
if [[ ! -x $server ]]; then
  echo "$server is not there: build the target h2_hello_server" >&2
  exit 1
fi
runner=$(command -v h2spec || echo "$(go env GOPATH)/bin/h2spec")
if [[ ! -x $runner ]]; then
  echo "h2spec is not installed: ./dev setup" >&2
  exit 1
fi

folder=$(mktemp -d)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
  -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null
exec {address_of_server}< <(exec "$server" --port 0 --tls-cert "$folder/cert.pem" \
  --tls-key "$folder/key.pem")
server_pid=$!
trap 'kill "$server_pid" 2>/dev/null && wait "$server_pid" || true; rm -rf "$folder"' EXIT
if ! read -r -t 10 -u "$address_of_server" address; then
  echo "h2_hello_server told no address within 10 s" >&2
  exit 1
fi

output=$("$runner" --tls --insecure --host 127.0.0.1 --port "${address##*:}" --timeout 5 || true)
printf '%s\n' "$output"
# "145 tests, 144 passed, 0 skipped, 1 failed"
if [[ ! $output =~ ([0-9]+)\ tests,\ ([0-9]+)\ passed,\ ([0-9]+)\ skipped,\ ([0-9]+)\ failed ]]; then
  echo "0 passed, 1 failed"
  exit 1
fi
passed=${BASH_REMATCH[2]}
failed=$((BASH_REMATCH[3] + BASH_REMATCH[4]))
echo "$passed passed, $failed failed"
exit $((failed != 0 || passed == 0))
