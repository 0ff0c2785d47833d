#!/usr/bin/env bash
# Tests each package of release.sh in a clean environment: wheels in a fresh environment, programs in C against each tarball,
# Debian packages through apt, README's lines as they stand; what is for aarch64 runs in qemu.
# Usage: tests/gates/release.sh          the quick form: a wheel, a tarball and the library's Debian packages, for x86-64
#        tests/gates/release.sh --full   everything, into dist/
# With MADE set, the packages in that folder are tested instead of new ones.
source "$(dirname "$0")/common.sh"

need cc:gcc pkg-config:pkg-config cmake:cmake make:make readelf:binutils python3:python3
dist=$work/dist
if [ "${1:-}" = --full ]; then
    dist=$root/dist
    need qemu-aarch64-static:qemu-user-static
    [ -n "${MADE:-}" ] || ./release.sh
else
    [ -n "${MADE:-}" ] || ./release.sh --quick --out "$dist"
fi
dist=${MADE:-$dist}
version=$(cargo pkgid --locked | sed 's/.*[@#]//')
sandbox
work_apt=''
unset SINCH_NUMBERS_LIBRARY LD_LIBRARY_PATH PYTHONPATH
checked=0
# works WHAT COMMAND...: a program that lists the sandbox's numbers.
works() {
    local what=$1 said
    shift
    said=$("$@" 2>&1) || fail "$what: $said"
    [[ $said == *+1* ]] || fail "$what says $said"
    echo "ok: $what: ${said//$'\n'/; }"
    checked=$((checked + 1))
}
# private_apt ARGUMENTS...: apt-get for arm64 with lists of its own; nothing is installed.
private_apt() {
    if [ -z "$work_apt" ]; then
        work_apt=$work/apt
        mkdir -p "$work_apt/state/lists/partial" "$work_apt/cache/archives/partial"
        touch "$work_apt/status"
    fi
    apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o Dir::State="$work_apt/state" -o Dir::Cache="$work_apt/cache" \
        -o Dir::State::status="$work_apt/status" -o APT::Sandbox::User=root "$@" >/dev/null
}

step 'the sums, and the oldest system'
(cd "$dist" && sha256sum --quiet -c SHA256SUMS && [ "$(ls | grep -vc SHA256SUMS)" = "$(wc -l <SHA256SUMS)" ]) || fail 'SHA256SUMS'
for file in "$dist"/sinch-numbers-"$version"-*.tar.gz "$dist"/*.whl; do
    folder=$work/unpacked/$(basename "$file")
    mkdir -p "$folder"
    case $file in
        *.whl) python3 -m zipfile -e "$file" "$folder" ;;
        *) tar -xzf "$file" -C "$folder" ;;
    esac
    while read -r library; do
        newest=$(readelf -VW "$library" | { grep -o 'GLIBC_[0-9.]*' || true; } | sort -uV | tail -n 1)
        needed=$(readelf -dW "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')
        echo "$(basename "$file"): newest symbol ${newest:-none}, needs $needed"
        case $file in
            *manylinux* | *-gnu.tar.gz) [ "$(printf '%s\n' GLIBC_2.17 "$newest" | sort -V | tail -n 1)" = GLIBC_2.17 ] || fail "$newest" ;;
            *) [ -z "$newest" ] || fail "$file is for musl and wants $newest" ;;
        esac
    done < <(find "$folder" -type f -name 'libsinch_numbers.so*')
done

step 'the wheels'
for wheel in "$dist"/*.whl; do
    name=$(basename "$wheel")
    [[ $name =~ ^sinch_numbers-$version-py3-none-(manylinux2014_(x86_64|aarch64)\.manylinux_2_17|musllinux_1_[0-9])_(x86_64|aarch64)\.whl$ ]] ||
        fail "the tag of $name"
    about=$(cat "$work/unpacked/$name"/*.dist-info/METADATA)
    for part in 'Project-URL: ' 'Description-Content-Type: text/markdown' 'blocking client' 'License-Expression: MIT OR Apache-2.0'; do
        [[ $about == *"$part"* ]] || fail "$name: no $part in its metadata"
    done
    [ -e "$work/unpacked/$name/sinch_numbers/py.typed" ] || fail "$name: no py.typed"
done
numbers='import sinch_numbers
with sinch_numbers.Client.from_env() as client:
    print(sinch_numbers.library_version(), *[number["phoneNumber"] for number in client.numbers()][:2])'
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-index "$dist"/*manylinux*_x86_64.whl
works 'wheel, glibc, x86-64' "$work/venv/bin/python" -c "$numbers"

step 'the tarballs'
# program PREFIX HOW OUTPUT COMPILER...: the smoke test of the C library against an unpacked tarball, by its pkg-config file.
smoke() {
    local prefix=$1 how=$2 output=$3 flags
    shift 3
    flags=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs sinch_numbers)
    if [ "$how" = static ]; then
        flags=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --static --cflags --libs sinch_numbers | sed 's/-lsinch_numbers/-l:libsinch_numbers.a/')
    fi
    # shellcheck disable=SC2086 # several flags
    "$@" -Wall -Wextra -Werror tests/c/smoke.c -o "$output" $flags
}
gnu=$work/unpacked/sinch-numbers-$version-x86_64-unknown-linux-gnu.tar.gz/sinch-numbers-$version-x86_64-unknown-linux-gnu
for file in LICENSE-MIT LICENSE-APACHE THIRD-PARTY README.md; do [ -s "$gnu/$file" ] || fail "the tarball has no $file"; done
for how in shared static; do
    smoke "$gnu" "$how" "$work/$how" cc
    works "tarball, glibc, x86-64, $how" env LD_LIBRARY_PATH="$gnu/lib" "$work/$how"
done

step "README's lines"
# readme PATTERN: the line of README's shell blocks that has it, without its comment.
readme() { sed -n '/^```sh/,/^```$/p' README.md | grep -E -m 1 "$1" | sed 's/ *#.*//' || fail "README has no line with $1"; }
# In a folder that has dist/ in it, as for a reader of the README.
mkdir "$work/reader"
ln -s "$dist" "$work/reader/dist"
sudo() { "$@"; }
install=$(readme '^pip install .*dist/')
python3 -m venv "$work/reader/venv"
(cd "$work/reader" && PATH=$work/reader/venv/bin:$PATH PIP_NO_INDEX=1 PIP_DISABLE_PIP_VERSION_CHECK=1 && eval "$install") >/dev/null
works "$install" "$work/reader/venv/bin/python" -c "$numbers"

