# Sourced by ./dev: how a suite is run, counted and reported. tools/suites.txt lists the suites.
# shellcheck shell=bash

# Each suite leaves build/logs/STAGE/NAME.log and NAME.result ("passed failed skipped seconds").
STAGE=
FILTER=

stage() {
  STAGE=$LOGS/$1
  rm -rf "$STAGE"
  mkdir -p "$STAGE"
}

# suite NAME KIND LIMIT COMMAND…: runs it for at most LIMIT seconds. KIND tells how its results are counted:
# gtest, pytest, counted (last line "N passed, N failed") or exit (one result, the exit status).
suite() {
  local name=$1 kind=$2 limit=$3 started status=0 passed failed skipped
  local log=$STAGE/$1.log
  shift 3
  started=$(now_ms)
  timeout --kill-after=10 "$limit" "$@" >"$log" 2>&1 </dev/null || status=$?
  # 5 is pytest's word for: the filter chose nothing here.
  if [[ $kind == pytest && $FILTER ]] && ((status == 5)); then return; fi
  read -r passed failed skipped < <("count_$kind" "$log" "$status")
  if ((status == 124 || status == 137)); then echo "stopped: not done after $limit s" >>"$log"; fi
  # A crash, a leak found at the end, a suite that ran nothing: not one test's failure, but a failure.
  if ((failed == 0 && status != 0)); then failed=1; fi
  if ((passed + failed + skipped == 0)); then
    if [[ $FILTER ]]; then return; fi
    echo "no test ran" >>"$log"
    failed=1
  fi
  echo "$passed $failed $skipped $(seconds_since "$started")" >"$STAGE/$name.result"
  if ((failed > 0)); then
    say "    FAILED  $name"
    tail -n 40 "$log" | sed 's/^/      /' >&2
  else
    say "    ok      $name ($passed, $(seconds_since "$started"))"
  fi
}

count_gtest() {
  # Of the lines of single tests: they are there too when the program crashes half-way.
  awk '/^\[       OK \]/ { p++ } /^\[  FAILED  \] .* \([0-9]+ ms\)$/ { f++ }
       /^\[  SKIPPED \] .* \([0-9]+ ms\)$/ { s++ } /^  YOU HAVE [0-9]+ DISABLED/ { s += $3 }
       END { print p + 0, f + 0, s + 0 }' "$1"
}

count_pytest() {
  grep -E '^=* ?[0-9]+ .* in [0-9.]+s' "$1" | tail -n 1 | grep -oE '[0-9]+ [a-z]+' | awk '
       $2 == "passed" { p = $1 } $2 == "failed" || $2 ~ /^error/ { f += $1 }
       $2 == "skipped" || $2 ~ /^x(failed|passed)/ { s += $1 } END { print p + 0, f + 0, s + 0 }'
}

count_counted() {
  grep -oE '[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?' "$1" | tail -n 1 |
    awk '{ p = $1; f = $3; s = $5 } END { print p + 0, f + 0, s + 0 }'
}

count_exit() { if (($2 == 0)); then echo 1 0 0; else echo 0 1 0; fi; }

# As suite, in the background; not more of them at once than there are cores. End with `wait`.
suite_in_background() {
  while (($(jobs -pr | wc -l) >= CORES)); do wait -n || true; done
  suite "$@" &
}

# Prints the table of the stage and its last line; false where anything failed.
report() {
  local result name passed failed skipped seconds all_passed=0 all_failed=0 all_skipped=0 line
  printf '\n%-32s %8s %8s %8s %10s\n' "${STAGE##*/}" passed failed skipped time
  for result in "$STAGE"/*.result; do
    if [[ ! -e $result ]]; then break; fi
    read -r passed failed skipped seconds <"$result"
    name=${result##*/}
    printf '%-32s %8d %8d %8d %10s\n' "${name%.result}" "$passed" "$failed" "$skipped" "$seconds"
    all_passed=$((all_passed + passed))
    all_failed=$((all_failed + failed))
    all_skipped=$((all_skipped + skipped))
  done
  if ((all_failed > 0)); then say "The logs of what failed: ${STAGE#"$ROOT"/}/NAME.log"; fi
  if ((all_passed + all_failed + all_skipped == 0)); then say "No test matches \"$FILTER\"."; fi
  line="$all_passed passed, $all_failed failed"
  if ((all_skipped > 0)); then line+=", $all_skipped skipped"; fi
  printf '\n%s\n' "$line"
  ((all_failed == 0 && all_passed > 0))
}

# What has to be there before the suites can run counts as one of them where it fails.
prepare() {
  local name=$1
  shift
  if "$@"; then return; fi
  echo "0 1 0 -" >"$STAGE/$name.result"
  return 1
}
