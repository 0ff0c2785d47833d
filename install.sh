#!/bin/sh
# Builds the C library and installs what `cargo cinstall` installs, with no more than cargo and a shell. Linux.
set -eu

usage() {
    cat <<'TEXT'
usage: ./install.sh [--prefix DIR] [--libdir DIR] [--destdir DIR] [--strip] [--help]

Builds the C library in release mode and installs the headers, the shared library, the archive,
the pkg-config file and the CMake package. Running it again replaces what is there.

  --prefix DIR   where programs will find it, an absolute path [/usr/local]
  --libdir DIR   the libraries' folder, absolute or below the prefix [lib]
  --destdir DIR  a folder to put in front of every path; no installed file mentions it
  --relocatable  a pkg-config file that finds the rest from its own place, for a folder that will be moved
  --strip        leave out of the installed shared library what only debuggers read

The environment: CARGO (another cargo), CARGO_TARGET_DIR (another build folder),
CARGO_BUILD_TARGET (another machine's library).
TEXT
}

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

prefix=/usr/local libdir=lib destdir='' relocatable='' strip=''
while [ $# -gt 0 ]; do
    case $1 in
        --prefix=* | --libdir=* | --destdir=*)
            option=${1%%=*} value=${1#*=}
            shift
            set -- "$option" "$value" "$@"
            ;;
    esac
    case $1 in
        --prefix | --libdir | --destdir)
            [ $# -ge 2 ] && [ -n "$2" ] || fail "$1 needs a folder"
            case $1 in
                --prefix) prefix=$2 ;;
                --libdir) libdir=$2 ;;
                --destdir) destdir=$2 ;;
            esac
            shift 2
            ;;
        --relocatable) relocatable=yes && shift ;;
        --strip) strip=yes && shift ;;
        --help | -h) usage && exit 0 ;;
        *) fail "what is $1? See ./install.sh --help" ;;
    esac
done

case $prefix in
    /*) ;;
    *) fail "--prefix needs an absolute path, not $prefix" ;;
esac
[ "$prefix" = / ] || prefix=${prefix%/}
# The pkg-config file names the libraries relative to the prefix if possible.
case $libdir in
    "$prefix"/*) libdir=${libdir#"$prefix"/} ;;
esac
libdir=${libdir%/}
case $libdir in
    /*) pc_libdir=$libdir lib=$destdir$libdir ;;
    *) pc_libdir="\${prefix}/$libdir" lib=$destdir$prefix/$libdir ;;
esac
pc_prefix=$prefix
if [ -n "$relocatable" ]; then
    case $libdir in
        /*) fail "--relocatable needs a --libdir below the prefix, not $libdir" ;;
    esac
    # Up from LIBDIR/pkgconfig.
    pc_prefix="\${pcfiledir}/..$(echo "/$libdir" | sed 's|/[^/]*|/..|g')"
fi
share=$destdir$prefix/share include=$destdir$prefix/include

for folder in "$lib" "$include" "$share"; do
    # Checked before minutes of work.
    mkdir -p "$folder" && [ -w "$folder" ] ||
        fail "cannot write to $folder: choose another --prefix, or install into a --destdir and copy that as root"
done

root=$(cd "$(dirname "$0")" && pwd)
cargo=${CARGO:-cargo}
command -v "$cargo" >/dev/null || fail "there is no $cargo: https://rustup.rs"
[ -z "$strip" ] || command -v strip >/dev/null || fail "there is no strip: it comes with binutils"

version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
description=$(sed -n 's/^description = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
target=${CARGO_TARGET_DIR:-$root/target}

build() {
    "$cargo" rustc --locked --release --lib --crate-type cdylib,staticlib --manifest-path "$root/Cargo.toml" \
        --target-dir "$target" --color never -- --print native-static-libs
}
build || fail "cargo could not build the library"
# The compiler prints what a program has to link with the archive; cargo repeats it if nothing has to be built.
private=$(build 2>&1 | sed -n 's/^note: native-static-libs: //p' | tail -n 1)
[ -n "$private" ] || fail "the compiler did not say what the archive needs"

built=$target/${CARGO_BUILD_TARGET:+$CARGO_BUILD_TARGET/}release
for file in libsinch_numbers.so libsinch_numbers.a; do
    [ -f "$built/$file" ] || fail "cargo made no $built/$file; on systems other than Linux use \`cargo cinstall\`"
done

# Replaced by a rename: a running program keeps the library that it has open.
put() { # MODE FROM TO
    mkdir -p "${3%/*}"
    cp "$2" "$3.new.$$"
    chmod "$1" "$3.new.$$"
    mv -f "$3.new.$$" "$3"
    echo "$3"
}
link() { # TO NAME
    ln -s "$1" "$2.new.$$"
    mv -f "$2.new.$$" "$2"
    echo "$2 -> $1"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp "$built/libsinch_numbers.so" "$scratch/so"
[ -z "$strip" ] || strip "$scratch/so"
cat >"$scratch/pc" <<TEXT
prefix=$pc_prefix
exec_prefix=\${prefix}
libdir=$pc_libdir
includedir=\${prefix}/include

Name: sinch_numbers
Description: $description
Version: $version
Libs: -L\${libdir} -lsinch_numbers
Cflags: -I\${includedir}
Libs.private: $private
TEXT

for header in "$root"/include/sinch_numbers.h*; do
    put 644 "$header" "$include/${header##*/}"
done
put 755 "$scratch/so" "$lib/libsinch_numbers.so.$version"
link "libsinch_numbers.so.$version" "$lib/libsinch_numbers.so.${version%%.*}"
link "libsinch_numbers.so.$version" "$lib/libsinch_numbers.so"
put 644 "$built/libsinch_numbers.a" "$lib/libsinch_numbers.a"
put 644 "$scratch/pc" "$lib/pkgconfig/sinch_numbers.pc"
for file in "$root"/cmake/*; do
    put 644 "$file" "$share/cmake/SinchNumbers/${file##*/}"
done
