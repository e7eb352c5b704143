#!/usr/bin/env bash
# Builds the benchmarks and runs them.
# Usage: scripts/bench.sh [--json FILE] [--only NAME] [...]     the arguments go to flashsale_bench
set -euo pipefail
started_in=$PWD
cd "$(dirname "$0")/.."

scripts/install_dependencies.sh build test
# The peers: without them their rows are left out, and the program says so.
scripts/install_dependencies.sh bench || true
echo "bench.sh: configuring the bench build"
mkdir -p build/bench
cmake --preset bench >build/bench/configure.log 2>&1 || { cat build/bench/configure.log; exit 1; }
echo "bench.sh: building flashsale_bench"
cmake --build --preset bench --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}" --target flashsale_bench
program=$PWD/build/bench/bin/flashsale_bench
# Files are named from where the caller stands.
cd "$started_in"
exec "$program" "$@"
