# Sourced by ./dev: how a suite is run, counted and reported. tools/suites.txt lists the suites.
# shellcheck shell=bash

# Each suite leaves build/logs/STAGE/NAME.log and NAME.result ("passed failed skipped seconds").
STAGE=
FILTER=
SUITES=$ROOT/tools/suites.txt

stage() {
  STAGE=$LOGS/$1
  rm -rf "$STAGE"
  mkdir -p "$STAGE"
}

# suite NAME KIND LIMIT COMMAND…: runs it for at most LIMIT seconds. KIND is how its results are counted:
#   gtest, pytest, fuzz   from the output of these
#   counted               from its last line "N passed, N failed"
#   exit                  one result, the exit status
#   files=N, looked       one result, the exit status; its cases are N files, or the number in its line "looked at N …"
suite() {
  local name=$1 kind=$2 limit=$3 started status=0 passed failed skipped cases
  local log=$STAGE/$1.log
  shift 3
  started=$(now_ms)
  timeout --kill-after=10 "$limit" "$@" >"$log" 2>&1 </dev/null || status=$?
  # 5 is pytest's word for: the filter chose nothing here.
  if [[ $kind == pytest ]] && ((status == 5)) && ! wanted "$name"; then return; fi
  read -r passed failed skipped < <("count_${kind%=*}" "$log" "$status")
  if ((status == 124 || status == 137)); then echo "stopped: not done after $limit s" >>"$log"; fi
  # A crash, a leak found at the end, a suite that ran nothing: not one test's failure, but a failure.
  if ((failed == 0 && status != 0)); then failed=1; fi
  if ((passed + failed + skipped == 0)) && ! wanted "$name"; then return; fi
  case $kind in
    files=*) cases=${kind#*=} ;;
    looked) cases=$(sed -nE 's/^looked at ([0-9]+) .*/\1/p' "$log" | tail -n 1) ;;
    *) cases=$((passed + failed + skipped)) ;;
  esac
  # The minimum is not for single tests that a filter selects.
  if wanted "$name" && ! enough "$name" "${cases:-0}" >>"$log" && ((failed == 0)); then failed=1; fi
  echo "$passed $failed $skipped $(seconds_since "$started")" >"$STAGE/$name.result"
  if ((failed > 0)); then
    say "    FAILED  $name"
    { what_failed "$log"; tail -n 40 "$log"; } | sed 's/^/      /' >&2
  else
    say "    ok      $name ($passed, $(seconds_since "$started"))"
  fi
}

# what_failed LOG: the tests of pytest and GoogleTest that failed, with pytest's reasons: who sees no more than the first lines
# of a failure knows them.
what_failed() {
  grep -E '^(FAILED|ERROR) |^\[  FAILED  \] .* \([0-9]+ ms\)$' "$1" | cut -c 1-200 | head -n 20 || true
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
count_files() { count_exit "$@"; }
count_looked() { count_exit "$@"; }

# A fuzzer that executed fewer than 100 inputs fails: it did not run.
count_fuzz() {
  local units
  units=$(sed -nE 's/^stat::number_of_executed_units: *([0-9]+)$/\1/p' "$1" | tail -n 1)
  count_exit "$1" $(($2 != 0 || ${units:-0} < 100))
}

# wanted NAME: whether the filter selects the whole suite of that name.
wanted() { [[ ! $FILTER || $1 == *"$FILTER"* ]]; }

# suites_of RUN: prints the names of the suites in tools/suites.txt that belong to test, test-full, check or debian13.
suites_of() {
  listed "$SUITES" | awk -v run="$1" '{
    for (i = 3; i <= NF; i++) {
      if ($i == run && run != "debian13") print $1
      if (run == "test-full" && $i ~ /^[at]san(:[0-9]+)?$/) print substr($i, 1, 4) "." $1
      if (run == "debian13" && $i ~ /^(test|debian13)$/) print "debian13." $1
    }
  }'
}

# needs_of SUITE: prints the level of ./dev setup that a suite needs, then the targets of the build.
needs_of() {
  case $1 in
    # It runs other shells on the completion scripts.
    unit.cli) echo test "${1#unit.}_test" ;;
    unit.*) echo build "${1#unit.}_test" ;;
    without_ipv6) echo test "$(sed -nE 's/^room_test\((\w+).*/\1_test/p' tests/*/CMakeLists.txt | tr '\n' ' ')" ;;
    tools) echo test ;;
    conformance | interop) echo test "$1_server" ;;
    h2spec) echo test h2_hello_server ;;
    endurance) echo test credential-broker grpcpp_client ;;
    walk) echo test walk_front ;;
    fuzz.*) echo test "${1#fuzz.}_fuzz" ;;
    debian13*) echo full ;;
    kubernetes | chart | image | cluster) echo full credential-broker ;;
    *) echo test credential-broker ;;
  esac
}

# enough NAME CASES: whether that suite ran as many cases as tools/suites.txt requires; prints the reason where not.
enough() {
  local name=${1#debian13.} least
  least=$(listed "$SUITES" | awk -v name="${name#[at]san.}" -v sanitizer="${name%%.*}:" '$1 == name {
    least = $2
    for (i = 3; i <= NF; i++) if (index($i, sanitizer) == 1) least = substr($i, length(sanitizer) + 1)
    print least
  }')
  case $least in
    '') echo "tools/suites.txt has no line for $1: add it with its minimum number of cases" ;;
    =*)
      if (($2 == ${least#=})); then return; fi
      echo "$2 cases, and tools/suites.txt requires exactly ${least#=}"
      ;;
    *)
      if (($2 >= least)); then return; fi
      echo "$2 cases, and tools/suites.txt requires at least $least"
      ;;
  esac
  return 1
}

# Adds a failure for each suite of this stage that has no result.
add_missing_suites() {
  local run=${STAGE##*/} name
  # A failed build is the reason, and is reported.
  if [[ $FILTER ]] || compgen -G "$STAGE/build.*.result" >/dev/null; then return; fi
  while read -r name; do
    if [[ -e $STAGE/$name.result ]]; then continue; fi
    say "    MISSING $name: it is in tools/suites.txt and did not run"
    echo "0 1 0 -" >"$STAGE/$name.result"
  done < <(
    suites_of "$run"
    # debian13.result exists where Debian 13 could not be prepared, or was skipped for lack of root.
    if [[ $run == test-full && $(codename) != trixie && ! -e $STAGE/debian13.result ]]; then suites_of debian13; fi
  )
}

# As suite, in the background; not more of them at once than there are cores. End with `wait`.
suite_in_background() {
  while (($(jobs -pr | wc -l) >= CORES)); do wait -n || true; done
  suite "$@" &
}

# Prints the table of the stage and its last line; false where anything failed.
report() {
  local result name passed failed skipped seconds all_passed=0 all_failed=0 all_skipped=0 line
  add_missing_suites
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
