# Sourced by ./dev: test and check, and the suites that they are made of.
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

# ---- test ------------------------------------------------------------------------------------------------

run_tests() {
  local level=test
  while (($#)); do
    case $1 in
      --full) level=full ;;
      -*) fail "test does not know \"$1\"" "See ./dev help." ;;
      *) FILTER=$1 ;;
    esac
    shift
  done
  need "$level"
  if [[ $level == full ]]; then
    stage test-full
    long_suites
  else
    stage test
    if prepare build.release build_preset release; then
      say "==> Testing release"
      suites_of_preset release
      conformance_suites release
    fi
  fi
  report
}

# wanted NAME: whether the filter lets the whole suite of that name run.
wanted() { [[ ! $FILTER || $1 == *"$FILTER"* ]]; }

# Whether the filter names a suite; if not, it names single tests.
names_a_suite() {
  local suites=(asan tsan walk instructions attacks endurance h2spec soak conformance interop integration faults kubernetes chart image cluster tests/*/ tests/fuzz/*/) suite
  for suite in "${suites[@]}"; do
    suite=${suite%/}
    suite=${suite/#tests\/fuzz\//fuzz.}
    if [[ ${suite/#tests\//unit.} == *"$FILTER"* ]]; then return; fi
  done
  return 1
}

# suites_of_preset PRESET: every unit test program, then the tests in Python against the preset's binary.
suites_of_preset() {
  local preset=$1 build=$ROOT/build/$1 prefix='' program name filter environment
  if [[ $preset != release ]]; then prefix=$preset.; fi
  mapfile -t environment < <(environment_of "$preset")
  for program in "$build"/tests/*_test; do
    if [[ ! -x $program ]]; then continue; fi
    name=${program##*/}
    name=${prefix}unit.${name%_test}
    # It is about gRPC's client, with gRPC's server beside it: Debian's library is not instrumented, and all that its
    # threads do would look like a race.
    if [[ $name == tsan.unit.cli ]]; then continue; fi
    if ! wanted "$name" && names_a_suite; then continue; fi
    filter=$(filter_for "$name" '--gtest_filter=*%s*')
    suite_in_background "$name" gtest 600 env "${environment[@]}" "$program" --gtest_color=no ${filter:+"$filter"}
  done
  wait
  python_suite "$preset" integration
  python_suite "$preset" faults
  # They are about rules and queries, not about the binary's memory.
  if [[ $preset == release ]]; then python_suite release alerts; fi
  # Its programs take minutes to build: not for the short half.
  if [[ $preset == asan ]]; then python_suite "$preset" kubernetes; fi
}

# python_suite PRESET FOLDER: the tests of tests/FOLDER against the preset's binary.
python_suite() {
  local preset=$1 folder=$2 build=$ROOT/build/$1 name=$2 filter environment
  if [[ $preset != release ]]; then name=$preset.$folder; fi
  if [[ ! -d tests/$folder ]]; then return; fi
  if ! wanted "$name" && names_a_suite; then return; fi
  mapfile -t environment < <(environment_of "$preset")
  filter=$(filter_for "$name" '-k%s')
  suite "$name" pytest 1500 env "${environment[@]}" CREDENTIAL_BROKER_BINARY="$build/bin/credential-broker" \
    CREDENTIAL_BROKER_BUILD_DIR="$build" GRPCURL="$TOOLS/bin/grpcurl" \
    pytest -ra --color=no -p no:cacheprovider -n $((CORES * 3)) --dist load ${filter:+"$filter"} "tests/$folder"
}

# filter_for SUITE FORMAT: the runner's own flag, where only single tests of that suite are wanted.
filter_for() {
  # shellcheck disable=SC2059  # the format is ours
  if ! wanted "$1"; then printf -- "$2" "$FILTER"; fi
}

# The settings of the sanitizers that a preset is built with, one NAME=VALUE a line.
environment_of() {
  local support=$ROOT/tests/support
  case $1 in
    asan)
      echo "ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"
      echo "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
      ;;
    tsan)
      echo "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=$support/tsan.supp"
      echo "CREDENTIAL_BROKER_CLIENT_BINARY=$ROOT/build/release/bin/credential-broker"
      ;;
  esac
}

# Other people's suites, run against servers built on our rooms; these scripts print their own counts.
conformance_suites() {
  local name
  for name in conformance interop; do
    script_suite "$1" "$name" counted 600 "tests/conformance/run_$name.sh" "build/$1"
  done
}

# script_suite PRESET NAME KIND LIMIT SCRIPT ARGUMENT…: that suite, where the script is there and the filter lets it. Under
# a sanitizer it also fails on a report of any of its processes.
script_suite() {
  local name=$2 command=(bash "${@:5}") environment
  if [[ $1 != release ]]; then
    name=$1.$2
    mapfile -t environment < <(environment_of "$1")
    command=(env "${environment[@]}" bash tests/support/under_sanitizer.sh "${command[@]}")
  fi
  if [[ -e $5 ]] && wanted "$name"; then suite "$name" "$3" "$4" "${command[@]}"; fi
}

long_suites() {
  local preset
  debian13_suites
  if [[ $FILTER == debian13* ]]; then return; fi
  prepare build.release build_preset release || return 0
  python_suite release endurance
  python_suite release chart
  image_suite
  cluster_suite
  for preset in asan tsan; do
    if prepare "build.$preset" build_preset "$preset"; then
      say "==> Testing under $preset"
      suites_of_preset "$preset"
    fi
  done
  walk_suites 30
  fuzz_suites 30
  attack_suite release
  attack_suite asan
  say "==> Counting instructions, HTTP/2 conformance"
  script_suite release instructions exit 900 tests/bench/instructions_check.sh build/release
  for preset in release asan; do
    script_suite "$preset" h2spec counted 600 tests/conformance/run_h2spec.sh "build/$preset"
  done
  conformance_suites asan
  if wanted soak; then
    say "==> Soaking for a minute"
    suite soak counted 300 env CREDENTIAL_BROKER_BINARY="$ROOT/build/release/bin/credential-broker" \
      python tests/bench/soak.py --minutes 1
  fi
}

# The container images, built on Debian 13 and run by a Docker daemon of the tests' own; as root. What Docker keeps for the
# next build is in the cache.
image_suite() {
  local filter
  if ! wanted image && names_a_suite; then return; fi
  say "==> Building and testing the container images"
  if ! prepare image.base debian13_base_tar >"$STAGE/image.base"; then return; fi
  filter=$(filter_for image '-k%s')
  suite image pytest 2400 env CREDENTIAL_BROKER_DEBIAN13_TAR="$(<"$STAGE/image.base")" \
    CREDENTIAL_BROKER_DOCKER_DATA="$CACHE/docker" GRPCURL="$TOOLS/bin/grpcurl" \
    pytest -ra --color=no -p no:cacheprovider --durations=5 ${filter:+"$filter"} tests/image
}

# The chart on a real Kubernetes node; one test after another, since they share it. Without root it fails and says so.
cluster_suite() {
  local build=$ROOT/build/release filter
  if ! wanted cluster && names_a_suite; then return; fi
  say "==> Testing on Kubernetes"
  filter=$(filter_for cluster '-k%s')
  suite cluster pytest 900 env CREDENTIAL_BROKER_BINARY="$build/bin/credential-broker" \
    CREDENTIAL_BROKER_CLUSTER_LOGS="$STAGE/cluster" \
    pytest -ra --color=no -p no:cacheprovider --durations=0 ${filter:+"$filter"} tests/cluster
}

# attack_suite PRESET: one attack at a time, for each is timed. Under a sanitizer bounds on time and memory do not hold
# (tests/support/attack_target.py), so that several run at once; what it finds in the broker is a failure.
attack_suite() {
  local build=$ROOT/build/$1 name=attacks at_once=0 filter environment
  if [[ $1 != release ]]; then
    name=$1.attacks
    at_once=$((CORES * 2))
  fi
  if ! wanted "$name" && names_a_suite; then return; fi
  say "==> Attacking $1"
  mapfile -t environment < <(environment_of "$1")
  filter=$(filter_for "$name" '-k%s')
  suite "$name" pytest 1200 env "${environment[@]}" CREDENTIAL_BROKER_BINARY="$build/bin/credential-broker" \
    pytest -ra --color=no -p no:cacheprovider -n "$at_once" --dist load ${filter:+"$filter"} tests/attacks
}

# walk_suites SECONDS [FLAG…]: the random walk for that long under each sanitizer, after the seeds that found something once.
walk_suites() {
  local seconds=$1 preset environment
  say "==> Walking at random, $seconds s each"
  for preset in asan tsan; do
    mapfile -t environment < <(environment_of "$preset")
    if ! wanted "$preset.walk"; then continue; fi
    suite_in_background "$preset.walk" counted $((2 * seconds + 120)) env "${environment[@]}" \
      "build/$preset/tests/walk_front" --seeds tests/walk/seeds.txt --seconds "$seconds" "${@:2}"
  done
  wait
}

# fuzz_suites SECONDS: each fuzzer for that long. What it finds new is kept in build/, the corpus is only read.
fuzz_suites() {
  local seconds=$1 program name found environment
  say "==> Fuzzing, $seconds s each"
  mapfile -t environment < <(environment_of asan)
  for program in build/asan/fuzz/*_fuzz; do
    if [[ ! -x $program ]]; then continue; fi
    name=${program##*/}
    name=${name%_fuzz}
    if ! wanted "fuzz.$name"; then continue; fi
    found=build/fuzz/$name
    mkdir -p "$found" "tests/fuzz/corpus/$name"
    suite_in_background "fuzz.$name" exit $((seconds + 120)) env "${environment[@]}" "$program" \
      -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="$STAGE/fuzz.$name." "$found" "tests/fuzz/corpus/$name"
  done
  wait
}

