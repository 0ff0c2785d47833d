"""Receives callbacks on this machine, and reads the numbers that they are about.

usage: receive_callback.py [PORT]

Secret in the environment: SINCH_CALLBACK_SECRET, and while it is replaced SINCH_CALLBACK_SECRET_OLD.
Account in the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
"""

import http.server
import os
import queue
import sys
import threading

from sinch_numbers import AuthError, Client, SinchNumbersError, explain, verify_callback

SECRETS = [secret for name in ("", "_OLD") if (secret := os.environ.get("SINCH_CALLBACK_SECRET" + name))]
LONGEST = 1024 * 1024
EVENTS: "queue.Queue[dict]" = queue.Queue()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        # The body byte for byte: what is decoded and encoded again cannot be verified.
        body = self.rfile.read(min(int(length), LONGEST + 1)) if length.isdecimal() else b""
        signatures = self.headers.get_all("X-Sinch-Signature", [])
        # Two different signatures: one of them is not the service's.
        signature = signatures[0] if len(set(signatures)) == 1 else None
        try:
            event = verify_callback(SECRETS, signature, body)
        except AuthError as error:
            self.say(401, error)
        except SinchNumbersError as error:
            self.say(400, error)
        else:
            # Respond at once; the event is handled on another thread.
            self.say(200)
            EVENTS.put(event)

    def say(self, status, error=None):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if error is not None:
            sys.stderr.write(f"receive_callback: {error}\n")

    def log_message(self, *arguments):
        pass


def work(client):
    seen = set()
    while True:
        event = EVENTS.get()
        # Events come more than once. In a program that goes on for days: forget them after a while.
        if event.get("eventId") in seen:
            continue
        seen.add(event.get("eventId"))
        print(event.get("resourceId"), event.get("eventType"), event.get("status"), flush=True)
        if event.get("failureCode"):
            why = explain(event["failureCode"])
            print(f"  {why['meaning']}: {why['action']}", flush=True)
        if event.get("resourceType") == "ACTIVE_NUMBER":
            # An event is a hint to read, never the state.
            try:
                number = client.active_get(event["resourceId"])
            except SinchNumbersError as error:
                sys.stderr.write(f"receive_callback: {error}\n")
            else:
                print(f"  is linked to {number['smsConfiguration'].get('servicePlanId') or 'no service plan'}", flush=True)


def main(arguments):
    if len(arguments) > 1 or not all(argument.isdecimal() for argument in arguments):
        sys.stderr.write(__doc__)
        return 2
    try:
        client = Client.from_env()
    except SinchNumbersError as error:
        sys.stderr.write(f"receive_callback: {error}\n")
        return 1
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(arguments[0]) if arguments else 0), Receiver)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    threading.Thread(target=work, args=(client,), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
