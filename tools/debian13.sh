# Sourced by ./dev: the tests on Debian 13, in a root directory that debootstrap makes.
# shellcheck shell=bash

# Prints the codename of the Debian that this machine runs.
# shellcheck source=/dev/null
codename() { (. /etc/os-release && printf '%s' "${VERSION_CODENAME-}"); }

# debian13_base_tar: makes a minimal Debian 13 once, which needs root, and prints the path of its tar file.
debian13_base_tar() {
  local tar making
  tar=$CACHE/debian13-base-$(debian13_sources | sha256sum | cut -c1-12).tar
  exec {making}>"$CACHE/debian13.lock"
  flock "$making"
  if [[ ! -e $tar ]]; then
    step "Making a minimal Debian 13" "Does the archive that apt uses have trixie? Its signature: debian-archive-keyring" \
      make_debian13_base "$tar"
  fi
  exec {making}>&-
  printf '%s\n' "$tar"
}

# Prints apt's lines for Debian 13, from the same archives that apt on this machine uses for its own release.
debian13_sources() {
  # shellcheck disable=SC2016  # apt's variables, not the shell's
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    sed -nE "s/^(deb [^ ]+ )($(codename)|(old)*stable)(|-security|-updates) main$/\1trixie\4 main/p" | sort -u
}

make_debian13_base() {
  local root=$1.root mirror list
  mirror=$(debian13_sources | awk '$3 == "trixie" { print $2; exit }')
  if [[ ! $mirror ]]; then
    echo "apt on this machine uses no archive of Debian's main component"
    return 1
  fi
  rm -rf "$root"
  debootstrap --variant=minbase --include=ca-certificates trixie "$root" "$mirror" || return
  # As in Debian's container images: no translations, no fsync of each file, no service that starts by itself.
  echo 'Acquire::Languages "none";' >"$root/etc/apt/apt.conf.d/90container"
  echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/90container"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  # Whatever apt here needs for its archives, such as a proxy, apt in there needs as well.
  apt-config dump Acquire | grep -E '^Acquire::(Check-|[a-z]+::Proxy )' >"$root/etc/apt/apt.conf.d/91machine" || true
  list=$(apt-config shell list Dir::Etc::sourcelist/f | sed "s/^list='\(.*\)'$/\1/")
  debian13_sources >"$root$list"
  chroot "$root" sh -c 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get -y dist-upgrade && apt-get clean' || return
  rm -rf "$root"/var/lib/apt/lists/* "$root/etc/resolv.conf"
  tar -C "$root" --numeric-owner -cf "$1.partial" . && mv "$1.partial" "$1" && rm -rf "$root"
}

# Prints the directory that the tests have as their root: ./dev installs its packages in there, once.
debian13_root() {
  local tar root unpacking
  tar=$(debian13_base_tar) || return
  root=${tar%.tar}
  root=${root/debian13-base/debian13-root}
  exec {unpacking}>"$CACHE/debian13.lock"
  flock "$unpacking"
  if [[ ! -e $root ]]; then
    rm -rf "$root.partial" && mkdir "$root.partial" && tar -C "$root.partial" -xf "$tar" && mv "$root.partial" "$root" ||
      return
  fi
  exec {unpacking}>&-
  printf '%s\n' "$root"
}

# ./dev up --once and ./dev test on a copy of this checkout, build/debian13. The filter debian13.unit.core runs that suite alone.
debian13_suites() {
  local copy=build/debian13 filter=${FILTER#debian13} root inside result name started status=0
  if [[ $FILTER && $FILTER != debian13* || $(codename) == trixie ]]; then return; fi
  say "==> Testing on Debian 13"
  if ! unshare --mount --pid --fork true 2>/dev/null; then
    say "    skipped debian13: it needs root, to mount and to change the root directory"
    echo "0 0 1 -" >"$STAGE/debian13.result"
    return
  fi
  if ! root=$(debian13_root); then
    echo "0 1 0 -" >"$STAGE/debian13.result"
    return
  fi
  mkdir -p "$copy"
  find "$copy" -mindepth 1 -maxdepth 1 ! -name build ! -name .tools -exec rm -rf {} +
  project_files | tar -cf - -T - | tar -xf - -C "$copy"
  # With namespaces of its own no mount and no process is left when it ends, whatever happens.
  inside=(timeout --kill-after=10 2400 unshare --mount --pid --fork --kill-child
    bash tools/in_debian13.sh "$root" "$copy" "$CACHE")
  started=$(now_ms)
  "${inside[@]}" up --once >"$STAGE/debian13.up.log" || status=$?
  echo "$((status == 0)) $((status != 0)) 0 $(seconds_since "$started")" >"$STAGE/debian13.up.result"
  if ((status != 0)); then return; fi
  rm -rf "$copy/build/logs/test"
  "${inside[@]}" test ${filter:+"${filter#.}"} >"$STAGE/debian13.log" || status=$?
  for result in "$copy"/build/logs/test/*.result; do
    if [[ ! -e $result ]]; then break; fi
    name=$(basename "$result" .result)
    cp "$result" "$STAGE/debian13.$name.result"
    cp "${result%.result}.log" "$STAGE/debian13.$name.log" 2>/dev/null || true
  done
  # Where no suite says so: it ended before, or ran nothing.
  if ((status != 0)) && ! grep -qE '^[0-9]+ [1-9]' "$STAGE"/debian13.*.result; then
    echo "0 1 0 -" >"$STAGE/debian13.result"
  fi
}
