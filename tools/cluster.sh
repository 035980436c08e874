# Sourced by ./dev: cluster, a one-node Kubernetes with the sandbox on it.
# shellcheck shell=bash

cluster() {
  local command=(python -m support.cluster "${1-}" --folder "$ROOT/build/cluster")
  case ${1-} in
    up)
      need full
      build_preset release bin/credential-broker || exit 1
      say "==> Starting a Kubernetes node"
      command+=(--binary "$ROOT/build/release/bin/credential-broker")
      ;;
    down) ;;
    *) fail "cluster does not know \"${1-}\"" "It is ./dev cluster up or ./dev cluster down." ;;
  esac
  PYTHONPATH=tests "${command[@]}"
}
