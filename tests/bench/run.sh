#!/usr/bin/env bash
# Called by ./dev bench, which has built the servers:
#   run.sh [NAME] [--write-docs] [--seconds N] [--rounds N] | soak [--minutes N] [--seed N] | log
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
out=build/bench
python=${PYTHON:-python3}
mkdir -p "$out"
case ${1-} in
  soak) exec "$python" tests/bench/soak.py "${@:2}" ;;
  log) exec build/release/tests/bench_log ;;
esac
for program in bench_server load_client watch_client; do
  tests/go/build.sh "$program" "$out/$program"
done
exec "$python" tests/bench/run.py "$@"
