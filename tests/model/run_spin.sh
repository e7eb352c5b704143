#!/bin/sh
# Searches the model of the engine's protocol (engine.pml) exhaustively, then every variant with a bug
# put in, each of which the search must refute.  Takes some two minutes and 2 GB; prints one line a run.
#
# Usage: run_spin.sh [WORK_DIR]       exit code 1 if the protocol is wrong or a bug goes unnoticed
set -eu

model=$(cd "$(dirname "$0")" && pwd)/engine.pml
work=${1:-}
if [ -z "$work" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work"
cd "$work"

# search NAME SPIN_FLAGS...: prints "ok", "refuted" or "incomplete" and what the search says of itself.
search() {
  name=$1
  shift
  rm -rf "$name"
  mkdir "$name"
  (
    cd "$name"
    spin "$@" -a "$model" > spin.log 2>&1
    ${CC:-cc} -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM="${FLASHSALE_SPIN_MEGABYTES:-6000}" -o pan pan.c
    ./pan -m1000000 -w24 > pan.log 2>&1 || true
    errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log)
    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log)
    why=$(sed -n 's/^pan:1: \(.*\) (at depth.*/\1/p' pan.log | head -n 1)
    if [ "${errors:-1}" != 0 ] && [ -n "$why" ]; then
      echo "refuted: $why"
    elif [ "${errors:-1}" = 0 ] && ! grep -q 'Search not completed\|max search depth too small' pan.log
    then
      echo "ok: ${states} states"
    else
      echo "incomplete: $(tail -n 3 pan.log | tr '\n' ' ')"
    fi
  )
}

failed=0
expect() {
  expected=$1
  name=$2
  shift 2
  found=$(search "$name" "$@")
  echo "$name: $found"
  case $found in
    "$expected":*) ;;
    *)
      echo "  expected: $expected"
      failed=1
      ;;
  esac
}

expect ok protocol
for bug in $(sed -n 's/^#ifn\{0,1\}def \(BUG_[A-Z_]*\).*/\1/p' "$model" | sort -u); do
  expect refuted "$bug" -D"$bug"
done
exit "$failed"
