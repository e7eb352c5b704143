#!/usr/bin/env bash
# Has jose verify JWTs of ours, and verifies JWTs of jose.
# Usage: run.sh NODE PARTNER FOLDER     (exit 4: skipped)
set -euo pipefail

node=$1 partner=$2 folder=$3
here=$(cd "$(dirname "$0")" && pwd)
# The last that runs on the Node.js of Debian 12, 18.
version=5.10.0
jose=jose@$version

skip() {
  echo "SKIPPED, no JWT went to or came from jose: $1" >&2
  exit 4
}

[ -x "$node" ] || skip "no node here; scripts/install_dependencies.sh test installs it"
mkdir -p "$folder"
if ! grep -qs "\"version\": \"$version\"" "$folder/node_modules/jose/package.json"; then
  command -v npm >/dev/null || skip "no npm here; scripts/install_dependencies.sh test installs it"
  npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error "$jose" ||
    skip "npm cannot install $jose"
fi
cp "$here/jose_test.mjs" "$folder/jose_test.mjs"
exec "$node" "$folder/jose_test.mjs" "$partner"
