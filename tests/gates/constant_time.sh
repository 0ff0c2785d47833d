#!/usr/bin/env bash
# Verifying a callback takes the same number of instructions whichever secret matches, and wherever a signature is wrong, so that
# a signature cannot be guessed digit by digit.
# Usage: tests/gates/constant_time.sh
source "$(dirname "$0")/common.sh"

need cc:gcc valgrind:valgrind
library release
program verifying -O2

# counted CASE CODE: the instructions of the function in a case, which ends with that code.
counted() {
    local code
    code=$(valgrind --tool=callgrind --callgrind-out-file="$work/callgrind.$1" --toggle-collect=sinch_numbers_callback_verify \
        "$work/verifying" "$1" 2>"$work/log") || fail "$(tail -n 20 "$work/log")"
    [ "$code" = "$2" ] || fail "$1 is $code"
    awk '$1 == "summary:" { print $2; exit }' "$work/callgrind.$1"
}
# same CODE CASE...: all take the same. Leaves the count in $count.
same() {
    local code=$1 name other
    shift
    step "$*"
    count=$(counted "$1" "$code")
    for name in "$@"; do
        other=$(counted "$name" "$code")
        [ "$other" = "$count" ] || fail "$name takes $other instructions, $1 takes $count"
    done
}
same OK first-of-8 fourth-of-8 last-of-8
eight=$count
same E_AUTH wrong-digit-0 wrong-digit-1 wrong-digit-20 wrong-digit-38 wrong-digit-39 none
one=$count

step 'the comparison itself'
# It must notice a difference.
[ "$(counted right OK)" -lt "$eight" ] || fail 'one secret costs as much as eight'
[ "$(counted none-of-8 E_AUTH)" -gt "$one" ] || fail 'one secret costs as much as eight'
[ "$(counted malformed E_AUTH)" -lt "$one" ] || fail 'a malformed signature costs as much as a wrong one'
passed "$one instructions wherever a signature is wrong, $eight whichever of eight secrets fits"
