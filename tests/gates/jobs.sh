#!/usr/bin/env bash
# Jobs of many numbers (relink, emergency addresses, release) on a service that loses responses and lands writes late, each killed
# at 20 random moments: every number ends as planned or is in the report with its reason, and no write was unnecessary. A job on a
# disk that is full goes on when there is room, and one on a read-only disk sends nothing.
# Usage: tests/gates/jobs.sh [NUMBERS]   by default 2,000
source "$(dirname "$0")/common.sh"

step "${1:-2000} numbers"
SINCH_NUMBERS_JOB=${1:-2000} cargo test --quiet --test it cli::killed

small=$work/small sudo=''
[ "$(id -u)" = 0 ] || sudo=sudo
mkdir "$small"
if ! $sudo mount -t tmpfs -o "size=32k,uid=$(id -u)" tmpfs "$small"; then
    passed 'but for full and read-only disks: nothing can be mounted here'
    exit
fi
unmount() { $sudo umount "$small"; finish; }
trap unmount EXIT
step 'a full disk'
sandbox --numbers 200 --ledger "$work/ledger"
program=$work/sandbox
"$program" list -o csv --fields phoneNumber 2>/dev/null | awk 'NR == 1 { print "phoneNumber,displayName" } NR > 1 { print $1 ",Desk" }' >"$work/table.csv"
"$program" plan update --from "$work/table.csv" -O "$work/plan" >/dev/null 2>&1
# apply CODES WORDS: what the job ends with, and says.
apply() {
    local code=0
    "$program" apply "$work/plan" --journal "$small/journal" --yes >/dev/null 2>"$work/said" || code=$?
    [[ $code = [$1] ]] && grep -q "$2" "$work/said" || fail "the job ended with $code: $(cat "$work/said")"
}
# What was sent when the disk was full has no outcome on it.
apply 16 'stopped: .*No space left on device'
python3 -c 'import json, sys; [json.loads(line) for line in open(sys.argv[1])]' "$small/journal"
$sudo mount -o remount,size=1m "$small"
apply 0 '200 numbers: 200 done'
step 'a read-only disk'
rm "$small/journal"
$sudo mount -o remount,ro "$small"
apply 2 'Read-only file system'
kill "${started[0]}"
while kill -0 "${started[0]}" 2>/dev/null; do sleep 0.1; done
[ "$(wc -l <"$work/ledger")" = 200 ] || fail "$(wc -l <"$work/ledger") writes for 200 numbers"
passed
