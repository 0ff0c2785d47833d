#!/usr/bin/env bash
# Long work against a service that breaks one request in a hundred, 64 threads on one client, and 10,000 short waits.
# Usage: tests/gates/soak.sh [CALLS]   by default 20,000; a million takes some minutes
source "$(dirname "$0")/common.sh"

need cc:gcc
library release
program soak -O1 -pedantic
step '16,000 calls by 64 threads: a connection each, and no thread for a call'
"$work/soak" 16000 64 0
step "${1:-20000} calls by 8 threads, one request in a hundred broken"
"$work/soak" "${1:-20000}" 8 100
program waits
sandbox
step '10,000 short waits, relinks and ensured addresses by 8 threads'
"$work/waits" many 10000
passed