sed -n '/^```cmake/,/^```$/p' README.md | sed '/^```/d' >"$work/fetch.cmake"
grep -q FetchContent_Declare "$work/fetch.cmake" || fail 'README has no block with FetchContent'
cp tests/c/smoke.c "$work/reader/fleet.c"
{
    echo 'cmake_minimum_required(VERSION 3.14...3.31)'
    echo 'project(fleet C)'
    cat "$work/fetch.cmake"
} >"$work/reader/CMakeLists.txt"
cmake -S "$work/reader" -B "$work/reader/build" >"$work/log" 2>&1 && cmake --build "$work/reader/build" >>"$work/log" 2>&1 ||
    { cat "$work/log" >&2; fail 'FetchContent'; }
works 'FetchContent' "$work/reader/build/fleet"

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    install=$(readme '^sudo apt install .*dist/')
    (cd "$work/reader" && export DEBIAN_FRONTEND=noninteractive && eval "${install/apt install/apt-get install -qq -y}") >"$work/log" 2>&1 ||
        { cat "$work/log" >&2; fail "$install"; }
    installed() { dpkg-query -W -f '${Package} ${Version} ${Status}\n' '*sinch-numbers*' 2>/dev/null | grep ' ok installed'; }
    installed
    removed() { apt-get purge -qq -y $(installed | cut -d' ' -f1) >/dev/null 2>&1 || true; }
    trap 'removed; finish' EXIT
    [[ $(ldconfig -p) == *libsinch_numbers.so.1\ * ]] || fail 'the cache of the loader does not know the library'
    # shellcheck disable=SC2046 # several flags
    env -u PKG_CONFIG_PATH cc tests/c/smoke.c -o "$work/debian" $(env -u PKG_CONFIG_PATH pkg-config --cflags --libs sinch_numbers)
    [[ $(ldd "$work/debian") =~ '=> /'(usr/)?lib/[a-z0-9_]*-linux-gnu/libsinch_numbers.so.1 ]] || fail "$(ldd "$work/debian")"
    works 'apt install' "$work/debian"
    if [ "${1:-}" = --full ]; then
        apt-get install -qq -y "$dist/sinch-numbers_$version-1_amd64.deb" >/dev/null 2>&1
        works 'apt install, the program' /usr/bin/sinch-numbers list --limit 2 --fields phoneNumber
        man -w sinch-numbers >/dev/null 2>&1 || [ -e /usr/share/man/man1/sinch-numbers.1.gz ] || [ -e /usr/share/man/man1/sinch-numbers.1 ] || fail 'no manual page'
    fi
    removed
    ! installed || fail 'something is left after the purge'
else
    echo 'not root, or no apt: the Debian packages were not installed'
fi

install=$(readme '^cargo install --path')
CARGO_INSTALL_ROOT=$work/cargo CARGO_TARGET_DIR=$target/installed CARGO_PROFILE_RELEASE_OPT_LEVEL=0 \
    bash -c "$install --quiet --locked --no-track" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$install"; }
