#!/usr/bin/env bash
# Builds the yardsticks and runs every benchmark side by side: run.sh [--seconds N] [--rounds N]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
out=build/bench
mkdir -p "$out"
cmake --build --preset release --target credential-broker bench_grpcpp_server bench_log >"$out/build.log"
for program in bench_server load_client; do
  tests/go/build.sh "$program" "$out/$program"
done
"${PYTHON:-python3}" tests/bench/run.py "$@"
printf '\n### Log and audit\n\n'
build/release/tests/bench_log 2>/dev/null
