#!/usr/bin/env bash
# Holds the sandbox against the machine-readable contract: schemathesis makes up requests from it,
# good and bad ones, the same in every run, and checks every response.
#
# Usage: tests/contract/schemathesis.sh
#   CONTRACT      the contract [../shared/spec/active-number.openapi.yaml beside the repository]
#   SANDBOX       a built sinch-numbers; without it, one is built
#   MAX_EXAMPLES  requests made up for each operation [100]
#
# What the contract leaves open, and which of its checks is therefore narrowed, stands in
# schemathesis.toml beside this file.
set -euo pipefail

version=4.32.5
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
contract=${CONTRACT:-$root/../shared/spec/active-number.openapi.yaml}
if [ ! -f "$contract" ]; then
    echo "schemathesis: no contract at $contract; nothing to check"
    exit 0
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/sinch-numbers/schemathesis-$version
if [ ! -e "$cache/ready" ]; then
    rm -rf "$cache"
    mkdir -p "$(dirname "$cache")"
    python3 -m venv "$cache"
    "$cache/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version"
    touch "$cache/ready"
fi

sandbox=${SANDBOX:-}
if [ -z "$sandbox" ]; then
    sandbox=$(cd "$root" && cargo build --quiet --features cli --bin sinch-numbers \
        --message-format=json | python3 -c '
import json, sys
for line in sys.stdin:
    print((json.loads(line).get("executable") or ""), end="")')
fi

work=$(mktemp -d)
# Jobs end at once, so that one update does not stand in the way of the next.
"$sandbox" sandbox --quiet --provisioning-ms 0 >"$work/environment" &
process=$!
trap 'kill "$process" 2>/dev/null || true; wait "$process" 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 100); do
    grep -q SINCH_AUTH_URL "$work/environment" && break
    kill -0 "$process" || exit 1
    sleep 0.1
done
# shellcheck source=/dev/null
. <(tail -n +2 "$work/environment")

# --generation-deterministic: neither luck nor a database of earlier runs.
# response_headers, use_after_free, ensure_resource_availability, object_level_authorization have
# nothing to look at here: the contract has no response headers, no DELETE and one user.
cd "$work"
timeout 170 "$cache/bin/schemathesis" --config-file "$here/schemathesis.toml" run "$contract" \
    --url "$SINCH_NUMBERS_URL" \
    --auth "$SINCH_KEY_ID:$SINCH_KEY_SECRET" \
    --checks all \
    --max-examples "${MAX_EXAMPLES:-100}" \
    --generation-deterministic \
    --continue-on-failure \
    --request-timeout 10 \
    --no-color

kill -0 "$process" || { echo "schemathesis: the sandbox did not survive"; exit 1; }
