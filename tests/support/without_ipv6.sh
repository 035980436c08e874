#!/usr/bin/env bash
# without_ipv6.sh COMMAND…: runs it on a machine without IPv6: in a network namespace whose only address is 127.0.0.1.
set -euo pipefail
user=()
if ((EUID != 0)); then user=(--user --map-root-user); fi
# shellcheck disable=SC2016  # for the inner shell
exec unshare "${user[@]}" --net sh -c '
  sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.lo.disable_ipv6=1
  ip link set lo up
  exec "$@"' sh "$@"
