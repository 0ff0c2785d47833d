#!/usr/bin/env bash
# The header in every dialect with clang; the tests do the same with the compilers that are `cc` and `c++`.
# Usage: tests/gates/clang.sh
source "$(dirname "$0")/common.sh"

need clang:clang
strict=(-Wall -Wextra -Werror -pedantic -Wundef -Wshadow -Wconversion -fsyntax-only -I include)
count=0
checked() {
    "$@" "${strict[@]}" tests/c/header.c || fail "$*"
    "$@" "${strict[@]}" -DSINCH_NUMBERS_API=extern -DSINCH_NUMBERS_MUST_USE= -DSINCH_NUMBERS_NOEXCEPT= tests/c/header.c ||
        fail "$* with macros of one's own"
    count=$((count + 1))
}
for standard in c89 c99 c11 c17 c2x gnu89 gnu17; do
    checked clang -x c "-std=$standard" -Wstrict-prototypes -Wmissing-prototypes
done
# clang 14 calls C++23 c++2b.
for standard in c++98 c++11 c++14 c++17 c++20 c++2b gnu++98 gnu++2b; do
    checked clang++ -x c++ "-std=$standard" -Wold-style-cast
done
if [ -f include/sinch_numbers.hpp ]; then
    for standard in c++11 c++14 c++17 c++20 c++2b; do
        clang++ -x c++ "-std=$standard" "${strict[@]}" -include include/sinch_numbers.hpp - </dev/null || fail "hpp, $standard"
        count=$((count + 1))
    done
fi
passed "$count dialects"
