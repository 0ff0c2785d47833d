"""Verifies callbacks, line by line: see tests/c/callbacks.c, which does the same in C."""

import json
import os
import sys

# Beside the module that is tested, wherever this is run.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "python"))

import sinch_numbers  # noqa: E402


def text(word):
    return None if word == "-" else bytes.fromhex(word.strip(".")).decode("latin-1")


def main() -> None:
    for line in sys.stdin.read().splitlines():
        signature, body, *secrets = line.split(" ")
        try:
            secrets = [bytes.fromhex(secret.strip(".")).decode() for secret in secrets]
            said, code, status = sinch_numbers.verify_callback(secrets, text(signature), bytes.fromhex(body.strip("-."))), 0, 0
        except sinch_numbers.SinchNumbersError as error:
            said, code, status = error.document, error.code, error.http_status
        data = json.dumps(said).encode()
        sys.stdout.buffer.write(b"%d %d %d\n%s\n" % (code, status, len(data), data))


main()
