#!/usr/bin/env bash
# A thread with a stack of 64 KiB does a whole call over TLS: look-up, handshake, token, response. With the release build.
# Usage: tests/gates/stack.sh
source "$(dirname "$0")/common.sh"

need cc:gcc python3:python3
library release
certificates
program stack
background python3 tests/gates/server.py --tls "$work/cert.pem" "$work/key.pem"
account project-1 key-id key-secret "$first"
step "calls to $first"
"$work/stack" "$work/ca.pem" || fail 'the program ended badly'
passed
