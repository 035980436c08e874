# Sourced by ./dev: check.
# shellcheck shell=bash

check() {
  if [[ $(codename) != bookworm ]]; then
    fail "./dev check runs on Debian 12 only: clang-format, clang and shellcheck of other releases find other things" \
      "Use such a machine or container, or leave it to CI."
  fi
  need test
  stage check
  say "==> Checking"
  project_files '*.cc' '*.h' >"$STAGE/sources"
  suite_over_files format "$STAGE/sources" xargs -a "$STAGE/sources" clang-format --dry-run -Werror
  project_files | xargs grep -lE '^#!.*\b(ba)?sh\b' >"$STAGE/scripts"
  suite_over_files shellcheck "$STAGE/scripts" xargs -a "$STAGE/scripts" shellcheck -x
  project_files '*.py' >"$STAGE/python-files"
  suite_over_files ruff "$STAGE/python-files" xargs -a "$STAGE/python-files" ruff check --quiet
  suite_over_files mypy "$STAGE/python-files" xargs -a "$STAGE/python-files" mypy
  suite buf-lint exit 300 buf lint proto
  suite buf-breaking exit 300 buf breaking proto --against proto/contract.txtpb
  suite hadolint exit 300 hadolint docker/Dockerfile
  project_files '*.go' >"$STAGE/go-files"
  suite_over_files gofmt "$STAGE/go-files" xargs -a "$STAGE/go-files" "$(go env GOROOT)/bin/gofmt" -d
  suite go-vet exit 600 bash tests/go/build.sh --vet
  suite rules looked 300 python tools/rules.py
  if prepare build.release build_preset release credential-broker; then
    suite docs looked 300 python tools/docs.py build/release/bin/credential-broker
  fi
  if prepare build.tidy build_for_tidy; then
    say "==> clang-tidy: minutes at first, then only what has changed"
    suite clang-tidy looked 3000 python tools/tidy.py build/tidy "$CACHE/tidy"
  fi
  report
}

# suite_over_files NAME LIST COMMAND…: runs COMMAND as the suite NAME, which checks the files listed in LIST, one a line.
suite_over_files() { suite "$1" files="$(wc -l <"$2")" 300 "${@:3}"; }

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
