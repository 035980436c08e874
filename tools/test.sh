# Sourced by ./dev: test.
# shellcheck shell=bash

run_tests() {
  local run=test chosen
  while (($#)); do
    case $1 in
      --full) run=test-full ;;
      -*) fail "test does not know \"$1\"" "See ./dev help." ;;
      *) FILTER=$1 ;;
    esac
    shift
  done
  mapfile -t chosen < <(chosen_suites "$run")
  if ((${#chosen[@]} == 0)) && names_a_suite; then
    fail "\"$FILTER\" names no suite of this run" "See tools/suites.txt: some suites belong to ./dev test, some to ./dev test --full."
  fi
  need "$(level_of "${chosen[@]}")"
  stage "$run"
  if [[ $run == test-full ]]; then
    long_suites "${chosen[@]}"
  elif prepare build.release build_for release "${chosen[@]}"; then
    say "==> Testing release"
    suites_of_preset release
    conformance_suites release
  fi
  report
}

# Whether the filter names a suite; if not, it names single tests.
names_a_suite() { { suites_of test && suites_of test-full; } | grep -F -- "$FILTER" >/dev/null; }

# runs SUITE: whether the filter selects it, or tests in it.
runs() { wanted "$1" || { ! names_a_suite && has_selected_tests "$1"; }; }

# chosen_suites RUN: prints those suites of test or test-full that run.
chosen_suites() {
  local name
  if [[ $1 == test-full && $FILTER == debian13* ]]; then
    echo "$FILTER"
    return
  fi
  if names_a_suite; then
    suites_of "$1" | grep -F -- "$FILTER" || true
    return
  fi
  while read -r name; do
    if has_selected_tests "$name"; then echo "$name"; fi
  done < <(suites_of "$1")
}

# level_of SUITE…: prints the level of ./dev setup that all of these need. Those under a sanitizer need clang.
level_of() {
  local name level highest=build
  for name in "$@"; do
    read -r level _ < <(needs_of "${name#[at]san.}")
    if [[ $level == build && $name == [at]san.* ]]; then level=test; fi
    case $highest.$level in
      build.*) highest=$level ;;
      test.full) highest=full ;;
    esac
  done
  echo "$highest"
}

# targets_for PRESET SUITE…: prints the targets of that preset that these suites need.
targets_for() {
  local preset=$1 name targets
  for name in "${@:2}"; do
    read -r _ targets < <(needs_of "${name#[at]san.}")
    case $preset.$name in
      asan.asan.* | tsan.tsan.* | asan.fuzz.*) ;;
      # The client commands are those of the release build (environment_of).
      release.tsan.*) targets=$(grep -o credential-broker <<<"$targets") || true ;;
      asan.* | tsan.* | release.asan.* | release.fuzz.*) targets='' ;;
    esac
    # shellcheck disable=SC2086  # targets are words
    if [[ $targets ]]; then printf '%s\n' $targets; fi
  done | sort -u
}

# build_for PRESET SUITE…: builds what these suites need of that preset; everything when there is no filter, so that no file is
# left that does not compile.
build_for() {
  local targets
  mapfile -t targets < <(targets_for "$@")
  if ((${#targets[@]} == 0)); then return; fi
  if [[ ! $FILTER ]]; then targets=(); fi
  build_preset "$1" "${targets[@]}"
}

# unit_tests ROOM: prints its test files, each with the name of a test in it: "tests/base/secret_test.cc Secret.Reads".
unit_tests() {
  awk -v RS='\n(TYPED_)?TEST(_F|_P)?\\(' 'FNR > 1 {
    sub(/\).*/, ""); gsub(/[[:space:]]/, ""); sub(/,/, ".")
    print FILENAME, $0
  }' "tests/$1"/*_test.cc
}

# selected_unit_tests ROOM: prints the names of its tests that the filter selects by their own name, or by that of their file:
# RefreshMachine selects all tests in refresh_machine_test.cc.
selected_unit_tests() {
  local file
  file=$(sed -E 's/([a-z0-9])([A-Z])/\1_\2/g; s/.*/\L&/; s/_test$//' <<<"$FILTER")
  unit_tests "$1" | FILTER=$FILTER FILE=$file awk '{
    sub(/.*\//, "", $1); sub(/_test\.cc$/, "", $1)
    if (index($1, ENVIRON["FILE"]) || index($2, ENVIRON["FILTER"])) print $2
  }'
}

# has_selected_tests SUITE: whether it has tests that the filter selects; in Python by the names of files, classes and functions.
has_selected_tests() {
  local suite=${1#[at]san.}
  if [[ $suite == unit.* ]]; then
    [[ $(selected_unit_tests "${suite#unit.}") ]]
  elif compgen -G "tests/$suite/test_*.py" >/dev/null; then
    { ls "tests/$suite" && grep -hE '^ *(def|class) ' "tests/$suite"/test_*.py; } |
      grep -iF -- "${FILTER%%[^A-Za-z0-9_]*}" >/dev/null
  else
    return 1
  fi
}

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
    if ! runs "$name"; then continue; fi
    filter=$(unit_filter "$name")
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
  if ! runs "$name"; then return; fi
  mapfile -t environment < <(environment_of "$preset")
  filter=$(filter_for "$name")
  suite "$name" pytest 1500 env "${environment[@]}" CREDENTIAL_BROKER_BINARY="$build/bin/credential-broker" \
    CREDENTIAL_BROKER_BUILD_DIR="$build" GRPCURL="$TOOLS/bin/grpcurl" \
    pytest -ra --color=no -p no:cacheprovider -n $((CORES * 3)) --dist load ${filter:+"$filter"} "${@:3}" "tests/$folder"
}

# filter_for SUITE: pytest's flag, where only single tests of that suite are wanted.
filter_for() {
  if ! wanted "$1"; then printf -- '-k%s' "$FILTER"; fi
}

# unit_filter SUITE: the same for a program of unit tests. A parameter's name is around the name of the test, or inside it.
unit_filter() {
  if ! wanted "$1"; then
    printf -- '--gtest_filter=*%s*' "$FILTER"
    selected_unit_tests "${1#*unit.}" | sed -E 's|(.*)\.(.*)|:&:*/&/*:\1/*.\2|' | tr -d '\n'
  fi
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
