# Sourced by ./dev: test.
# shellcheck shell=bash

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

# Whether the filter names a suite; if not, it names single tests.
names_a_suite() { { suites_of test && suites_of test-full; } | grep -F -- "$FILTER" >/dev/null; }

# suites_of_preset PRESET: every unit test program, then the tests in Python against the preset's binary.
suites_of_preset() {
  local preset=$1 build=$ROOT/build/$1 prefix='' rooms room program name filter environment
  if [[ $preset != release ]]; then prefix=$preset.; fi
  mapfile -t environment < <(environment_of "$preset")
  # The build directory may have programs of rooms that no longer exist.
  mapfile -t rooms < <(grep -l '^room_test(' tests/*/CMakeLists.txt | cut -d/ -f2)
  for room in "${rooms[@]}"; do
    program=$build/tests/${room}_test
    name=${prefix}unit.$room
    # It calls gRPC's client, with gRPC's server beside it: Debian's library is not instrumented, and all that its threads
    # do would look like a race.
    if [[ $name == tsan.unit.cli_client ]]; then continue; fi
    if ! wanted "$name" && names_a_suite; then continue; fi
    filter=$(filter_for "$name" '--gtest_filter=*%s*')
    suite_in_background "$name" gtest 600 env "${environment[@]}" "$program" --gtest_color=no ${filter:+"$filter"}
  done
  wait
  python_suite "$preset" integration
  python_suite "$preset" faults
  # They are about rules, queries and ./dev itself, not about the binary's memory.
  if [[ $preset == release ]]; then
    python_suite release alerts
    python_suite release tools
  fi
  # Its programs take minutes to build: not for the short half.
  if [[ $preset == asan ]]; then python_suite "$preset" kubernetes; fi
}

# python_suite PRESET FOLDER [OPTION…]: the tests of tests/FOLDER against the preset's binary; the options are pytest's.
python_suite() {
  local preset=$1 folder=$2 build=$ROOT/build/$1 name=$2 filter environment
  if [[ $preset != release ]]; then name=$preset.$folder; fi
  if ! wanted "$name" && names_a_suite; then return; fi
  mapfile -t environment < <(environment_of "$preset")
  filter=$(filter_for "$name" '-k%s')
  suite "$name" pytest 1500 env "${environment[@]}" CREDENTIAL_BROKER_BINARY="$build/bin/credential-broker" \
    CREDENTIAL_BROKER_BUILD_DIR="$build" GRPCURL="$TOOLS/bin/grpcurl" \
    pytest -ra --color=no -p no:cacheprovider -n $((CORES * 3)) --dist load ${filter:+"$filter"} "${@:3}" "tests/$folder"
}

# filter_for SUITE FORMAT: the runner's own flag, where only single tests of that suite are wanted.
filter_for() {
  # shellcheck disable=SC2059  # the format is ours
  if ! wanted "$1"; then printf -- "$2" "$FILTER"; fi
}

# The settings of the sanitizers that a preset is built with, one NAME=VALUE a line. The exit status is one that no command
# of the broker has (tests/support/processes.py).
environment_of() {
  local support=$ROOT/tests/support
  case $1 in
    asan)
      echo "ASAN_OPTIONS=exitcode=99:detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"
      echo "UBSAN_OPTIONS=exitcode=99:print_stacktrace=1:halt_on_error=1"
      ;;
    tsan)
      echo "TSAN_OPTIONS=exitcode=99:halt_on_error=1:second_deadlock_stack=1:suppressions=$support/tsan.supp"
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

# script_suite PRESET NAME KIND LIMIT SCRIPT ARGUMENT…: that suite, where the filter lets it. Under a sanitizer it also fails
# on a report of any of its processes.
script_suite() {
  local name=$2 command=(bash "${@:5}") environment
  if [[ $1 != release ]]; then
    name=$1.$2
    mapfile -t environment < <(environment_of "$1")
    command=(env "${environment[@]}" bash tests/support/under_sanitizer.sh "${command[@]}")
  fi
  if wanted "$name"; then suite "$name" "$3" "$4" "${command[@]}"; fi
}
