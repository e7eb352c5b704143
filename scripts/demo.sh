#!/usr/bin/env bash
# Builds the simulator and sells to a crowd of a million synthetic shoppers; ends with its summary.
# Usage: scripts/demo.sh [SHOPPERS]
set -euo pipefail
cd "$(dirname "$0")/.."

shoppers=${1:-1000000}
scripts/install_dependencies.sh build
echo "demo.sh: configuring the release build"
mkdir -p build/release
cmake --preset release >build/release/configure.log 2>&1 || { cat build/release/configure.log; exit 1; }
echo "demo.sh: building flashsale_sim"
cmake --build --preset release --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}" --target flashsale_sim
echo "demo.sh: flashsale_sim replay --synthetic $shoppers"
exec build/release/bin/flashsale_sim replay --synthetic "$shoppers"
