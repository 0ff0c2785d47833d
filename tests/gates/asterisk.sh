#!/usr/bin/env bash
# The module for Asterisk compiles without a warning against the headers of Debian sid. If they cannot be downloaded, the gate
# says so and passes.
# Usage: tests/gates/asterisk.sh        compiles
#        tests/gates/asterisk.sh live   also runs it in sid's Asterisk, on the sandbox: the console, the dialplan, a hang-up,
#                                       reloads, and 20 times unload and load
#
# The packages are unpacked into ~/.cache/sinch-numbers; none is installed.
source "$(dirname "$0")/common.sh"

need cc:gcc
live=${1:-}
headers=$cache/asterisk-dev
unpacked sid "$headers" asterisk-dev >&2 || {
    [ -z "$live" ] || fail 'no headers'
    passed 'not compiled: asterisk-dev cannot be had'
    exit 0
}
version=$(cat "$headers/ready")
[ -z "$live" ] || library debug
step "the module, with $version"
cc -std=gnu99 -Wall -Wextra -Werror -shared -fPIC -isystem "$headers/usr/include" -I include examples/c/asterisk/func_sinch.c \
    -o "$work/func_sinch.so" ${live:+-L "$work/lib" "-Wl,-rpath,$work/lib" -lsinch_numbers}
[ -n "$live" ] || {
    passed "compiled with the headers of $version"
    exit 0
}

# --- live

# Asterisk runs on sid's own loader and libraries.
root_of=$cache/asterisk
unpacked sid "$root_of" asterisk asterisk-modules libbsd0 libc6 libcap2 libcrypt1 libedit2 libgcc-s1 libgcrypt20 libgpg-error0 libjansson4 \
    libmd0 libpopt0 libsqlite3-0 libssl3t64 libstdc++6 libsystemd0 libtinfo6 liburiparser1 libuuid1 libxml2-16 libxslt1.1 libzstd1 \
    zlib1g || fail 'no Asterisk'
libraries=$root_of/usr/lib/$(cc -print-multiarch)
modules=$work/modules
mkdir -p "$modules" "$work/etc" "$work/run" "$work/var" "$work/log"
for module in pbx_config app_verbose res_clioriginate; do cp "$libraries/asterisk/modules/$module.so" "$modules"; done
cp "$work/func_sinch.so" "$modules"
cat >"$work/etc/asterisk.conf" <<TEXT
[directories]
astetcdir => $work/etc
astmoddir => $modules
astvarlibdir => $work/var
astdbdir => $work/var
astkeydir => $work/var
astdatadir => $root_of/usr/share/asterisk
astspooldir => $work/var
astrundir => $work/run
astlogdir => $work/log
TEXT
printf '[modules]\nautoload=no\nload=pbx_config.so\nload=app_verbose.so\nload=res_clioriginate.so\nload=func_sinch.so\n' >"$work/etc/modules.conf"
printf '[general]\n[logfiles]\nsaid => notice,warning,error,verbose(3)\n' >"$work/etc/logger.conf"
cat >"$work/etc/extensions.conf" <<'TEXT'
[calls]
exten => fields,1,Verbose(0,name ${SINCH_NUMBER(+12025550134)})
 same => n,Verbose(0,region ${SINCH_NUMBER(+12025550134,regionCode)})
 same => n,Verbose(0,voice ${SINCH_NUMBER(+12025550134,voiceConfiguration/type)})
 same => n,Verbose(0,unknown [${SINCH_NUMBER(+12025559999)}] [${SINCH_NUMBER(+12025550134,nothing)}] [${SINCH_NUMBER()}])
exten => slow,1,Verbose(0,slow ${SINCH_NUMBER(+12025550134)})
TEXT
sandbox
step 'Asterisk'
asterisk() { "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" "$root_of/usr/sbin/asterisk" -C "$work/etc/asterisk.conf" "$@"; }
console() { asterisk -rx "$*" 2>&1; }
asterisk -f >"$work/out" 2>&1 &
started+=($!)
for _ in $(seq 300); do
    console core waitfullybooted 2>/dev/null | grep -q 'fully booted' && break
    kill -0 "${started[-1]}" 2>/dev/null || fail "Asterisk ended: $(tail -n 20 "$work/out" "$work/log"/*)"
    sleep 0.2
done
asterisk=${started[-1]}
# shown TEXT COMMAND...: what a command of the console answers.
shown() {
    local want=$1 said
    shift
    said=$(console "$@")
    [[ $said == *"$want"* ]] || fail "$*: $said"
    echo "ok: $*: ${said//$'\n'/; }"
}
# logged TEXT: waits for a line of the log.
logged() {
    for _ in $(seq 300); do
        ! grep -F -- "$1" "$work/log/said" || return 0
        sleep 0.1
    done
    fail "the log lacks $1: $(cat "$work/log/said")"
}
# calls EXTENSION: a call that runs through the dialplan.
calls() { console channel originate "Local/$1@calls" application Verbose '0,far end' >/dev/null; }

step 'the console and the dialplan'
shown '12 numbers' sinch list
shown '+46701740605' sinch list SE
shown 'Usage' sinch list SE GB
shown 'MyPhoneNumber' sinch show +12025550134
shown '404' sinch show +12025559999
shown 'MyPhoneNumber' dialplan eval function 'SINCH_NUMBER(+12025550134)'
calls fields
logged 'name MyPhoneNumber'
logged 'region US'
logged 'voice RTC'
logged 'unknown [] [] []'

step 'reload'
printf '[general]\nnoSuchSetting=1\n' >"$work/etc/sinch.conf"
console module reload func_sinch.so
logged noSuchSetting
shown '12 numbers' sinch list
background "$work/sandbox" sandbox --quiet --latency-ms 60000
printf '[general]\nbaseUrl=%s\nauthUrl=%s\nlookupMs=50\ntimeoutMs=500000\n' "$first" "$first" >"$work/etc/sinch.conf"
shown success module reload func_sinch.so
shown "deadline passed" sinch show +12025550134

step 'a hang-up'
sed -i 's/lookupMs=.*/lookupMs=500000/' "$work/etc/sinch.conf"
shown success module reload func_sinch.so
calls slow
in_use() { console module show like func_sinch | grep -Eq '^func_sinch\.so .* 1 +Running'; }
for _ in $(seq 300); do in_use && break || sleep 0.1; done
in_use || fail "the call is not in the function: $(console module show like func_sinch)"
shown 'Unable to unload' module unload func_sinch.so
console channel request hangup all
logged 'SINCH_NUMBER: active_get +12025550134: access token: cancelled'

step 'unload and load'
rm "$work/etc/sinch.conf"
shown success module reload func_sinch.so
open() { ls "/proc/$asterisk/fd" | wc -l; }
for turn in $(seq 20); do
    shown '12 numbers' sinch list >/dev/null
    shown Unloaded module unload func_sinch.so >/dev/null
    [ "$turn" != 1 ] || before=$(open)
    ! grep -q func_sinch "/proc/$asterisk/maps" || fail 'the module is still mapped'
    shown Loaded module load func_sinch.so >/dev/null
done
shown Unloaded module unload func_sinch.so
after=$(open)
echo "descriptors: $before after the first unload, $after after the last"
[ "$after" -le "$((before + 2))" ] || fail 'unloading leaves descriptors'
passed "ran in $version"
