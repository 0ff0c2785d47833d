#!/usr/bin/env bash
# How quickly a waiting call ends when it is cancelled, its client is shut down or its deadline passes. It prints times and
# checks no limit: .ci/run leaves it out.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --locked --quiet --release --lib
lib=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$lib/libsinch_numbers.so" "$work/libsinch_numbers.so.1"
cc -O2 -Wall -Wextra -Werror -pedantic -std=c99 -D_GNU_SOURCE -Iinclude tests/c/latency.c \
  -o "$work/latency" "$work/libsinch_numbers.so.1" -pthread
LD_LIBRARY_PATH=$work "$work/latency"
