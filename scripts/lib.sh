# shellcheck shell=bash
# What the scripts share. Sourced, not run.

# shellcheck disable=SC2034 # used by those who source this
base_image=debian:bookworm-slim

say() { printf '%s: %s\n' "${0##*/}" "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }

engine_answers() { timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

apt_install() {
  is_root || die "missing: $* (install them, or run scripts/setup as root once)"
  has apt-get || die "missing: $* (only Debian and Ubuntu are installed automatically)"
  say "installing $*"
  local log
  log=$(mktemp)
  # The lists may be older than what the mirror still holds: refresh, then retry once.
  apt_quietly install "$@" >"$log" 2>&1 ||
    { apt_quietly update >"$log" 2>&1 && apt_quietly install "$@" >"$log" 2>&1; } ||
    { cat "$log" >&2; rm -f "$log"; return 1; }
  rm -f "$log"
}

apt_quietly() {
  local verb=$1
  shift
  # 9 is the lock of setup: a service that an installation starts must not keep it.
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 "$verb" "$@" 9>&-
}

# Unpacks packages of Debian sid below FOLDER/root, without installing them: apt
# checks what comes, with lists and sources of its own.
unpack_sid() {
  local folder=$1 deb
  shift
  mkdir -p "$folder/lists/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${DEBIAN_MIRROR:-http://deb.debian.org/debian} sid main" >"$folder/sources.list"
  (cd "$folder" && from_sid update && from_sid download "$@") || return 1
  for deb in "$folder"/*.deb; do dpkg-deb -x "$deb" "$folder/root" || return 1; done
}

# Called in unpack_sid's folder. As root: apt's own user could not write there.
from_sid() {
  apt-get -qq -o APT::Sandbox::User=root -o Dir::Etc::SourceList="$PWD/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$PWD/lists" -o Dir::Cache="$PWD" -o Acquire::Languages=none "$@" 9>&-
}
