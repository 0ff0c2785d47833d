#!/usr/bin/env bash
# Runs the fuzz targets with AddressSanitizer, each for a short time; earlier findings are in their corpora.
# Usage: tests/gates/fuzz.sh [SECONDS] [TARGET...]   by default 10 seconds, and all targets
#
# A target ends after 10 million executions or the time given. New inputs go into a copy of the corpus,
# $target/fuzz-corpus/TARGET; `cargo fuzz cmin` reduces it to those that add coverage.
source "$(dirname "$0")/common.sh"

seconds=${1:-10}
shift || true
need cc:gcc c++:g++
if ! cargo fuzz --version >/dev/null 2>&1; then
    step 'cargo install cargo-fuzz'
    cargo install --quiet --locked cargo-fuzz --version 0.13.2
fi
# The toolchain is stable; the sanitizer's flags are not.
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$target/fuzz
mapfile -t targets < <(cargo fuzz list --fuzz-dir tests/fuzz/targets)
[ "$(ls tests/fuzz/corpus)" = "$(printf '%s\n' "${targets[@]}")" ] || fail 'a target without a corpus, or the reverse'
[ $# = 0 ] || targets=("$@")

step build
cargo fuzz build --fuzz-dir tests/fuzz/targets 2>"$work/log" || {
    cat "$work/log" >&2
    fail 'the targets do not build'
}
for name in "${targets[@]}"; do
    found=$target/fuzz-corpus/$name
    mkdir -p "$found"
    step "$name"
    cargo fuzz run --fuzz-dir tests/fuzz/targets "$name" "$found" "tests/fuzz/corpus/$name" -- -max_total_time="$seconds" \
        -runs=10000000 -timeout=10 -verbosity=0 -print_final_stats=1 -artifact_prefix="$target/fuzz-corpus/" \
        >"$work/log" 2>&1 || {
        tail -40 "$work/log" >&2
        fail "$name: a finding"
    }
    grep -E 'number_of_executed_units' "$work/log"
done
passed "${#targets[@]} targets, $seconds s each"
