#!/usr/bin/env bash
# Runs each subcommand of the simulator and looks at its page in a browser.
# Usage: run.sh NODE CHROMIUM SIMULATOR FOLDER     (screenshots go to FOLDER; exit 4: skipped)
set -euo pipefail

node=$1 chromium=$2 simulator=$3 folder=$4
here=$(cd "$(dirname "$0")" && pwd)
# The last that runs on the Node.js of Debian 12, 18.
version=1.61.1
playwright=playwright-core@$version

skip() {
  echo "SKIPPED, the page was not looked at: $1" >&2
  exit 4
}

[ -x "$node" ] || skip "no node here; scripts/install_dependencies.sh test installs it"
[ -x "$chromium" ] || skip "no chromium here; scripts/install_dependencies.sh test installs it"
mkdir -p "$folder"
if ! grep -qs "\"version\": \"$version\"" "$folder/node_modules/playwright-core/package.json"; then
  command -v npm >/dev/null || skip "no npm here; scripts/install_dependencies.sh test installs it"
  npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error "$playwright" ||
    skip "npm cannot install $playwright"
fi
"$simulator" simulate --shoppers 20000 --units 2000 --lines 3 --waves 2 --duration 6m --hold 90s \
  --admit-rate 100 --pre-queue 2m --html "$folder/simulate.html" >"$folder/simulate.txt"
# With a line that is none, so that the page tells of it.
{
  for i in $(seq 200); do
    printf '192.0.2.%d - - [17/May/2015:10:%02d:%02d +0000] "GET / HTTP/1.1" 200 1 "-" "a browser"\n' \
      $((i % 60)) $((i / 60)) $((i % 60))
  done
  echo rubbish
} >"$folder/access_log"
"$simulator" replay "$folder/access_log" --units 20 --html "$folder/replay.html" >"$folder/replay.txt"
"$simulator" load --threads 2 --rate 5000 --duration 4s --sale-length 1s --hold 200ms --units 2000 \
  --bots 20% --waves 2 --pre-queue 500ms --html "$folder/load.html" >"$folder/load.txt"
cp "$here/report_test.mjs" "$folder/report_test.mjs"
exec "$node" "$folder/report_test.mjs" "$chromium" "$folder"
