#!/usr/bin/env bash
# Sanitizers: the C programs with those of the C compiler, the library with AddressSanitizer, and with ThreadSanitizer if the
# source of std can be had.
# Usage: tests/gates/sanitizers.sh
source "$(dirname "$0")/common.sh"

need cc:gcc python3:python3
triple=$(rustc -vV | sed -n 's/^host: //p')

library debug
sandbox
count=0
for name in smoke values turns numbers storm forks sigpipe threads load calls verifying waits; do
    program "$name" -fsanitize=address,undefined -fno-sanitize-recover=all
done
# checked PROGRAM [ARGUMENT...]
checked() {
    step "gcc's sanitizers: $*"
    ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 "$work/$1" "${@:2}" || fail "$*"
    count=$((count + 1))
}
for name in smoke values turns numbers storm sigpipe; do checked "$name"; done
# Without other threads: one of them may hold the sanitizer's allocator lock during a fork (seen with gcc 12).
checked forks alone
for case in right last-of-8 none-of-8 wrong-digit-39 malformed not-json too-long; do checked verifying "$case"; done
checked threads 100
checked waits many 1000
checked load "$work/lib/libsinch_numbers.so.1" 1000000
for how in cancel shared signal shutdown; do
    mkfifo "$work/tell.$how"
    background python3 tests/gates/server.py --hang 16 --tell "$work/tell.$how"
    account project-1 key-id key-secret "$first"
    checked calls "$how" 16 <>"$work/tell.$how"
done

step "AddressSanitizer in the library and its tests"
# Programs of the compilers and of Python are not instrumented, and cannot load a library that is.
skipped=()
for file in $(grep -rl 'crate::support::toolchain' tests/it); do
    module=${file#tests/it/}
    module=${module%.rs}
    module=${module%/mod}
    skipped+=(--skip "${module//\//::}::")
done
# Of the others, those that drive such a program as well; and one whose deadlines of a second or less AddressSanitizer spends
# itself.
for test in c::broken c::reading content::odd_content proxies::c_ proxies::socks_is read_back::c_and_python redirects::redirects_are secrets::a_panic secrets::every_level \
    secrets::what_a_client_is_made_of_does_not_show_in_c secrets::what_the_service_says_back_is_not_said_again_through_c \
    statuses::error_responses table:: trust::c_ tokens::c_ slow::a_call_ends; do
    skipped+=(--skip "$test")
done
(
    export CARGO_TARGET_DIR=$target/asan RUSTC_BOOTSTRAP=1
    export RUSTFLAGS='-Zsanitizer=address -Cforce-frame-pointers=yes'
    cargo test --quiet --target "$triple" --lib --test it -- "${skipped[@]}"
)

step ThreadSanitizer
# std has to be built with it, or every Arc in it looks like a race: its source is a component of the toolchain.
source=$(rustc --print sysroot)/lib/rustlib/src/rust/library/std
[ -d "$source" ] || rustup component add rust-src || true
if [ -d "$source" ]; then
    modules=(cancel:: pages:: token_cache:: crowds:: retries:: json_text::)
    thread_sanitized() {
        CARGO_TARGET_DIR=$target/tsan RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=thread \
            cargo test --quiet -Zbuild-std --target "$triple" --lib --test it -- "$@"
    }
    thread_sanitized "${modules[@]}" --list >"$work/listed"
    for module in "${modules[@]}"; do grep -q "$module" "$work/listed" || fail "no test is of $module"; done
    thread_sanitized "${modules[@]}"
    threads='ThreadSanitizer clean'
else
    # Reported; a stress test is run instead.
    echo 'rust-src cannot be had: no ThreadSanitizer, stress without it'
    sandbox
    for round in 1 2 3 4 5; do
        checked turns
        checked threads 300
    done
    threads='no rust-src, stress instead'
fi
passed "$count programs, the library's own tests; $threads"
