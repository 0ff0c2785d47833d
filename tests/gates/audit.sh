#!/usr/bin/env bash
# An audit keeps its workers busy, and keeps in memory what it reports and no more; a list as lines of JSON costs little more than
# the library's own list.
#   time          10,000 numbers at 10 ms a request, 16 at a time, against requests x latency / workers
#   memory        100,000 numbers against 10,000: the peak grows by what the findings take
#   instructions  `list` of 10,000 numbers against a program that fetches and decodes the same pages
# Usage: tests/gates/audit.sh
source "$(dirname "$0")/common.sh"

# Measured 1.06, and 1.15 on two busy cores. A worker that waits for another, or for a page, shows as 2 or more.
slower_max=1.5
# Measured 330 to 520: their data, and what malloc makes of 16 threads. Numbers that are kept show as 10,000.
finding_max=1000
# In bytes: what an audit and a list take however many numbers there are.
constant_max=25000000
instructions_max=1.3

need python3:python3 valgrind:valgrind
step 'the program (release)'
cargo build --quiet --release --features cli --lib --bin sinch-numbers
cp "$target/release/sinch-numbers" "$work/program"
export SANDBOX=$work/program
cat >"$work/list.rs" <<'PROGRAM'
fn main() -> Result<(), sinch_numbers::Error> {
    let client = sinch_numbers::Client::from_env()?;
    let mut count = 0;
    for page in client.pages(&sinch_numbers::ListNumbers::new()) {
        count += page?.active_numbers.len();
    }
    println!("{count} numbers");
    Ok(())
}
PROGRAM
rustc --edition 2024 -O "$work/list.rs" -o "$work/list" -L "dependency=$target/release/deps" \
    --extern "sinch_numbers=$target/release/libsinch_numbers.rlib"

# measured COMMAND...: runs it, and prints its seconds, its peak memory in bytes and its exit code. Its output goes to $work/out.
measured() {
    python3 - "$work" "$@" <<'MEASURE'
import os, subprocess, sys, time
work, *command = sys.argv[1:]
with open(f"{work}/out", "wb") as out, open(f"{work}/said", "wb") as said:
    began = time.monotonic()
    child = subprocess.Popen(command, stdout=out, stderr=said)
    _, status, usage = os.wait4(child.pid, 0)
print(f"{time.monotonic() - began:.3f} {usage.ru_maxrss * 1024} {os.waitstatus_to_exitcode(status)}")
MEASURE
}
audit() {
    read -r seconds peak code < <(measured "$work/program" audit --concurrency 16 -o ndjson)
    [ "$code" = 9 ] || fail "the audit ended with $code: $(cat "$work/said")"
    findings=$(wc -l <"$work/out")
}
ratio() { awk "BEGIN { printf \"%.${3:-2}f\", $1 / $2 }"; }
at_most() { awk "BEGIN { exit !($1 <= $2) }"; }

step '10,000 numbers at 10 ms'
sandbox --numbers 10000 --latency-ms 10
audit
slower=$(ratio "$seconds" "(10000 * 0.010 / 16)")

step '10,000 and 100,000 numbers'
sandbox --numbers 10000
audit
short_peak=$peak short_findings=$findings
sandbox --numbers 100000
audit
finding=$(ratio "($peak - $short_peak)" "($findings - $short_findings)" 0)
long_peak=$peak
read -r _ list_peak code < <(measured "$work/program" list)
[ "$code" = 0 ] && [ "$(wc -l <"$work/out")" = 100000 ] || fail "the list ended with $code: $(cat "$work/said")"

step instructions
sandbox --numbers 10000
# instructed NAME COMMAND...: how many instructions it takes.
instructed() {
    valgrind --tool=callgrind --callgrind-out-file="$work/callgrind.$1" "${@:2}" >"$work/out" 2>"$work/said" || fail "$(tail -n 20 "$work/said")"
    awk '$1 == "summary:" { print $2; exit }' "$work/callgrind.$1"
}
own=$(instructed own "$work/list")
ours=$(instructed ours "$work/program" list)
more=$(ratio "$ours" "$own")

cat <<FIGURES
audit of 10,000 numbers at 10 ms, 16 at a time: $slower times the ideal time (at most $slower_max)
peak memory of an audit:
  10,000 numbers      $short_peak bytes, $short_findings findings (at most $constant_max)
  100,000 numbers     $long_peak bytes, $findings findings
  for each finding    $finding bytes (at most $finding_max)
peak memory of a list of 100,000: $list_peak bytes (at most $constant_max)
instructions of a list of 10,000: $ours, the library alone $own: $more times (at most $instructions_max)
FIGURES
at_most "$slower" $slower_max || fail "an audit takes $slower times the ideal time"
at_most "$short_peak" $constant_max || fail "an audit of 10,000 numbers takes $short_peak bytes"
at_most "$finding" $finding_max || fail "a finding takes $finding bytes"
at_most "$list_peak" $constant_max || fail "a list takes $list_peak bytes"
at_most "$more" $instructions_max || fail "a list takes $more times the instructions of the library's own"
passed "$slower times the ideal time, $finding bytes for a finding, $more times the instructions"
