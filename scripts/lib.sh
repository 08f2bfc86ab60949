# shellcheck shell=bash
# What every script here needs. Source it: `. "$(dirname "$0")/lib.sh"`. Changes into the repository.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

say() { printf '%s\n' "$*"; }
step() { printf '== %s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() {
  warn "$(basename "$0"): $*"
  exit 1
}
usage() {
  warn "$*"
  exit 2
}
have() { command -v "$1" >/dev/null 2>&1; }

# C++ files of the tree, tracked or new, but not ignored ones.
cpp_files() { git ls-files --cached --others --exclude-standard -- '*.cpp' '*.hpp'; }

# wait_for SECONDS COMMAND...: polls until the command holds; false when the time is over.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# Is somebody listening on 127.0.0.1:PORT?
port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
