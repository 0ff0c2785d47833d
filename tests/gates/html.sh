#!/usr/bin/env bash
# The page of an audit opens in headless Chromium without an error, loads nothing, and fits a phone.
# Usage: tests/gates/html.sh [FOLDER], which keeps pictures and a PDF
source "$(dirname "$0")/common.sh"

need chromium:chromium python3:python3
sandbox --numbers 500
look() { timeout 120 python3 tests/gates/page.py "$(command -v chromium)" "$@"; }

step "an audit of 500 numbers"
code=0
"$work/sandbox" audit -o csv --html "$work/page.html" >"$work/findings.csv" 2>"$work/said" || code=$?
[ "$code" = 9 ] || fail "the audit ended with $code: $(cat "$work/said")"
look "$work/page.html" "EXCEEDED_10DLC_LIMIT" "${1:-}" || fail "the page is not in order"

step "the check itself"
broken() {
    sed "$1" "$work/page.html" >"$work/broken.html"
    cmp -s "$work/page.html" "$work/broken.html" && fail "nothing is broken by $1"
    look "$work/broken.html" "EXCEEDED_10DLC_LIMIT" >"$work/noticed" && fail "not noticed: $1"
    grep -q "$2" "$work/noticed" || fail "$1 is taken for: $(head -1 "$work/noticed")"
}
free='/Content-Security-Policy/d; s|</main>|'
broken "$free<script>console.error('x')</script></main>|" 'console: '
broken "$free<script>throw 1</script></main>|" 'script: '
broken "$free<img src=\"http://127.0.0.1:9/x.png\"></main>|" 'request: http://127.0.0.1:9/x.png'
broken "s|</main>|<img src=\"http://127.0.0.1:9/x.png\"></main>|" 'log: '
broken 's|</main>|<div style="width:400px">x</div></main>|' 'pixels wide'
broken 's/EXCEEDED_10DLC_LIMIT/x/g' 'phone, light: no '
passed
