#!/usr/bin/env bash
# Everything side by side: run.sh [NAME] [--write-docs] [--seconds N] [--rounds N]; run.sh soak [--minutes N]; run.sh log
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
out=build/bench
python=${PYTHON:-python3}
mkdir -p "$out"
cmake --build --preset release --target credential-broker bench_grpcpp_server bench_log >"$out/build.log"
case ${1-} in
  soak) exec "$python" tests/bench/soak.py "${@:2}" ;;
  log) exec build/release/tests/bench_log ;;
esac
for program in bench_server load_client watch_client; do
  tests/go/build.sh "$program" "$out/$program"
done
exec "$python" tests/bench/run.py "$@"
