"""Runs a command against Prism's mock of the contract and fails on any request that breaks it.

Usage: prism.py PRISM CONTRACT COMMAND [ARGUMENT...]

In front of Prism stands a small proxy: it answers POST /oauth2/token itself, hands everything else
on, and keeps account of what it saw.
"""

import base64
import http.client
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

PROJECT_ID = "contract-project"
KEY_ID = "contract-key"
KEY_SECRET = "contract-secret"
TOKEN = "contract-token"

NUMBERS = r"/v1/projects/[^/]+/activeNumbers"
OPERATIONS = [
    ("active_list", "GET", NUMBERS),
    ("active_get", "GET", NUMBERS + r"/[^/:]+"),
    ("active_update", "PATCH", NUMBERS + r"/[^/:]+"),
    ("active_release", "POST", NUMBERS + r"/[^/:]+:release"),
    ("emergency_address_get", "GET", NUMBERS + r"/[^/:]+/emergencyAddress"),
    ("emergency_address_provision", "POST", NUMBERS + r"/[^/:]+/emergencyAddress:provision"),
    ("emergency_address_deprovision", "POST", NUMBERS + r"/[^/:]+/emergencyAddress:deprovision"),
    ("emergency_address_validate", "POST", NUMBERS + r"/[^/:]+/emergencyAddress:validate"),
]


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def operation_of(method, path):
    for name, verb, pattern in OPERATIONS:
        if verb == method and re.fullmatch(pattern, path):
            return name
    return None


class Account:
    """What has been seen so far, by all connections together."""

    def __init__(self):
        self.lock = threading.Lock()
        self.requests = 0
        self.operations = set()
        self.violations = []

    def record(self, method, target, status, operation, violations):
        with self.lock:
            self.requests += 1
            if operation:
                self.operations.add(operation)
            self.violations += [f"{method} {target}: {violation}" for violation in violations]
            print(f"{method} {target} {status} {operation or 'no operation'}", flush=True)
            for violation in violations:
                print(f"    violation: {violation}", flush=True)


class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body of a response are two writes; without this the second may wait for an ACK.
    disable_nagle_algorithm = True
    account = None
    prism_port = None

    def handle_one(self):
        path = urllib.parse.urlsplit(self.path).path
        if "transfer-encoding" in self.headers:
            self.account.record(self.command, self.path, 411, None, ["a body without a length"])
            self.close_connection = True
            self.respond(411, {}, b"")
            return
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if path == "/oauth2/token":
            self.token(body)
        else:
            self.forward(path, body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = handle_one

    def token(self, body):
        violations = []
        if self.command != "POST":
            violations.append("the token endpoint takes POST")
        if self.headers.get("authorization") != basic(KEY_ID, KEY_SECRET):
            violations.append("the key is not sent as Basic credentials")
        if self.headers.get_content_type() != "application/x-www-form-urlencoded":
            violations.append("the body of a token request has to be a form")
        if body != b"grant_type=client_credentials":
            violations.append("grant_type=client_credentials has to be asked for")
        token = {"access_token": TOKEN, "token_type": "bearer", "expires_in": 3599, "scope": ""}
        self.account.record(self.command, self.path, 200, "token", violations)
        self.respond(200, {"content-type": "application/json"}, json.dumps(token).encode())

    def forward(self, path, body):
        violations = []
        # Prism only looks whether there are credentials, not which.
        if self.headers.get("authorization") not in (f"Bearer {TOKEN}", basic(KEY_ID, KEY_SECRET)):
            violations.append("the call has neither the token nor the key")
        if not path.startswith(f"/v1/projects/{PROJECT_ID}/"):
            violations.append(f"the project is not {PROJECT_ID}")
        if body and self.headers.get_content_type() != "application/json":
            violations.append("a body that is not said to be JSON")
        if self.headers.get("accept") != "application/json":
            violations.append("application/json is not asked for")
        if self.command == "POST" and "content-length" not in self.headers:
            violations.append("a POST without a Content-Length")
        operation = operation_of(self.command, path)
        if operation is None:
            violations.append("not one of the operations")

        prism = http.client.HTTPConnection("127.0.0.1", self.prism_port, timeout=30)
        headers = {
            name: value
            for name, value in self.headers.items()
            # Prism is not to compress for us, and connections are ours to keep.
            if name.lower() not in ("host", "connection", "accept-encoding")
        }
        prism.request(self.command, self.path, body or None, headers)
        response = prism.getresponse()
        said = response.read()
        prism.close()
        seen = response.getheader("sl-violations")
        if seen:
            violations.append(seen)
        elif response.status >= 400:
            # What Prism does not let through it answers itself.
            violations.append(said.decode(errors="replace"))
        self.account.record(self.command, self.path, response.status, operation, violations)
        kept = {}
        if response.getheader("content-type"):
            kept["content-type"] = response.getheader("content-type")
        self.respond(response.status, kept, said)

    def respond(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_listening(port, process, log):
    for _ in range(600):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    log.seek(0)
    sys.exit(f"prism: it did not start:\n{log.read().decode(errors='replace')}")


def judge(code, account):
    missing = [name for name, _, _ in OPERATIONS if name not in account.operations]
    problems = []
    if code != 0:
        problems.append(f"the command ended with {code}")
    if account.violations:
        problems.append(f"{len(account.violations)} violations")
    if missing:
        problems.append("not seen: " + ", ".join(missing))
    seen = len(OPERATIONS) - len(missing)
    print(
        f"prism: {account.requests} requests, {seen} of {len(OPERATIONS)} operations, "
        f"{len(account.violations)} violations"
    )
    if problems:
        sys.exit("prism: " + "; ".join(problems))


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    prism, contract, *command = sys.argv[1:]
    Front.account = Account()
    Front.prism_port = free_port()
    with tempfile.TemporaryFile() as log:
        mock = subprocess.Popen(
            [prism, "mock", "--host", "127.0.0.1", "--port", str(Front.prism_port), contract],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            wait_until_listening(Front.prism_port, mock, log)
            front = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
            front.daemon_threads = True
            threading.Thread(target=front.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{front.server_address[1]}"
            environment = {
                **os.environ,
                "SINCH_PROJECT_ID": PROJECT_ID,
                "SINCH_KEY_ID": KEY_ID,
                "SINCH_KEY_SECRET": KEY_SECRET,
                "SINCH_NUMBERS_URL": url,
                "SINCH_AUTH_URL": url,
            }
            code = subprocess.run(command, env=environment, check=False).returncode
            front.shutdown()
        finally:
            mock.terminate()
            mock.wait()
    judge(code, Front.account)


if __name__ == "__main__":
    main()
