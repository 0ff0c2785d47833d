# Functions that the gates share; sourced. Each gate installs what it needs, can be repeated, prints PASSED or FAILED in its last
# line, and returns its exit code.
#
#   SANDBOX           a built sinch-numbers; without it, one is built
#   CARGO_TARGET_DIR  where cargo builds
set -euo pipefail

gate=$(basename "$0" .sh)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
# Kept between runs: tools, packages, dependencies for other targets.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sinch-numbers
export CARGO_TARGET_DIR=$target CARGO_TERM_COLOR=never LC_ALL=C
unset RUSTFLAGS
cd "$root"

work=$(mktemp -d)
started=()
finish() {
    local code=$?
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    rm -rf "$work"
    [ "$code" = 0 ] || echo "$gate: FAILED" >&2
}
trap finish EXIT

step() { printf -- '--- %s: %s (%s s)\n' "$gate" "$1" "$SECONDS"; }
fail() {
    echo "$gate: $*" >&2
    exit 1
}
passed() { echo "$gate: PASSED${1:+: $1} ($SECONDS s)"; }

# need COMMAND:PACKAGE...: installs the packages whose commands are missing.
need() {
    local missing=() pair
    for pair in "$@"; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    [ ${#missing[@]} = 0 ] && return
    step "apt-get install ${missing[*]}"
    local sudo=''
    [ "$(id -u)" = 0 ] || sudo=sudo
    # Another gate may be installing.
    mkdir -p "$cache"
    flock "$cache/apt" $sudo sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null' \
        sh "${missing[@]}"
}

# unpacked RELEASE FOLDER PACKAGE...: unpacks packages of a Debian release into a folder, once; installs none. FOLDER/ready holds
# the first one's version. Fails if they cannot be downloaded.
unpacked() {
    local release=$1 folder=$2 apt=$work/apt mirror package
    shift 2
    [ ! -e "$folder/ready" ] || return 0
    step "$1 of $release"
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
        sed -n "s/ $(. /etc/os-release && echo "${VERSION_CODENAME:-none}")\$//p" | head -n 1)
    [ -n "$mirror" ] || return 1
    # Separate lists: apt's state on this machine is not changed.
    rm -rf "$apt"
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/debs"
    touch "$apt/status"
    echo "deb $mirror $release main" >"$apt/list"
    local options=(-qq -o Dir::Etc::sourcelist="$apt/list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State="$apt/state"
        -o Dir::Cache="$apt/cache" -o Dir::State::status="$apt/status" -o APT::Sandbox::User=root -o Acquire::Languages=none)
    apt-get "${options[@]}" update || return 1
    (cd "$apt/debs" && apt-get "${options[@]}" download "$@") || return 1
    rm -rf "$folder"
    mkdir -p "$folder"
    for package in "$apt/debs"/*.deb; do dpkg-deb -x "$package" "$folder" || return 1; done
    dpkg-deb -f "$apt/debs/${1%%=*}"_*.deb Version >"$folder/ready"
    rm -rf "$apt"
}

# library debug|release: builds the shared library, and puts it into $work/lib.
library() {
    step "library ($1)"
    local profile=()
    [ "$1" = debug ] || profile=(--release)
    cargo build --quiet --lib "${profile[@]}"
    mkdir -p "$work/lib"
    cp "$target/$1/libsinch_numbers.so" "$work/lib/libsinch_numbers.so.1"
    ln -sf libsinch_numbers.so.1 "$work/lib/libsinch_numbers.so"
}

# program NAME [FLAG...]: compiles tests/c/NAME.c into $work/NAME.
program() {
    local name=$1
    shift
    "${CC:-cc}" -std=gnu11 -g -Wall -Wextra -Werror -pthread "$@" -I include "tests/c/$name.c" -o "$work/$name" \
        -L "$work/lib" -Wl,--as-needed "-Wl,-rpath,$work/lib" -lsinch_numbers -ldl
}

# Reads the first line of a process that goes on running, into $first.
background() {
    local pipe
    pipe=$work/pipe.${#started[@]}
    mkfifo "$pipe"
    "$@" >"$pipe" 2>/dev/null &
    started+=($!)
    exec {stream}<"$pipe"
    read -r first <&"$stream" || fail "$1 did not start"
}

account() {
    export SINCH_PROJECT_ID=$1 SINCH_KEY_ID=$2 SINCH_KEY_SECRET=$3 SINCH_NUMBERS_URL=$4 SINCH_AUTH_URL=$4
}

# sandbox [FLAG...]: starts a sandbox, and puts its account into the environment.
sandbox() {
    local program=${SANDBOX:-}
    if [ -z "$program" ]; then
        step sandbox
        cargo build --quiet --bin sinch-numbers --features cli
        program=$target/debug/sinch-numbers
    fi
    # Its own copy: another build may replace the file meanwhile.
    cp --remove-destination "$program" "$work/sandbox"
    background "$work/sandbox" sandbox --quiet "$@"
    account sandbox-project sandbox-key sandbox-secret "$first"
}

# certificates: makes an authority and a certificate for localhost: $work/ca.pem, cert.pem, key.pem.
certificates() {
    need openssl:openssl
    local curve=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
    openssl req -x509 "${curve[@]}" -days 3 -subj '/CN=test authority' -keyout "$work/ca.key" -out "$work/ca.pem" 2>/dev/null
    openssl req "${curve[@]}" -subj /CN=localhost -keyout "$work/key.pem" -out "$work/request.pem" 2>/dev/null
    echo 'subjectAltName=DNS:localhost' >"$work/extensions"
    openssl x509 -req -in "$work/request.pem" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 3 \
        -extfile "$work/extensions" -out "$work/cert.pem" 2>/dev/null
}
