#!/usr/bin/env bash
# Builds the simulator and plays a sale to a million shoppers; ends with its summary and where its
# page is.
# Usage: scripts/demo.sh [SHOPPERS]
set -euo pipefail
cd "$(dirname "$0")/.."

shoppers=${1:-1000000}
echo "You are about to see a flash sale in virtual time: $shoppers shoppers, bots among them, queue for 10000 units, and every promise is checked."
scripts/install_dependencies.sh build
echo "demo.sh: configuring the release build"
mkdir -p build/release
cmake --preset release >build/release/configure.log 2>&1 || { cat build/release/configure.log; exit 1; }
echo "demo.sh: building flashsale_sim"
cmake --build --preset release --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}" --target flashsale_sim
page=build/release/demo.html
echo "demo.sh: flashsale_sim simulate --shoppers $shoppers --lines 3 --html $page"
status=0
build/release/bin/flashsale_sim simulate --shoppers "$shoppers" --lines 3 --html "$page" || status=$?
if [ "$status" -le 1 ]; then echo "plots of this sale: $PWD/$page"; fi
exit "$status"
