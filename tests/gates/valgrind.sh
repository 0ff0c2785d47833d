#!/usr/bin/env bash
# The C programs under memcheck: no invalid access, nothing uninitialised, nothing lost.
# Usage: tests/gates/valgrind.sh
source "$(dirname "$0")/common.sh"

need valgrind:valgrind cc:gcc python3:python3
library debug
sandbox

count=0
leaks=full
# checked PROGRAM [ARGUMENT...]
checked() {
    step "$*"
    valgrind --quiet "--leak-check=$leaks" --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
        --error-exitcode=1 --num-callers=25 --fair-sched=yes "$work/$1" "${@:2}" || fail "$*"
    count=$((count + 1))
}

for name in smoke values turns numbers storm forks sigpipe limits threads load calls verifying waits; do program "$name"; done
for name in smoke values turns numbers storm limits; do checked "$name"; done
for case in right last-of-8 none-of-8 wrong-digit-39 malformed not-json too-long; do checked verifying "$case"; done
checked sigpipe 6
# Not in children: memory of the parent's other threads is lost to them by fork.
leaks=no checked forks
checked threads 16
checked waits many 200
checked load "$work/lib/libsinch_numbers.so.1" 100000
# The ways to end calls that hang, except `free`, which leaks as documented.
for how in cancel shared signal shutdown; do
    mkfifo "$work/tell.$how"
    background python3 tests/gates/server.py --hang 8 --tell "$work/tell.$how"
    account project-1 key-id key-secret "$first"
    checked calls "$how" 8 <>"$work/tell.$how"
done
passed "$count programs, no error, nothing lost"
