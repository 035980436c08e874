#!/usr/bin/env bash
# Runs ./dev with Debian 13 as the root directory. tools/debian13.sh starts it in mount and process namespaces of its own.
#
# usage: in_debian13.sh ROOT CHECKOUT CACHE ARGUMENT…
set -euo pipefail

root=$1 checkout=$2 cache=$3
shift 3
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# bind DIRECTORY…: the same directories in there.
bind() {
  local directory
  for directory in "$@"; do
    mkdir -p "$directory" "$root$directory"
    mount --bind "$directory" "$root$directory"
  done
}

mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mkdir -p "$root$HOME" "$root/credential-broker"
mount --bind "$checkout" "$root/credential-broker"
bind "$cache" "$(ccache --get-config cache_dir)"
# Go's programs run on any Debian.
if goroot=$(go env GOROOT 2>/dev/null); then
  bind "$goroot" "$(go env GOMODCACHE)" "$(go env GOCACHE)"
  path=$goroot/bin:$path
fi
# How this machine reaches the package registries.
for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
  if [[ -e $file ]]; then cp "$file" "$root$file"; fi
done

env -u TMPDIR PATH="$path" chroot "$root" /credential-broker/dev "$@"
