"""Makes calls with the account of the environment, one a line on stdin: see tests/c/table.c, which does the same in C."""

import json
import os
import sys
import threading

# Beside the module that is tested, wherever this is run.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "python"))

import sinch_numbers  # noqa: E402


def wait(client, number, options, **more):
    return client.wait(number, options.pop("expect", None), timeout_ms=options.pop("timeoutMs", None), **more)


def relink(client, number, target, **more):
    return client.relink(number, target, timeout_ms=target.pop("timeoutMs", None), **more)


def ensure(client, number, body, **more):
    named = {"accept": "accept", "force": "force", "timeoutMs": "timeout_ms"}
    more.update((named[key], body.pop(key)) for key in list(body) if key in named)
    return client.ensure_emergency_address(number, body, **more)


NAMED = {"active_wait": wait, "active_relink": relink, "emergency_address_ensure": ensure}


def token_of(word):
    """A token that ends a call: from the first, or in the middle of what it waits for."""
    cancel = sinch_numbers.Cancel()
    if word == "before":
        cancel.trigger()
    else:
        threading.Timer(0.2, cancel.trigger).start()
    return cancel


def main() -> None:
    with sinch_numbers.Client.from_env() as client:
        for line in sys.stdin.buffer.read().decode().split("\n")[:-1]:
            operation, number, text, *word = line.split("\t")
            arguments = [number] if operation != "active_list" else []
            if text or operation == "active_wait":
                arguments.append(json.loads(text or "{}"))
            more = {"cancel": token_of(word[0])} if word else {}
            call = NAMED.get(operation) or getattr(sinch_numbers.Client, operation)
            try:
                response = call(client, *arguments, **more)
                code, status, said = 0, response.http_status, response.json
                assert response == json.loads(said), "the dictionary is what was said"
            except sinch_numbers.SinchNumbersError as error:
                # As the library writes it: without spaces, characters as they are.
                said = json.dumps(error.document, separators=(",", ":"), ensure_ascii=False)
                code, status = error.code, error.http_status
            data = said.encode()
            sys.stdout.buffer.write(b"%d %d %d\n%s\n" % (code, status, len(data), data))


main()