# ---- walk ------------------------------------------------------------------------------------------------

# walk [--minutes N] [--seed N]: the random walk and the fuzzer of the same code, for longer than a test may take.
run_walk() {
  local minutes=5 preset flags=()
  while (($#)); do
    case $1 in
      --minutes) minutes=${2:-} ;;
      --seed) flags+=(--seed "${2:-}") ;;
      *) fail "walk does not know \"$1\"" "See ./dev help." ;;
    esac
    if [[ ! ${2:-} =~ ^[0-9]+$ ]]; then fail "$1 needs a number" "For example: ./dev walk --minutes 60"; fi
    shift 2
  done
  need test
  stage walk
  if prepare build.asan build_preset asan walk_front h2_worker_fuzz && prepare build.tsan build_preset tsan walk_front; then
    walk_suites $((minutes * 60)) "${flags[@]}"
    FILTER=fuzz.h2_worker
    fuzz_suites $((minutes * 60))
  fi
  report
}

# ---- check -------------------------------------------------------------------------------------------------

check() {
  if [[ $(codename) != bookworm ]]; then
    fail "./dev check runs on Debian 12 only: clang-format, clang and shellcheck of other releases find other things" \
      "Use such a machine or container, or leave it to CI."
  fi
  need test
  stage check
  say "==> Checking"
  project_files '*.cc' '*.h' >"$STAGE/sources"
  suite format exit 300 xargs -a "$STAGE/sources" clang-format --dry-run -Werror
  project_files | xargs grep -lE '^#!.*\b(ba)?sh\b' >"$STAGE/scripts"
  suite shellcheck exit 300 xargs -a "$STAGE/scripts" shellcheck -x
  suite buf-lint exit 300 buf lint proto
  suite hadolint exit 300 hadolint docker/Dockerfile
  suite rules exit 300 python tools/rules.py
  if prepare build.release build_preset release; then
    suite docs exit 300 python tools/docs.py build/release/bin/credential-broker
  fi
  if prepare build.tidy build_for_tidy; then
    say "==> clang-tidy: minutes at first, then only what has changed"
    suite clang-tidy exit 3000 python tools/tidy.py build/tidy "$CACHE/tidy"
  fi
  report
}

# Files of the project that match, those included that git does not know yet.
project_files() { git ls-files --cached --others --exclude-standard --deduplicate -- "$@" | while read -r file; do
  if [[ -f $file ]]; then echo "$file"; fi
done; }

# The program, each source compiled by itself as a packager does, and the generated headers that tests include.
build_for_tidy() {
  local headers
  step "Configuring tidy" "Where a library was not found: ./dev setup" cmake --preset tidy
  mapfile -t headers < <(ninja -C build/tidy -t targets all | sed -nE 's/^(protos\/.*\.pb\.h): .*/\1/p')
  build_preset tidy credential-broker "${headers[@]}"
}

