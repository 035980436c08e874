# Sourced by ./dev: test --full and walk.
# shellcheck shell=bash

# long_suites SUITE…: those of test --full that run are named, for what has to be built.
long_suites() {
  local preset
  debian13_suites
  if [[ $FILTER == debian13* ]]; then return; fi
  prepare build.release build_for release "$@" || return 0
  without_ipv6_suite
  python_suite release chart
  image_suite
  cluster_suite
  # These tests wait for minutes, and hardly work: beside a build.
  python_suite release endurance &
  for preset in asan tsan; do
    if BUILD_NICENESS=10 prepare "build.$preset" build_for "$preset" "$@"; then
      wait
      suites_of_preset "$preset"
      # The two that are left out last minutes, and more under a sanitizer.
      if [[ $preset == asan ]]; then
        python_suite asan endurance --ignore-glob='*/test_'{crash,outage}.py
      fi
    fi
  done
  wait
  walk_suites 30
  fuzz_suites 20
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

# The unit tests on a machine without IPv6.
without_ipv6_suite() {
  if ! wanted without_ipv6; then return; fi
  # shellcheck disable=SC2016  # for the inner shell
  suite without_ipv6 gtest 900 bash tests/support/without_ipv6.sh bash -ec \
    'for program in build/release/tests/*_test; do "$program" --gtest_color=no; done'
}

# The container images, built on Debian 13 and run by a Docker daemon of the tests' own; as root. What Docker keeps for the
# next build is in the cache.
image_suite() {
  local filter
  if ! runs image; then return; fi
  say "==> Building and testing the container images"
  if ! prepare image.base debian13_base_tar >"$STAGE/image.base"; then return; fi
  filter=$(filter_for image)
  suite image pytest 2400 env CREDENTIAL_BROKER_DEBIAN13_TAR="$(<"$STAGE/image.base")" \
    CREDENTIAL_BROKER_DOCKER_DATA="$CACHE/docker" GRPCURL="$TOOLS/bin/grpcurl" \
    pytest -ra --color=no -p no:cacheprovider --durations=5 ${filter:+"$filter"} tests/image
}

# The chart on a real Kubernetes node; one test after another, since they share it. Without root it fails and says so.
cluster_suite() {
  local build=$ROOT/build/release filter
  if ! runs cluster; then return; fi
  say "==> Testing on Kubernetes"
  filter=$(filter_for cluster)
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
  if ! runs "$name"; then return; fi
  say "==> Attacking $1"
  mapfile -t environment < <(environment_of "$1")
  filter=$(filter_for "$name")
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
  local seconds=$1 names name program found environment dictionary flags
  say "==> Fuzzing, $seconds s each"
  mapfile -t environment < <(environment_of asan)
  mapfile -t names < <(grep -l '^fuzz_target(' tests/fuzz/*/CMakeLists.txt | cut -d/ -f3)
  for name in "${names[@]}"; do
    program=build/asan/fuzz/${name}_fuzz
    if ! wanted "fuzz.$name"; then continue; fi
    found=build/fuzz/$name
    mkdir -p "$found"
    dictionary=tests/fuzz/dictionaries/$name
    flags=()
    if [[ -f $dictionary ]]; then flags=(-dict="$dictionary"); fi
    suite_in_background "fuzz.$name" fuzz $((seconds + 120)) env "${environment[@]}" "$program" \
      -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 "${flags[@]}" \
      -artifact_prefix="$STAGE/fuzz.$name." "$found" "tests/fuzz/corpus/$name"
  done
  wait
}

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
