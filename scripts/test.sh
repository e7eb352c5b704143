#!/usr/bin/env bash
# Builds a preset and runs its tests.  The last line is "N passed, N failed, N skipped", counting
# ctest entries: each test case of a test program is one.
# Usage: scripts/test.sh [--full] [--preset dev|asan|tsan] [--label REGEX]
#   --full    the long forms of the seeded tests (FLASHSALE_TEST_FULL=1); with the dev preset also
#             the fuzzers, label "fuzz", for a minute each: the fuzz preset, which needs clang
#   --label   only the tests with a matching label, e.g. 'unit|contention'
set -euo pipefail
cd "$(dirname "$0")/.."

# What keeps the tests from running at all counts as one failure.
give_up() {
  echo "test.sh: $1" >&2
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
}

preset=dev
timeout=600
select=()
label=
full=
while [ $# -gt 0 ]; do
  case "$1" in
    --full) export FLASHSALE_TEST_FULL=1; timeout=7200; full=1 ;;
    --preset) preset=${2:?"--preset needs a name"}; shift ;;
    --label)
      label=${2:?"--label needs a regular expression"}
      select=(--label-regex "$label")
      shift
      ;;
    -h | --help) sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) echo "test.sh: unknown argument '$1'" >&2; exit 2 ;;
  esac
  shift
done

fuzz=
if [ -n "$full" ] && [ "$preset" = dev ] && [[ fuzz =~ ${label:-.} ]]; then fuzz=1; fi

groups=(build test)
case "$preset$fuzz" in asan | tsan | dev1) groups+=(analysis) ;; esac
scripts/install_dependencies.sh "${groups[@]}" || give_up "dependencies are missing"

jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
status=0
logs=()

run() {  # <preset> [ARGUMENT OF CTEST...]
  local log=build/$1/test-results.xml
  echo "test.sh: configuring the $1 build"
  mkdir -p "build/$1"
  cmake --preset "$1" >"build/$1/configure.log" 2>&1 || {
    cat "build/$1/configure.log"
    give_up "cannot configure the $1 build"
  }
  echo "test.sh: building"
  cmake --build --preset "$1" --parallel "$jobs" || give_up "the $1 build is broken"
  echo "test.sh: testing"
  rm -f "$log"
  ctest --preset "$1" --parallel "$jobs" --timeout "$timeout" --output-junit "$PWD/$log" \
    "${@:2}" || status=$?
  [ -f "$log" ] || give_up "ctest wrote no results"
  logs+=("$log")
}

run "$preset" "${select[@]}"
if [ -n "$fuzz" ]; then run fuzz; fi

read -r passed failed skipped < <(python3 scripts/junit_counts.py "${logs[@]}")
# What ctest holds against the run as a whole is a failure too.
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
