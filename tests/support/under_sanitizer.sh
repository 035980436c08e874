#!/usr/bin/env bash
# Runs a command, and fails where a sanitizer has reported something in any process that the command started, however that
# process ended and whoever reads its output.
#
#   under_sanitizer.sh COMMAND…
set -uo pipefail

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:log_path=$reports/asan
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-}:log_path=$reports/ubsan
export TSAN_OPTIONS=${TSAN_OPTIONS:-}:log_path=$reports/tsan

status=0
"$@" || status=$?
for report in "$reports"/*; do
  if [[ -s $report ]]; then
    cat "$report"
    status=1
  fi
done
exit "$status"
