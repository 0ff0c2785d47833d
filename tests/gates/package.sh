#!/usr/bin/env bash
# The package, as it would be published, is whole: unpacked from its archive, it compiles and passes its own tests, without a
# feature what needs none, and all of it with `sandbox` and `test-hooks`.
# Usage: tests/gates/package.sh
source "$(dirname "$0")/common.sh"

need cc:gcc c++:g++ python3:python3

step "cargo package"
cargo package --quiet --locked --allow-dirty --no-verify
crate=$(cargo pkgid | sed 's/.*[#@]//')
unpacked=$target/unpacked
rm -rf "$unpacked"
mkdir -p "$unpacked"
tar -xzf "$target/package/sinch-numbers-$crate.crate" -C "$unpacked"
cd "$unpacked/sinch-numbers-$crate"

# A target folder of its own: nothing that the repository has built is found there.
export CARGO_TARGET_DIR=$target/packaged
for features in "" sandbox,test-hooks; do
    step "cargo test ${features:+--features $features}"
    cargo test --quiet --locked ${features:+--features "$features"} >"$work/said" 2>&1 || {
        tail -n 60 "$work/said" >&2
        fail "cargo test ${features:+--features $features} fails in the package"
    }
    grep '^test result' "$work/said" || fail "no test was run"
done
passed
