#!/usr/bin/env bash
# Instructions of one GetToken, counted by callgrind, which repeats whatever else the machine does: fails when they
# grow by more than 5% over tests/bench/instructions.txt. After a change that is meant: --record.
#
#   instructions_check.sh BUILD_DIR [--record]
set -euo pipefail

if (($# < 1)); then
  echo "usage: instructions_check.sh BUILD_DIR [--record]" >&2
  exit 1
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=$1/bin/credential-broker
path=/investsuite.credentialbroker.v1.CredentialBrokerService/GetToken
folder=$(mktemp -d)
broker_pid=
trap 'if [[ $broker_pid ]]; then kill "$broker_pid" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
printf '\0\0\0\0\0' >"$folder/empty-message"

# count CALLS: the instructions of a whole run that serves so many, one after the other on one connection.
count() {
  local line address=
  exec {log}< <(exec valgrind --tool=callgrind --callgrind-out-file=/dev/null \
    "$binary" serve --dev --listen 127.0.0.1:0 2>&1 & echo "pid $!"; wait)
  while IFS= read -r -t 120 -u "$log" line; do
    if [[ $line == "pid "* ]]; then broker_pid=${line#pid }; fi
    if [[ $line =~ \"grpc\":\"([^\"]+)\" ]]; then address=${BASH_REMATCH[1]}; fi
    if [[ $line == *token_obtained* ]]; then break; fi
  done
  h2load -n "$1" -c 1 -m 1 -t 1 -d "$folder/empty-message" -H 'content-type: application/grpc' \
    -H 'te: trailers' "http://$address$path" >"$folder/h2load.log"
  grep -q "$1 succeeded, 0 failed" "$folder/h2load.log"
  kill -TERM "$broker_pid"
  broker_pid=
  while IFS= read -r -t 120 -u "$log" line; do
    if [[ $line =~ Collected\ :\ ([0-9]+) ]]; then echo "${BASH_REMATCH[1]}"; fi
  done
  exec {log}<&-
}

few=$(count 500)
many=$(count 4500)
per_call=$(((many - few) / 4000))
if [[ ${2-} == --record ]]; then echo "$per_call" >"$here/instructions.txt"; fi
recorded=$(<"$here/instructions.txt")
echo "$per_call instructions a GetToken (recorded: $recorded; plaintext, one in flight)"
if ((per_call * 100 > recorded * 105)); then
  echo "more than 5% over the recorded figure: mend it, or record the new one with --record" >&2
  exit 1
fi
