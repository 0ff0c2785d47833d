#!/usr/bin/env bash
# What a warm get through C, text only, costs apart from time: instructions, heap calls, system calls. What 1,000 calls start:
# no thread. What 100 calls in a row need: one connection and one name look-up. What reading a field of a number costs, by
# JSON pointer, and that it costs the same on a long page. Each figure is the difference of two runs, so that starting up
# cancels out.
# Usage: tests/gates/costs.sh [--report]: --report prints the figures, and where the instructions go, and checks no limit.
source "$(dirname "$0")/common.sh"

# The limits. Instruction counts differ a little between toolchains and processors.
instructions_max=46000
heap_max=42
system_max=4
# For a field of a number, its pointer's printing included; and how much more on a page of 1,000 than on one of 100.
field_max=12000
longer_max=1.3

need cc:gcc python3:python3 valgrind:valgrind strace:strace
library release
program costs -O2
program reading -O2
cc -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared tests/c/count.c -o "$work/count.so" -ldl
background python3 tests/gates/server.py
account project-1 key-id key-secret "$first"
unset http_proxy all_proxy ALL_PROXY no_proxy NO_PROXY

connections() { python3 -c 'import sys, urllib.request as r; print(r.build_opener(r.ProxyHandler({})).open(sys.argv[1]).read().decode())' "$first/connections"; }
# counted COUNT: makes so many calls, and lets count.so write what it counted.
counted() { COUNT=$work/counted.$1 LD_PRELOAD=$work/count.so "$work/costs" "$1" >/dev/null; }
# of COUNT WHAT...: what was counted, added up.
of() {
    local count=$1 what total=0
    shift
    for what in "$@"; do total=$((total + $(sed -n "s/^$what //p" "$work/counted.$count"))); done
    echo "$total"
}
# each FEW FIGURE MANY FIGURE: what one call more costs, with one digit behind the point.
each() { awk "BEGIN { printf \"%.1f\", ($4 - $2) / ($3 - $1) }"; }
at_most() { awk "BEGIN { exit !($1 <= $2) }"; }

step "100 calls to $first"
before=$(connections)
counted 100
opened=$(($(connections) - before - 1))
lookups=$(of 100 lookups)

step "heap calls, threads"
counted 1100
allocations=$(each 100 "$(of 100 allocations)" 1100 "$(of 1100 allocations)")
heap=$(each 100 "$(of 100 allocations frees)" 1100 "$(of 1100 allocations frees)")
threads=$(($(of 1100 threads) - $(of 100 threads)))

step "system calls"
traced() { strace -f -c -U calls,name -o "$work/strace.$1" "$work/costs" "$1" >/dev/null; awk '$2 == "total" { print $1 }' "$work/strace.$1"; }
system=$(each 100 "$(traced 100)" 1100 "$(traced 1100)")

step instructions
# instructed PROGRAM ARGUMENT...: how many instructions a program takes. Its last argument names the files that this leaves.
instructed() {
    local name=${!#}
    valgrind --tool=callgrind --callgrind-out-file="$work/callgrind.$name" "$work/$1" "${@:2}" >/dev/null 2>"$work/valgrind.$name" \
        || fail "$(tail -n 20 "$work/valgrind.$name")"
    awk '$1 == "summary:" { print $2; exit }' "$work/callgrind.$name"
}
instructions=$(each 200 "$(instructed costs 200)" 1200 "$(instructed costs 1200)")

step 'fields of a page'
# per_field HOW COUNT: the instructions for one of the five fields of each number that are more than those of fetching the page.
per_field() { each 0 "$(instructed reading list "$2")" $((5 * $2)) "$(instructed reading "$1" "$2")"; }
short=$(per_field values 100)
long=$(per_field values 1000)
single=$(per_field numbers 1000)

cat <<FIGURES
a warm get through C, text only:
  instructions        $instructions (at most $instructions_max)
  heap calls          $allocations, and with free $heap (at most $heap_max)
  system calls        $system (at most $system_max)
threads started       $threads by 1,000 calls (none)
connections           $opened for 100 calls in a row (1)
name look-ups         $lookups for 100 calls in a row (1)
a field of a number, in instructions (at most $field_max):
  on a page of 100    $short
  on a page of 1,000  $long (at most $longer_max times as many)
  number by number    $single
FIGURES

if [ "${1:-}" = --report ]; then
    echo; echo 'system calls of 1,100 calls'
    cat "$work/strace.1100"
    for inclusive in no yes; do
        echo; echo "instructions of 1,200 calls, inclusive: $inclusive"
        callgrind_annotate --inclusive=$inclusive --auto=no --threshold=97 "$work/callgrind.1200" | awk '/^Ir/ { show = 1 } show && ++lines <= 70'
    done
    passed "no limit was checked"
    exit
fi

at_most "$instructions" $instructions_max || fail "a get costs $instructions instructions"
at_most "$allocations" $heap_max || fail "a get makes $allocations heap calls"
at_most "$system" $system_max || fail "a get makes $system system calls"
[ "$threads" = 0 ] || fail "1,000 calls start $threads threads"
[ "$opened" = 1 ] || fail "100 calls open $opened connections"
[ "$lookups" = 1 ] || fail "100 calls look the name up $lookups times"
for field in "$short" "$long" "$single"; do at_most "$field" $field_max || fail "a field costs $field instructions"; done
at_most "$long" "$(awk "BEGIN { print $short * $longer_max }")" || fail "a field of a long page costs $long instructions, of a short one $short"
passed "$instructions instructions, $allocations heap calls, $system system calls"