works "$install" "$work/cargo/bin/sinch-numbers" list --limit 2 --fields phoneNumber

[ "${1:-}" = --full ] || { passed "$checked artefacts at work"; exit; }

step 'musl, x86-64'
need /lib/ld-musl-x86_64.so.1:musl
zig() { "${XDG_CACHE_HOME:-$HOME/.cache}"/sinch-numbers/release-*/bin/python -m ziglang "$@"; }
prefix_of() { echo "$work/unpacked/sinch-numbers-$version-$1.tar.gz/sinch-numbers-$version-$1"; }
musl=$(prefix_of x86_64-unknown-linux-musl)
smoke "$musl" shared "$work/musl" zig cc -target x86_64-linux-musl -dynamic
works 'tarball, musl, x86-64, shared' env LD_LIBRARY_PATH="$musl/lib" /lib/ld-musl-x86_64.so.1 "$work/musl"
smoke "$musl" static "$work/musl-static" zig cc -target x86_64-linux-musl -static
works 'tarball, musl, x86-64, static' "$work/musl-static"
# The library that the wheel carries is loaded by musl as well.
cp "$(echo "$work"/unpacked/*musllinux*_x86_64.whl)/sinch_numbers/libsinch_numbers.so" "$work/libsinch_numbers.so.1"
works "wheel's library, musl, x86-64" env LD_LIBRARY_PATH="$work" /lib/ld-musl-x86_64.so.1 "$work/musl"
program=$work/program-x86_64
mkdir "$program"
tar -xzf "$dist/sinch-numbers-cli-$version-x86_64-linux.tar.gz" -C "$program" --strip-components 1
[[ $(readelf -dW "$program/bin/sinch-numbers") != *NEEDED* ]] || fail 'the program is not static'
bytes=$(stat -c %s "$program/bin/sinch-numbers")
[ "$bytes" -le 6000000 ] || fail "the program has $bytes bytes"
works "program, x86-64, static, $bytes bytes" "$program/bin/sinch-numbers" list --limit 2 --fields phoneNumber
for file in share/man/man1/sinch-numbers.1 share/bash-completion/completions/sinch-numbers share/zsh/site-functions/_sinch-numbers; do
    [ -s "$program/$file" ] || fail "the program's tarball has no $file"
done

step 'aarch64, in qemu'
arm=$(prefix_of aarch64-unknown-linux-gnu)
private_apt update
(cd "$work" && private_apt download musl libc6 libgcc-s1 zlib1g libffi8 libexpat1 python3.11-minimal libpython3.11-minimal libpython3.11-stdlib)
for package in "$work"/*_arm64.deb; do dpkg-deb -x "$package" "$work/arm64"; done
emulated() { qemu-aarch64-static -L "$work/arm64" "$@"; }
musl=$(prefix_of aarch64-unknown-linux-musl)
for how in shared static; do
    smoke "$arm" "$how" "$work/arm-$how" zig cc -target aarch64-linux-gnu.2.17
    works "tarball, glibc, aarch64, $how" emulated -E LD_LIBRARY_PATH="$arm/lib" "$work/arm-$how"
done
smoke "$musl" shared "$work/arm-musl" zig cc -target aarch64-linux-musl -dynamic
works 'tarball, musl, aarch64, shared' emulated -E LD_LIBRARY_PATH="$musl/lib" "$work/arm-musl"
smoke "$musl" static "$work/arm-musl-static" zig cc -target aarch64-linux-musl -static
works 'tarball, musl, aarch64, static' qemu-aarch64-static "$work/arm-musl-static"
# pip unpacks the wheel for the other machine; Debian's Python for it runs from a folder.
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-index --only-binary :all: --platform manylinux2014_aarch64 \
    --target "$work/arm-packages" "$dist"/*manylinux*_aarch64.whl
works 'wheel, glibc, aarch64' emulated -E PYTHONPATH="$work/arm-packages" -E PYTHONHOME="$work/arm64/usr" \
    "$work/arm64/usr/bin/python3.11" -c "$numbers"
program=$work/program-aarch64
mkdir "$program"
tar -xzf "$dist/sinch-numbers-cli-$version-aarch64-linux.tar.gz" -C "$program" --strip-components 1
works "program, aarch64, static, $(stat -c %s "$program/bin/sinch-numbers") bytes" qemu-aarch64-static "$program/bin/sinch-numbers" list --limit 2 --fields phoneNumber
for package in "$dist"/*_arm64.deb; do
    [ "$(dpkg-deb -f "$package" Architecture)" = arm64 ] || fail "$package is not for arm64"
    dpkg-deb -c "$package" >/dev/null
done
passed "$checked artefacts at work"
