#!/usr/bin/env bash
# Holds a program that uses the client against the machine-readable contract: Prism answers from it,
# and every request has to be one that it allows. All operations have to be seen.
#
# Usage: tests/contract/prism.sh COMMAND [ARGUMENT...]
#   CONTRACT  the contract [../shared/spec/active-number.openapi.yaml beside the repository]
#
# The command finds project, key and both URLs in SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET,
# SINCH_NUMBERS_URL and SINCH_AUTH_URL. All traffic stays on the loopback address.
set -euo pipefail

version=5.14.2
here=$(cd "$(dirname "$0")" && pwd)
contract=${CONTRACT:-$here/../../../shared/spec/active-number.openapi.yaml}
if [ $# -eq 0 ]; then
    echo "prism: give the command to run" >&2
    exit 2
fi
if [ ! -f "$contract" ]; then
    echo "prism: no contract at $contract; nothing to check"
    exit 0
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/sinch-numbers/prism-$version
if [ ! -e "$cache/ready" ]; then
    rm -rf "$cache"
    mkdir -p "$cache"
    npm install --prefix "$cache" --no-audit --no-fund --loglevel=error "@stoplight/prism-cli@$version"
    touch "$cache/ready"
fi
exec python3 "$here/prism.py" "$cache/node_modules/.bin/prism" "$contract" "$@"
