#!/usr/bin/env python3
"""Lists 1,000 and 100,000 numbers in pages of 1,000 and compares the peak resident sizes of the two processes."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT_KIB = 10 * 1024


def build():
    subprocess.run(
        ["cargo", "build", "--quiet", "--features", "cli", "--bin", "sinch-numbers", "--example", "list"],
        cwd=ROOT,
        check=True,
    )
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
    return target / "sinch-numbers", target / "examples" / "list"


def peak(sandbox, list_example, numbers):
    """The peak resident size, in KiB, of a process that lists a fleet of that size."""
    service = subprocess.Popen([sandbox, "sandbox", "--numbers", str(numbers), "--quiet"], stdout=subprocess.PIPE, text=True)
    try:
        service.stdout.readline()
        env = dict(os.environ)
        for line in iter(service.stdout.readline, ""):
            name, _, value = line.strip().removeprefix("export ").partition("=")
            env[name] = value.strip("'\"")
            if name == "SINCH_AUTH_URL":
                break
        child = subprocess.Popen(
            [list_example, "--page-size", "1000", "--count"], env=env, stdout=subprocess.PIPE, text=True
        )
        printed = child.stdout.read().strip()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0 or printed != f"{numbers} numbers":
            sys.exit(f"list ended with {child.returncode} and printed {printed!r}")
        return usage.ru_maxrss
    finally:
        service.terminate()
        service.wait()


def main():
    sandbox, list_example = build()
    short = peak(sandbox, list_example, 1_000)
    long = peak(sandbox, list_example, 100_000)
    print(f"1,000 numbers: {short} KiB; 100,000 numbers: {long} KiB")
    if long - short > LIMIT_KIB:
        sys.exit(f"a long list needs {long - short} KiB more than a page")


main()
