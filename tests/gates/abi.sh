#!/usr/bin/env bash
# Compares the ABI with its baseline, which it may only extend: the header is compiled into a stub library, each prototype with a
# body, for libabigail.
# Usage: tests/gates/abi.sh            compares
#        UPDATE_ABI=1 tests/gates/abi.sh   writes the baseline anew (for additions; anything else needs a new SONAME)
source "$(dirname "$0")/common.sh"

need abidw:abigail-tools cc:gcc
baseline=tests/abi/libsinch_numbers.abi
codes=tests/abi/codes.txt

# seen HEADER OUT: writes libabigail's description of a header.
seen() {
    echo "#include \"$1\"" >"$work/stub.c"
    cc -g -shared -fPIC -I include -DSINCH_NUMBERS_API= '-DSINCH_NUMBERS_NOEXCEPT={ __builtin_trap(); }' \
        -Wl,-soname,libsinch_numbers.so.1 "$work/stub.c" -o "$work/stub.so"
    # Without paths and line numbers, which depend on the machine.
    abidw --no-show-locs --no-corpus-path --no-comp-dir-path --out-file "$2" "$work/stub.so"
    [ -s "$2" ] || fail 'abidw saw nothing'
}
grows() { abidiff --no-added-syms "$baseline" "$1"; }

seen "$root/include/sinch_numbers.h" "$work/now.abi"
grep -E '^#define SINCH_NUMBERS_(OK|DONE|E_[A-Z]+) ' include/sinch_numbers.h >"$work/codes.txt"
if [ -n "${UPDATE_ABI:-}" ]; then
    mkdir -p tests/abi
    cp "$work/now.abi" "$baseline"
    cp "$work/codes.txt" "$codes"
fi
grows "$work/now.abi" || fail 'the ABI changed by more than additions'
functions() { grep -o "elf-symbol name='[a-z_]*'" "$1" | sort; }
missing=$(comm -13 <(functions "$baseline") <(functions "$work/now.abi"))
[ -z "$missing" ] || fail "the baseline lacks $missing: UPDATE_ABI=1 tests/gates/abi.sh"
[ -z "$(comm -23 <(sort "$codes") <(sort "$work/codes.txt"))" ] || fail 'a code changed its number or is gone'

step 'the comparison itself'
# It must fail for a removed function and for a changed type, and pass for an addition.
broken() {
    sed -E "$1" include/sinch_numbers.h >"$work/other.h"
    cmp -s include/sinch_numbers.h "$work/other.h" && fail "$1 changes nothing"
    seen "$work/other.h" "$work/other.abi"
}
broken 's/sinch_numbers_version_number\(void\)/sinch_numbers_version_numbers(void)/'
grows "$work/other.abi" >/dev/null && fail 'a function that is gone was not seen'
broken 's/cancel_new_after\(int64_t/cancel_new_after(int32_t/'
grows "$work/other.abi" >/dev/null && fail 'a parameter of another type was not seen'
broken 's/^typedef int32_t sinch_numbers_code;/typedef int64_t sinch_numbers_code;/'
grows "$work/other.abi" >/dev/null && fail 'a code of another size was not seen'
broken 's/^(const char \*|SINCH_NUMBERS_API const char \*)sinch_numbers_version\(void\)/SINCH_NUMBERS_API int sinch_numbers_new_one(int x) { return x; }\n&/'
grows "$work/other.abi" >/dev/null || fail 'an addition was taken for a break'
passed "$(grep -c '<elf-symbol' "$baseline") functions"
