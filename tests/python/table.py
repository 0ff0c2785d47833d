"""Runs rows of tests/it/api/table.rs with the account of the environment: see tests/c/table.c, which does the same in C."""

import json
import os
import sys

# Beside the module that is tested, wherever this is run.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "python"))

import sinch_numbers  # noqa: E402


def main() -> None:
    with sinch_numbers.Client.from_env() as client:
        for line in sys.stdin.buffer.read().decode().split("\n")[:-1]:
            operation, number, text = line.split("\t")
            arguments = [number] if operation != "active_list" else []
            if text:
                arguments.append(json.loads(text))
            try:
                response = getattr(client, operation)(*arguments)
                code, status, said = 0, response.http_status, response.json
                assert response == json.loads(said), "the dictionary is what was said"
            except sinch_numbers.SinchNumbersError as error:
                # As the library writes it: without spaces, characters as they are.
                said = json.dumps(error.document, separators=(",", ":"), ensure_ascii=False)
                code, status = error.code, error.http_status
            data = said.encode()
            sys.stdout.buffer.write(b"%d %d %d\n%s\n" % (code, status, len(data), data))


main()
