#!/usr/bin/env bash
# Installs what flashsale's own builds need: only what is missing, from Debian's packages.
# Usage: scripts/install_dependencies.sh [build] [test] [bench] [analysis]     (default: all four)
#   build     the library and the examples
#   test      tests, lints and benchmarks
#   bench     what benchmarks are compared with: without it their rows are left out
#   analysis  clang: the asan, tsan and tidy presets
set -euo pipefail

# package:how to tell that it is there without Debian's package manager (a program, or a header;
# nothing where it may be missing)
build=(cmake:cmake ninja-build:ninja g++:g++ pkg-config:pkg-config libabsl-dev:absl/base/config.h
       libfmt-dev:fmt/format.h libboost-dev:boost/version.hpp libssl-dev:openssl/evp.h
       libsqlite3-dev:sqlite3.h nlohmann-json3-dev:nlohmann/json.hpp libcli11-dev:CLI/CLI.hpp)
test=(ccache: python3:python3 binutils:nm doctest-dev:doctest/doctest.h
      libbenchmark-dev:benchmark/benchmark.h nodejs:node npm:npm chromium:chromium)
bench=(redis-server:redis-server postgresql:)
analysis=(clang-19:clang++-19 libclang-rt-19-dev: clang-tidy-19:clang-tidy-19
          clang-format-19:clang-format-19)

wanted=()
for group in "${@:-all}"; do
  case "$group" in
    build) wanted+=("${build[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    bench) wanted+=("${bench[@]}") ;;
    analysis) wanted+=("${analysis[@]}") ;;
    all) wanted+=("${build[@]}" "${test[@]}" "${bench[@]}" "${analysis[@]}") ;;
    *) echo "install_dependencies: no group '$group' (build, test, bench, analysis)" >&2; exit 2 ;;
  esac
done

is_here() {  # <program or header>
  case "$1" in
    *.h | *.hpp)
      echo "#include <$1>" | "${CXX:-c++}" -std=c++20 -E -x c++ - >/dev/null 2>&1 ;;
    "") ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

missing=()
if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p')
  for entry in "${wanted[@]}"; do
    if grep -qxF -- "${entry%%:*}" <<<"$installed"; then continue; fi
    if [ -n "${entry#*:}" ] && is_here "${entry#*:}"; then continue; fi
    missing+=("$entry")
  done
  packages=("${missing[@]%%:*}")
  if [ ${#missing[@]} -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
    echo "install_dependencies: installing ${packages[*]}"
    "${as_root[@]}" apt-get update -qq &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends --no-remove "${packages[@]}" >/dev/null ||
      echo "install_dependencies: apt-get failed; going on with what is here" >&2
  fi
  wanted=("${missing[@]}")
else
  echo "install_dependencies: no apt-get here; on Debian 12 the packages are ${wanted[*]%%:*}"
fi

absent=()
for entry in "${wanted[@]}"; do
  is_here "${entry#*:}" || absent+=("${entry%%:*}")
done
if [ ${#absent[@]} -gt 0 ]; then
  echo "install_dependencies: still missing what these packages of Debian 12 provide: ${absent[*]}" >&2
  exit 1
fi
echo "install_dependencies: everything is here"
