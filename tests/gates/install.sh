#!/usr/bin/env bash
# Installs the C library with install.sh and with `cargo cinstall`, compares the two, and builds and runs
# programs against both: with pkg-config and CMake, shared and static, in C and C++.
# Usage: tests/gates/install.sh
#
# Keeps cargo-c in ~/.cache/sinch-numbers.
source "$(dirname "$0")/common.sh"

cargo_c=0.10.24
need pkg-config:pkg-config cmake:cmake readelf:binutils make:make cc:gcc c++:g++
cache=$cache/cargo-c-$cargo_c
if [ ! -x "$cache/bin/cargo-cinstall" ]; then
    pkg-config --exists openssl 2>/dev/null || need no-openssl:libssl-dev
    step "cargo-c $cargo_c"
    # Optimised for build time: the tool runs once or twice. In a target folder of its own.
    CARGO_TARGET_DIR=$work/cargo-c CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_DEBUG=0 \
        cargo install --quiet --locked --no-track --root "$cache" --bin cargo-cinstall --version "$cargo_c" cargo-c
    rm -rf "$work/cargo-c"
fi

# --- install, in both ways

# Prints a folder's tree, kinds, modes and links included.
layout() { (cd "$1" && find . -mindepth 1 -printf '%P %y %m %l\n' | sort); }
# Prints the pkg-config files of a prefix without the prefix.
pc_file() { sed "s|$1|PREFIX|g" "$1/lib/pkgconfig/sinch_numbers.pc"; }
same() { diff -u "$2" "$3" || fail "$1"; }

script=$work/script cargo=$work/cargo
umask 022
step "install.sh"
"$root/install.sh" --prefix "$script" 2>"$work/log" || { cat "$work/log" >&2; fail "install.sh"; }
layout "$script" >"$work/layout-once"
"$root/install.sh" --prefix="$script" --libdir "$script/lib" >/dev/null 2>&1 || fail "install.sh, a second time"
layout "$script" >"$work/layout-script"
same "install.sh leaves something else when it runs again" "$work/layout-once" "$work/layout-script"

step "install.sh --destdir --libdir --strip"
"$root/install.sh" --prefix /opt/x --libdir lib64 --destdir "$work/stage" --strip >/dev/null 2>&1 || fail "install.sh --destdir"
for file in include/sinch_numbers.h lib64/libsinch_numbers.so.1 lib64/pkgconfig/sinch_numbers.pc share/cmake/SinchNumbers/SinchNumbersConfig.cmake; do
    [ -f "$work/stage/opt/x/$file" ] || fail "install.sh --destdir: no $file"
done
! grep -rIl "$work" "$work/stage" || fail "install.sh: a file mentions the destdir"
[ "$(stat -Lc %s "$work/stage/opt/x/lib64/libsinch_numbers.so")" -lt "$(stat -Lc %s "$script/lib/libsinch_numbers.so")" ] ||
    fail "install.sh --strip did not make the library smaller"
for wrong in "--prefix relative" "--prefix" "--unknown" "--prefix /proc/nowhere"; do
    # shellcheck disable=SC2086 # an option and its value
    if "$root/install.sh" $wrong >/dev/null 2>"$work/log"; then fail "install.sh $wrong was taken"; fi
    grep -q '^install.sh: ' "$work/log" || fail "install.sh $wrong: $(cat "$work/log")"
done

step "cargo cinstall"
(cd "$root" && PATH=$cache/bin:$PATH cargo cinstall --locked --release --prefix "$cargo" --libdir lib) 2>"$work/log" ||
    { cat "$work/log" >&2; fail "cargo cinstall"; }
layout "$cargo" >"$work/layout-cargo"
same "install.sh and cargo cinstall install different files" "$work/layout-script" "$work/layout-cargo"
pc_file "$script" >"$work/pc-script"
pc_file "$cargo" >"$work/pc-cargo"
same "the pkg-config files differ" "$work/pc-script" "$work/pc-cargo"
cat "$work/layout-script" "$work/pc-script"

# --- the files

