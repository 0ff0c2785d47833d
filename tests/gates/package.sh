#!/usr/bin/env bash
# The package, as it would be published, is complete: unpacked from its archive, it compiles and passes its own tests, first with
# the default features, then with `cli` and `test-hooks`.
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
# The files of an archive are all of the same age: cargo would take what it built of an earlier one for theirs.
find . -type f -exec touch {} +

# A target folder of its own, without what the repository has built.
export CARGO_TARGET_DIR=$target/packaged
# tested ARGUMENTS...: what passes is said, what fails is shown.
tested() {
    step "cargo test $*"
    cargo test --quiet --locked "$@" >"$work/said" 2>&1 || {
        tail -n 60 "$work/said" >&2
        fail "cargo test $* fails in the package"
    }
}
tested
grep '^test result' "$work/said" || fail "no test was run"
features=(--features "cli,test-hooks")
# Every test and example compiles. What is run again here are the tests that look at files of the package; the rest has passed
# in the repository, with the same sources.
tested "${features[@]}" --no-run
tested "${features[@]}" --test it -- api docs tidy c::header
grep '^test result' "$work/said" || fail "no test was run"
passed
