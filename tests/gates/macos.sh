#!/usr/bin/env bash
# The library compiles and links for macOS on arm64: its dylib has the name that programs ask the loader for, and exports what the
# header declares. The program compiles; to link, it would need Apple's SDK. Nothing is run.
# Usage: tests/gates/macos.sh
#
# Zig, from PyPI, is the linker and the C compiler. The standard library is built from its sources, unless it is installed. Both
# are kept in ~/.cache/sinch-numbers.
source "$(dirname "$0")/common.sh"

need python3:python3
triple=aarch64-apple-darwin
# Zig as release.sh keeps it.
cargo_zigbuild=0.24.1 ziglang=0.17.1 auditwheel=6.8.2 hatchling=1.33.0 build=1.6.1
python=$cache/release-$cargo_zigbuild-$ziglang-$auditwheel-$hatchling-$build
if [ ! -e "$python/ready" ]; then
    python=$cache/zig-$cargo_zigbuild-$ziglang
    if [ ! -e "$python/ready" ]; then
        step 'zig from PyPI'
        rm -rf "$python"
        python3 -m venv "$python"
        "$python/bin/pip" install --quiet --disable-pip-version-check "cargo-zigbuild==$cargo_zigbuild" "ziglang==$ziglang"
        touch "$python/ready"
    fi
fi
export PATH=$python/bin:$PATH

std=()
if [ ! -d "$(rustc --print target-libdir --target "$triple")" ]; then
    [ -d "$(rustc --print sysroot)/lib/rustlib/src/rust/library" ] || fail "rustup target add $triple, or rustup component add rust-src"
    export RUSTC_BOOTSTRAP=1
    std=(-Zbuild-std=std,panic_unwind)
fi
# Kept for the dependencies: what is built of this crate is removed below.
export CARGO_TARGET_DIR=$cache/macos CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0
# built ARGUMENTS...: says nothing unless it fails.
built() {
    cargo-zigbuild rustc --locked --features cli --target "$triple" "${std[@]}" "$@" >"$work/said" 2>&1 || {
        cat "$work/said" >&2
        fail "it does not build for $triple"
    }
}
step 'the library'
built --lib
step 'the program'
built --bin sinch-numbers -- -Clinker=true

step 'the dylib'
grep -o '\bsinch_numbers_[a-z_]*(' include/sinch_numbers.h | tr -d '(' | sort -u >"$work/declared"
python3 - "$CARGO_TARGET_DIR/$triple/debug/libsinch_numbers.dylib" "$work/declared" <<'PYTHON' || fail 'the dylib is not what programs need'
import struct
import sys

LC_SYMTAB, LC_ID_DYLIB = 0x2, 0xD
with open(sys.argv[1], "rb") as file:
    data = file.read()
with open(sys.argv[2]) as file:
    declared = set(file.read().split())
magic, machine, _, kind, commands = struct.unpack_from("<5I", data)
assert (magic, machine, kind) == (0xFEEDFACF, 0x0100000C, 6), "no dylib for arm64"
name, exported, at = None, set(), 32
for _ in range(commands):
    command, size = struct.unpack_from("<2I", data, at)
    if command == LC_ID_DYLIB:
        offset, _, _, compatible = struct.unpack_from("<4I", data, at + 8)
        name = data[at + offset : at + size].rstrip(b"\0").decode()
    elif command == LC_SYMTAB:
        symbols, count, strings, _ = struct.unpack_from("<4I", data, at + 8)
        for number in range(count):
            index, flags = struct.unpack_from("<IB", data, symbols + 16 * number)
            # Defined (its type is "in a section") and external, and not for this file alone.
            if flags & 0x1F == 0x0F:
                start = strings + index
                exported.add(data[start : data.index(b"\0", start)].decode())
    at += size
print(f"{name}, compatible with {compatible >> 16}: {len(declared)} functions declared")
assert (name, compatible >> 16) == ("@rpath/libsinch_numbers.1.dylib", 1), "another name"
lacking = sorted(function for function in declared if f"_{function}" not in exported)
assert declared and not lacking, f"not exported: {lacking}"
PYTHON
functions=$(wc -l <"$work/declared")
cargo clean --quiet -p sinch-numbers --target "$triple" 2>/dev/null
passed "$functions functions"
