#!/usr/bin/env bash
# Instructions of one GetToken, counted by callgrind: fails when they grow by more than 5% over
# tests/bench/instructions.txt, or beyond MAX_INSTRUCTIONS. After an intended change within that maximum: --record.
# Calls within a millisecond share a response, so a busy machine, where they come more slowly, counts up to an eighth more:
# the least of five counts is compared.
#
#   instructions_check.sh BUILD_DIR [--record]
set -euo pipefail
# Makes a failing count end the script although it runs in $(…).
shopt -s inherit_errexit

# What a GetToken cost before connections and streams had owners that prevent their use after free, rounded down (31,633).
# The relative bound moves with each --record; this one does not, so that protection of the front never makes calls
# more expensive.
MAX_INSTRUCTIONS=31600

if (($# < 1)); then
  echo "usage: instructions_check.sh BUILD_DIR [--record]" >&2
  exit 1
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=$1/bin/credential-broker
path=/investsuite.credentialbroker.v1.CredentialBrokerService/GetToken
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '\0\0\0\0\0' >"$folder/empty-message"

# count CALLS: the instructions of a whole run that serves so many calls, one after the other on one connection. One call
# before them checks grpc-status, which h2load ignores. Runs in a subshell, $(count …).
count() {
  local line address=''
  broker_pid=
  trap 'if [[ $broker_pid ]]; then kill "$broker_pid" 2>/dev/null || true; fi' EXIT
  exec {log}< <(exec valgrind --tool=callgrind --callgrind-out-file=/dev/null \
    "$binary" serve --dev --listen 127.0.0.1:0 2>&1 & echo "pid $!"; wait)
  while IFS= read -r -t 120 -u "$log" line; do
    if [[ $line == "pid "* ]]; then broker_pid=${line#pid }; fi
    if [[ $line =~ \"grpc\":\"([^\"]+)\" ]]; then address=${BASH_REMATCH[1]}; fi
    if [[ $line == *token_obtained* ]]; then break; fi
  done
  if [[ ! $address ]]; then fail "$binary did not start under valgrind"; fi
  nghttp -v -d "$folder/empty-message" -H 'content-type: application/grpc' -H 'te: trailers' "http://$address$path" \
    >"$folder/nghttp.log"
  grep -q 'grpc-status: 0$' "$folder/nghttp.log" || fail "GetToken failed: $(grep grpc- "$folder/nghttp.log")"
  h2load -n "$1" -c 1 -m 1 -t 1 -d "$folder/empty-message" -H 'content-type: application/grpc' \
    -H 'te: trailers' "http://$address$path" >"$folder/h2load.log"
  grep -q " $1 succeeded, 0 failed" "$folder/h2load.log" || fail "of $1 calls: $(grep succeeded "$folder/h2load.log")"
  kill -TERM "$broker_pid"
  broker_pid=
  while IFS= read -r -t 120 -u "$log" line; do
    if [[ $line =~ Collected\ :\ ([0-9]+) ]]; then echo "${BASH_REMATCH[1]}"; fi
  done
  exec {log}<&-
}

fail() {
  echo "$1" >&2
  exit 1
}

recorded=$(<"$here/instructions.txt")

too_many() { (($1 > MAX_INSTRUCTIONS || $1 * 100 > recorded * 105)); }

per_call=
for _ in 1 2 3 4 5; do
  few=$(count 500)
  many=$(count 4500)
  counted=$(((many - few) / 4000))
  # Half the recorded figure means more likely that calls were not served than that they became that cheap.
  if ((counted * 2 < recorded)); then
    fail "nothing was measured: ${few:-no} instructions for 500 calls, ${many:-no} for 4,500. If the figure is right, edit instructions.txt."
  fi
  if [[ ! $per_call ]] || ((counted < per_call)); then per_call=$counted; fi
  if ! too_many "$per_call"; then break; fi
done
echo "$per_call instructions a GetToken (recorded: $recorded, maximum: $MAX_INSTRUCTIONS; plaintext, one in flight)"
if ((per_call > MAX_INSTRUCTIONS)); then
  fail "more than the maximum: find the instructions that were added; --record does not raise it"
fi
if [[ ${2-} == --record ]]; then
  echo "$per_call" >"$here/instructions.txt"
elif too_many "$per_call"; then
  fail "more than 5% over the recorded figure: fix it, or record the new one with --record"
fi