step "what is in them"
crate_version=$(cd "$root" && cargo pkgid --locked | sed 's/.*[@#]//')
for prefix in "$script" "$cargo"; do
    for file in "$root"/include/*; do cmp "$file" "$prefix/include/${file##*/}" || fail "another header is installed"; done
    for file in "$root"/cmake/*; do cmp "$file" "$prefix/share/cmake/SinchNumbers/${file##*/}" || fail "another CMake package"; done

    library=$prefix/lib/libsinch_numbers.so
    [ "$(basename "$(readlink -f "$library")")" = "libsinch_numbers.so.$crate_version" ] || fail "$library is $(readlink -f "$library")"
    readelf -dW "$library" >"$work/dynamic"
    soname=$(sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p' "$work/dynamic")
    [ "$soname" = libsinch_numbers.so.1 ] || fail "SONAME: $soname"
    grep -q '(FLAGS_1).*NODELETE' "$work/dynamic" || fail "no NODELETE"
    needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$work/dynamic" | sort | tr '\n' ' ')
    echo "needed: $needed"
    [[ $needed =~ ^(ld-linux[-_a-z0-9]*\.so\.[0-9]\ )?libc\.so\.6\ libgcc_s\.so\.1\ $ ]] || fail "it needs $needed"
    nm -D --defined-only "$library" | awk '{ print $3 }' | sort >"$work/exported"
    grep -o '\bsinch_numbers_[a-z_]*(' "$prefix/include/sinch_numbers.h" | tr -d '(' | sort -u >"$work/declared"
    same "what is exported is not what the header declares" "$work/declared" "$work/exported"
    echo "exported: $(wc -l <"$work/exported") functions"
done

# --- programs

sandbox
cp "$root/tests/c/smoke.c" "$work/smoke.c"
{
    [ ! -f "$root/include/sinch_numbers.hpp" ] || echo '#include "sinch_numbers.hpp"'
    cat "$root/tests/c/smoke.c"
} >"$work/smoke.cpp"
flags=(-Wall -Wextra -Werror)

# Runs a program and looks whether it takes the shared library or carries the archive.
run() { # shared|static NAME PROGRAM [LIBRARY FOLDER]
    if [ "$1" = shared ]; then
        readelf -dW "$3" | grep -q 'NEEDED.*\[libsinch_numbers\.so\.1\]' || fail "$2 does not need libsinch_numbers.so.1"
    else
        ! LD_LIBRARY_PATH=${4:-} ldd "$3" | grep -q libsinch_numbers || fail "$2 needs the shared library"
    fi
    local output
    output=$(LD_LIBRARY_PATH=${4:-} "$3") || fail "$2 does not run: $output"
    echo "ok: $2: $output"
}

for way in script cargo; do
    prefix=$work/$way
    export PKG_CONFIG_PATH=$prefix/lib/pkgconfig

    step "$way: pkg-config"
    [ "$(pkg-config --modversion sinch_numbers)" = "$crate_version" ] || fail "pkg-config says another version"
    read -ra shared <<<"$(pkg-config --cflags --libs sinch_numbers)"
    # The linker prefers the shared library; this name is the archive's only.
    read -ra static <<<"$(pkg-config --static --cflags --libs sinch_numbers | sed 's/-lsinch_numbers/-l:libsinch_numbers.a/')"
    for compiler in "cc smoke.c" "c++ smoke.cpp"; do
        read -r command source <<<"$compiler"
        "$command" "${flags[@]}" "$work/$source" -o "$work/shared" "${shared[@]}"
        run shared "$way, pkg-config, $command, shared" "$work/shared" "$prefix/lib"
        "$command" "${flags[@]}" "$work/$source" -o "$work/static" "${static[@]}"
        run static "$way, pkg-config, $command, static" "$work/static"
    done
    # As it is, where no shared library lies beside the archive.
    mkdir "$work/alone"
    cp "$prefix/lib/libsinch_numbers.a" "$work/alone"
    read -ra alone <<<"$(pkg-config --static --cflags --libs sinch_numbers | sed "s|-L$prefix/lib|-L$work/alone|")"
    cc "${flags[@]}" "$work/smoke.c" -o "$work/static" "${alone[@]}"
    run static "$way, pkg-config --static, archive alone" "$work/static"
    rm -r "$work/alone"
done
unset PKG_CONFIG_PATH

mkdir "$work/project"
cat >"$work/project/CMakeLists.txt" <<'TEXT'
cmake_minimum_required(VERSION 3.5...3.31)
project(smoke C CXX)
find_package(SinchNumbers ${WANT} REQUIRED)
# Found again by another part of a project.
find_package(SinchNumbers REQUIRED)
foreach(language c cpp)
  foreach(kind shared static)
    add_executable(${language}-${kind} ../smoke.${language})
    target_link_libraries(${language}-${kind} PRIVATE SinchNumbers::${kind})
  endforeach()
endforeach()
TEXT
configure() { # PREFIX BUILD [WANT]
    rm -rf "${work:?}/$2"
    cmake -S "$work/project" -B "$work/$2" -DCMAKE_PREFIX_PATH="$1" -DWANT="${3:-}" \
        -DCMAKE_C_FLAGS="${flags[*]}" -DCMAKE_CXX_FLAGS="${flags[*]}" >"$work/log" 2>&1
}
with_cmake() { # NAME PREFIX WANT
    configure "$2" build "$3" || { cat "$work/log" >&2; fail "$1: CMake does not find it"; }
    cmake --build "$work/build" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$1: CMake does not build"; }
    for language in c cpp; do
        for kind in shared static; do
            run "$kind" "$1, CMake, $language, $kind" "$work/build/$language-$kind"
        done
    done
}

step "CMake"
with_cmake script "$script" "$crate_version;EXACT"
with_cmake cargo "$cargo" "${crate_version%.*}"
for want in 0.9 2.0 "$crate_version.1"; do
    if configure "$script" refused "$want"; then fail "CMake takes version $crate_version for $want"; fi
done
for want in 1.0...2.0 "$crate_version...<2"; do
    configure "$script" range "$want" || fail "CMake does not take version $crate_version for $want"
done
if configure "$script" refused "0.1...<$crate_version"; then fail "CMake takes version $crate_version for less"; fi

step "CMake, moved to another place and another libdir"
multiarch=$(cc -print-multiarch)
for libdir in lib64 ${multiarch:+"lib/$multiarch"}; do
    moved=$work/moved/${libdir//\//-}
    mkdir -p "$moved/$(dirname "$libdir")"
    cp -a "$cargo/include" "$cargo/share" "$moved"
    mkdir -p "$moved/$libdir"
    cp -a "$cargo/lib/." "$moved/$libdir"
    with_cmake "$libdir" "$moved" 1
    ! grep -rq "$cargo" "$work/build" || fail "the moved package still speaks of $cargo"
done

passed "install.sh and cargo cinstall (cargo-c $cargo_c) install the same, pkg-config and CMake work with both"
