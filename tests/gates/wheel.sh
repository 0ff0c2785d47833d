#!/usr/bin/env bash
# Builds the wheel as pip does it and installs it where nothing else is: the module must find the library that it carries, type
# checkers its types, and nothing is left when it is uninstalled.
# Usage: tests/gates/wheel.sh
source "$(dirname "$0")/common.sh"

need cc:gcc python3:python3
# The caller's environment must not choose the library.
unset SINCH_NUMBERS_LIBRARY LD_LIBRARY_PATH PYTHONPATH

step build
python3 -m venv "$work/build"
"$work/build/bin/python" -m pip install --quiet --disable-pip-version-check build hatchling mypy
"$work/build/bin/python" -m build --wheel --outdir "$work/dist" examples/python
set -- "$work"/dist/*.whl
echo "$(basename "$1"): $(wc -c <"$1") bytes"
case $(basename "$1") in
    sinch_numbers-*-py3-none-linux_*.whl | sinch_numbers-*-py3-none-macosx_*.whl) ;;
    *) fail 'the tag is wrong' ;;
esac

step install
sandbox
python3 -m venv "$work/empty"
"$work/empty/bin/python" -m pip install --quiet --disable-pip-version-check --no-index "$1"
cd "$work"
"$work/empty/bin/python" - "$root" <<'PROGRAM'
import sys
import sinch_numbers

assert not sinch_numbers.__file__.startswith(sys.argv[1]), sinch_numbers.__file__
loaded = [line.split()[-1] for line in open("/proc/self/maps") if "libsinch_numbers" in line] if sys.platform == "linux" else []
assert all(path.startswith(sys.prefix) for path in loaded), loaded
with sinch_numbers.Client.from_env() as client:
    total = sum(1 for _ in client.numbers())
assert total == client.__class__.from_env().active_list()["totalSize"], total
print(f"{total} numbers with {sinch_numbers.library_version()} in an empty environment")
PROGRAM
# A type checker takes the types of an installed module only with py.typed beside it.
cat >"$work/typed.py" <<'PROGRAM'
import decimal
from sinch_numbers import Client, monthly_cost, parse_timestamp

def cost(client: Client, number: str) -> "decimal.Decimal | None":
    response = client.active_get(number)
    print(parse_timestamp(response["nextChargeDate"]).isoformat(), response.reconciled + 1)
    return monthly_cost(response)
PROGRAM
"$work/build/bin/python" -m mypy --strict --no-error-summary --cache-dir "$work/mypy" \
    --python-executable "$work/empty/bin/python" "$work/typed.py"
"$work/empty/bin/python" -m pip uninstall --quiet --yes --disable-pip-version-check sinch-numbers
if "$work/empty/bin/python" -c 'import sinch_numbers' 2>/dev/null; then
    fail 'something is left behind'
fi
passed
