#!/usr/bin/env bash
# Sees to what lives outside cargo, then measures. Usage: benches/run.sh [prepare | OPTION...]
#   prepare    installs and builds what is missing, and writes where it is to target/cache/env: `cargo bench` does that itself
#   OPTION     of the measuring, as in `cargo bench -- OPTION`: --rounds N, --quick, --only WORK
# Everything goes into benches/target/cache, but for Debian's packages.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
benches=$root/benches
shipped=${CARGO_TARGET_DIR:-$root/target}
target=${CARGO_TARGET_DIR:-$benches/target}
cache=$target/cache
mkdir -p "$cache"

if [ "${1:-}" != prepare ]; then
    cargo bench --locked --manifest-path "$benches/Cargo.toml" -- "$@"
    exit
fi

step() { printf -- '--- %s\n' "$1" >&2; }

missing=()
for pair in cc:gcc pkg-config:pkg-config valgrind:valgrind strace:strace strip:binutils python3:python3 node:nodejs npm:npm; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
done
pkg-config --exists libcurl 2>/dev/null || missing+=(libcurl4-openssl-dev)
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
if [ ${#missing[@]} != 0 ]; then
    step "apt-get install ${missing[*]}"
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq >&2
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ ! -e "$cache/python/ready" ]; then
    step 'the SDK for Python'
    rm -rf "$cache/python"
    python3 -m venv "$cache/python"
    "$cache/python/bin/pip" install --quiet --disable-pip-version-check 'sinch==2.3.0' >&2
    touch "$cache/python/ready"
fi
if [ ! -e "$cache/node/ready" ]; then
    step 'the SDK for Node'
    mkdir -p "$cache/node"
    echo '{"private": true}' >"$cache/node/package.json"
    (cd "$cache/node" && npm install --silent --no-audit --no-fund '@sinch/sdk-core@1.4.0' '@sinch/numbers@1.5.0' >&2)
    touch "$cache/node/ready"
fi
if [ ! -e "$cache/yyjson/yyjson.o" ]; then
    # Debian has no package of it; the C source is in the source distribution of the Python package.
    step yyjson
    rm -rf "$cache/yyjson"
    mkdir -p "$cache/yyjson"
    "$cache/python/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary :all: --dest "$cache/yyjson" \
        'yyjson==4.0.6' >&2
    tar -xzf "$cache"/yyjson/yyjson-*.tar.gz -C "$cache/yyjson" --strip-components 2 --wildcards '*/yyjson.c' '*/yyjson.h'
    cc -O3 -c "$cache/yyjson/yyjson.c" -o "$cache/yyjson/yyjson.o"
fi

step 'the library, as it is shipped'
cargo build --quiet --locked --release --lib
mkdir -p "$cache/lib" "$cache/bin"
cp "$shipped/release/libsinch_numbers.so" "$cache/lib/libsinch_numbers.so.1.new"
mv "$cache/lib/libsinch_numbers.so.1.new" "$cache/lib/libsinch_numbers.so.1"
ln -sf libsinch_numbers.so.1 "$cache/lib/libsinch_numbers.so"
strip --strip-unneeded -o "$cache/stripped.so" "$cache/lib/libsinch_numbers.so.1"

step 'the server and the clients in Rust'
cargo build --quiet --locked --manifest-path "$benches/Cargo.toml" --profile peers --bin server --bin peers --bin ours
cargo build --quiet --locked --manifest-path "$benches/Cargo.toml" --release --bin ours

step 'the clients in C'
compile() {
    local name=$1
    shift
    cc -O2 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-unused-function -pthread -isystem "$cache/yyjson" -I include \
        "benches/c/$name.c" "$cache/yyjson/yyjson.o" -o "$cache/bin/$name" "$@"
}
compile raw
compile curl $(pkg-config --cflags --libs libcurl)
compile ours -L "$cache/lib" "-Wl,-rpath,$cache/lib" -lsinch_numbers
cc -O2 -std=gnu11 -fPIC -shared -Wall -Wextra -Werror tests/c/count.c -o "$cache/count.so" -ldl
cc -O2 -std=gnu11 -fPIC -shared -Wall -Wextra -Werror tests/c/lookups.c -o "$cache/lookups.so" -ldl
cc -O2 -std=gnu99 -Wall -Wextra -Werror -Iinclude tests/c/latency.c -o "$cache/bin/latency" -L "$cache/lib" \
    "-Wl,-rpath,$cache/lib" -lsinch_numbers -pthread

cat >"$cache/env" <<ENV
ROOT=$root
CACHE=$cache
PEERS=$target/peers
OURS=$target/release/ours
STRIPPED=$(stat -c %s "$cache/stripped.so")
CRATES=$(cargo tree --locked -e normal,no-proc-macro --prefix none | sed 's/ (.*//' | sort -u | wc -l)
KERNEL=$(uname -r)
CORES=$(nproc)
CPU=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
RUSTC=$(rustc --version | cut -d' ' -f2)
CC=$(cc -dumpfullversion)
LIBCURL=$("$cache/bin/curl" version)
PYTHON=$("$cache/python/bin/python" -V | cut -d' ' -f2)
SDK_PYTHON=$("$cache/python/bin/pip" --disable-pip-version-check list 2>/dev/null | awk '$1 == "sinch" { print $2 }')
NODE=$(node --version)
SDK_NODE=$(sed -n 's/^  "version": "\(.*\)",/\1/p' "$cache/node/node_modules/@sinch/sdk-core/package.json")
UREQ=$(awk '/^name = "ureq"$/ { getline; gsub(/[^0-9.]/, ""); print }' benches/Cargo.lock)
REQWEST=$(awk '/^name = "reqwest"$/ { getline; gsub(/[^0-9.]/, ""); print }' benches/Cargo.lock)
YYJSON=$(sed -n 's/^#define YYJSON_VERSION_STRING *"\(.*\)"/\1/p' "$cache/yyjson/yyjson.h")
ENV
