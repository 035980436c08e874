# Sourced by ./dev: installs what is missing, by name from the package registries.
# shellcheck shell=bash

listed() { sed 's/#.*//; /^[[:space:]]*$/d' "$@"; }

hash_of() { cat "$@" | sha256sum | cut -c1-12; }

setup() {
  local level=test started
  case ${1-} in
    --build) level=build ;;
    --full) level=full ;;
    '') ;;
    *) fail "setup does not know \"$1\"" "See ./dev help." ;;
  esac
  started=$(now_ms)
  need "$level"
  say "Everything that \"$level\" needs is installed ($(seconds_since "$started"))."
}

# need build|test|full: installs what that level lacks; each holds the one before it. What comes after Debian's
# packages depends on them.
need() {
  need_debian_packages "$1"
  mkdir -p "$CACHE" "$TOOLS/bin"
  # One setup at a time: they share the cache.
  exec {lock}>"$CACHE/lock"
  flock "$lock"
  need_go_programs build
  if [[ $1 != build ]]; then
    need_go_programs test
    need_venv test
    ln -sfn "$(venv_dir test)" "$TOOLS/venv"
  fi
  if [[ $1 == full ]]; then
    need_go_programs full
    need_crds
    need_kubernetes
  fi
  exec {lock}>&-
}

need_debian_packages() {
  command -v dpkg-query >/dev/null ||
    fail "this is no Debian" "The project is built with the packages of Debian 12 or 13: use such a machine or container."
  local lists=(tools/packages/debian-build.txt) wanted missing command
  if [[ $1 != build ]]; then lists+=(tools/packages/debian-test.txt); fi
  if [[ $1 == full ]]; then lists+=(tools/packages/debian-full.txt); fi
  mapfile -t wanted < <(listed "${lists[@]}")
  # shellcheck disable=SC2016  # dpkg-query's variables, not the shell's
  mapfile -t missing < <(comm -23 \
    <(printf '%s\n' "${wanted[@]}" | sort -u) \
    <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${wanted[@]}" 2>/dev/null |
      sed -n 's/^ii *//p' | sort -u))
  if ((${#missing[@]} == 0)); then return; fi
  command=(apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -y --no-install-recommends install
    "${missing[@]}")
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    fail "${#missing[@]} Debian packages are missing, and you are neither root nor is there sudo" \
      "As root: apt-get update && ${command[*]}"
  fi
  step "Installing ${#missing[@]} Debian packages" \
    "Mend what apt says, or run it yourself: apt-get update && ${command[*]}" \
    twice install_debian_packages "${command[@]}"
}

install_debian_packages() {
  local root=()
  if ((EUID != 0)); then root=(sudo); fi
  # Of several sources one may be out of reach and not needed: the installation decides.
  "${root[@]}" apt-get -o Acquire::Retries=3 update || echo "not every list of packages is up to date"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive "$@"
}

# What is in it is made for one version of Python.
venv_dir() { printf '%s' "$CACHE/venv-$1-$(readlink /usr/bin/python3)-$(hash_of "tools/packages/python-$1.txt")"; }

need_venv() {
  local dir
  dir=$(venv_dir "$1")
  if [[ -e $dir/complete ]]; then return; fi
  step "Installing the Python packages for \"$1\"" \
    "Is the Python registry reachable? Try: python3 -m venv /tmp/v && /tmp/v/bin/pip download pytest" \
    install_venv "$dir" "tools/packages/python-$1.txt"
}

install_venv() {
  rm -rf "$1"
  /usr/bin/python3 -m venv "$1" &&
    twice "$1/bin/pip" install --disable-pip-version-check --no-input --progress-bar off -r "$2" &&
    touch "$1/complete"
}

# The go command to use: the machine's own where it is recent enough.
go_command() {
  local own version
  own=$(type -ap go | grep -v "^$TOOLS/" | head -n 1) || true
  if [[ $own ]] && version=$(GOTOOLCHAIN=local "$own" env GOVERSION 2>/dev/null) &&
    printf 'go%s\n%s\n' "$GO_AT_LEAST" "$version" | sort -CV; then
    printf '%s' "$own"
  else
    printf '%s' "$(venv_dir go)"/lib/python3*/site-packages/go/bin/go
  fi
}

need_go() {
  if [[ $(go_command) == "$CACHE"/* ]]; then need_venv go; fi
  link_programs "$(go_command)"
}

need_go_programs() {
  local list=tools/packages/go-$1.txt dir go program
  dir=$CACHE/go-$1-$(hash_of "$list")
  if [[ ! -e $dir/complete ]]; then
    need_go
    go=$(go_command)
    # Without the tag containerd needs btrfs' headers.
    for program in $(listed "$list"); do
      step "Building the Go program ${program%@*}" \
        "Is the Go module proxy reachable? Try: go install $program" \
        twice env GOBIN="$dir" GOFLAGS="-buildvcs=false -tags=no_btrfs" "$go" install "$program"
    done
    touch "$dir/complete"
  elif [[ $1 == test && ! -e $TOOLS/bin/go ]]; then
    need_go
  fi
  for program in "$dir"/*; do
    if [[ $program != */complete ]]; then link_programs "$program"; fi
  done
}

# Modules that tests read files of, in Go's own cache.
need_crds() {
  local list=tools/packages/go-crds.txt module complete
  complete=$CACHE/go-crds-$(hash_of "$list")
  if [[ -e $complete ]]; then return; fi
  need_go
  for module in $(listed "$list" | cut -d' ' -f1); do
    step "Downloading the Go module ${module%@*}" \
      "Is the Go module proxy reachable? Try: go mod download $module" \
      twice "$(go_command)" mod download "$module"
  done
  touch "$complete"
}

# Kubernetes' own programs, one binary with a link a name (tests/go/kubernetes/main.go): minutes, once.
need_kubernetes() {
  local module=tests/go/kubernetes dir version program
  dir=$CACHE/kubernetes-$(hash_of "$module"/{go.mod,go.sum,main.go})
  if [[ ! -e $dir/complete ]]; then
    need_go
    # Helm and others ask the API server for its version, which a plain build does not know.
    version=$(sed -nE 's/^\tk8s.io\/kubernetes (v.*)$/\1/p' "$module/go.mod")
    step "Building Kubernetes, which takes minutes" \
      "Is the Go module proxy reachable? Try: cd $module && go mod download" \
      twice env GOFLAGS=-buildvcs=false "$(go_command)" -C "$module" build -trimpath \
      -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version" -o "$dir/kubernetes" .
    while read -r program; do
      ln -sfn kubernetes "$dir/$program"
    done < <(sed -nE 's/^\tcase "(.*)":$/\1/p' "$module/main.go")
    touch "$dir/complete"
  fi
  for program in "$dir"/*; do
    if [[ -L $program ]]; then link_programs "$program"; fi
  done
}

link_programs() {
  local program
  for program in "$@"; do
    if [[ $(readlink "$TOOLS/bin/${program##*/}") != "$program" ]]; then
      ln -sfn "$program" "$TOOLS/bin/${program##*/}"
    fi
  done
}
