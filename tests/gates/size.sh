#!/usr/bin/env bash
# The stripped shared library is at most 2.89 MB (2890000 bytes); an idle client with one TLS connection costs at most 100 KB
# (100000 bytes) of heap.
# Usage: tests/gates/size.sh
source "$(dirname "$0")/common.sh"

need cc:gcc strip:binutils python3:python3
library release
strip --strip-unneeded -o "$work/stripped.so" "$work/lib/libsinch_numbers.so.1"
bytes=$(stat -c %s "$work/stripped.so")
echo "stripped: $bytes bytes"
certificates
program idle
background python3 tests/gates/server.py --tls "$work/cert.pem" "$work/key.pem"
account project-1 key-id key-secret "$first"
idle=$("$work/idle" "$work/ca.pem")
echo "idle client with a connection: $idle bytes"
[ "$bytes" -le 2890000 ] || fail "the library has $bytes bytes"
[ "$idle" -le 100000 ] || fail "an idle client costs $idle bytes"
passed "$bytes bytes, $idle bytes for each idle client"
