#!/usr/bin/env bash
# Puts a load on the library from real threads: 100,000 calls a second for ten minutes, each latency
# counted from the instant that its call was meant for.  Ends with the achieved rate, the p99 of
# each operation and how the memory drifted; fails where a promise was broken.
# Usage: scripts/load.sh [--short] [OPTIONS of flashsale_sim load]
#   --short    twenty seconds at a rate that any machine keeps up with
# FLASHSALE_SIM names a simulator that is built already.
set -euo pipefail
started_in=$PWD
cd "$(dirname "$0")/.."

rate=100000 duration=600s
if [ "${1:-}" = --short ]; then
  rate=5000 duration=20s
  shift
fi
simulator=${FLASHSALE_SIM:-}
if [ -z "$simulator" ]; then
  scripts/install_dependencies.sh build
  echo "load.sh: configuring the release build"
  mkdir -p build/release
  cmake --preset release >build/release/configure.log 2>&1 || { cat build/release/configure.log; exit 1; }
  echo "load.sh: building flashsale_sim"
  cmake --build --preset release --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}" --target flashsale_sim
  simulator=$PWD/build/release/bin/flashsale_sim
fi
cd "$started_in"
told=$(mktemp)
trap 'rm -f "$told"' EXIT
echo "load.sh: $rate calls a second for $duration"
"$simulator" load --rate "$rate" --duration "$duration" --json "$told" "$@"
python3 - "$told" <<'PY'
import json
import sys

told = json.load(open(sys.argv[1], encoding="utf-8"))
# What must hold on any machine, however slow: calls were made, and no promise was broken.
if not told["invariants_hold"] or told["ops"] == 0 or told["events"] == 0:
    sys.exit("load.sh: a promise was broken, or nothing was done")
p99 = ", ".join(f"{name} {latency['p99'] / 1e6:.3f}" for name, latency in told["latency_ns"].items())
print(f"load.sh: {told['ops_per_second']:,.0f} calls a second, {told['missed']:,} missed; "
      f"p99 in ms: {p99}; memory drift {told['memory_bytes']['drift'] / 1e6:+.1f} MB")
PY
