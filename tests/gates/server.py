"""A service for the gates. Every number reads the same, and a page is full of them; +12025550117 alone can be linked, and has an
emergency address. Prints its URL first. GET /connections tells how many were opened.

--tls CERT KEY  speaks TLS, as localhost
--hang COUNT    leaves so many requests of the API without a response, writes a line to --tell when all have come, and
                answers those after them
"""

import argparse
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

parser = argparse.ArgumentParser()
parser.add_argument("--tls", nargs=2)
parser.add_argument("--hang", type=int, default=0)
parser.add_argument("--tell")
arguments = parser.parse_args()
lock, came, connections = threading.Lock(), 0, 0

JOB = {"status": "IN_PROGRESS", "lastUpdatedTime": "2024-06-06T20:02:20.437509Z"}
NUMBER = {
    "phoneNumber": "+12025550134",
    "projectId": "51bc3f40-f266-4ca8-8938-a1ed0ff32b9a",
    "displayName": "Front desk, 2nd floor",
    "regionCode": "US",
    "type": "LOCAL",
    "capability": ["SMS", "VOICE"],
    "money": {"currencyCode": "USD", "amount": "0.80"},
    "paymentIntervalMonths": 1,
    "nextChargeDate": "2024-07-06T14:42:42.677575Z",
    "expireAt": None,
    "smsConfiguration": {
        "servicePlanId": "82b42acf74924bd687ef9fb212f2060c",
        "campaignId": "CTPJVQ7",
        "scheduledProvisioning": {
            "servicePlanId": "2f1ab94c0e5d4c0a9b1b7f3d6c8e9a10",
            "campaignId": "CQ8ZLL2",
            **JOB,
            "errorCodes": [],
        },
    },
    "voiceConfiguration": {
        "type": "RTC",
        "appId": "8c1f2d4e-6a7b-4c3d-9e0f-1a2b3c4d5e6f",
        "trunkId": "",
        "serviceId": "",
        "lastUpdatedTime": "2024-06-05T09:15:00.120000Z",
        "scheduledVoiceProvisioning": {"type": "EST", "trunkId": "01HXYZ5T9N3QK4W8V2C6B7D0EF", **JOB},
    },
    "callbackUrl": "https://example.com/sinch/callbacks",
}


LINKABLE = "+12025550117"
links = {"servicePlanId": "plan-old"}
address = {"streetNumber": "1", "streetInfo": "Main St", "city": "Springfield", "state": "IL", "postalCode": "62701"}


def linkable(method, path, body):
    """What is said about the number that can be changed. Changes take effect at once."""
    if method == "PATCH":
        links.update(json.loads(body)["smsConfiguration"])
    if path.endswith(":validate"):
        return {"validationResult": "EXACT_MATCH"}
    if path.endswith(":provision"):
        address.update(json.loads(body)["address"])
    return address if "emergencyAddress" in path else {"phoneNumber": LINKABLE, "smsConfiguration": links}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def respond(self):
        global came
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/connections":
            # This one is not meant.
            return self.say(connections - 1)
        if self.path == "/oauth2/token":
            return self.say({"access_token": "token-1", "token_type": "bearer", "expires_in": 3599})
        if LINKABLE in self.path:
            return self.say(linkable(self.command, self.path, body))
        with lock:
            came += 1
            mine = came
        if mine == arguments.hang:
            with open(arguments.tell, "w", encoding="ascii") as tell:
                tell.write("waiting\n")
        if mine <= arguments.hang:
            time.sleep(3600)
        _, _, page = self.path.partition("pageSize=")
        self.say({"activeNumbers": [NUMBER] * int(page)} if page else NUMBER)

    def say(self, value):
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        # In one piece, so that reading it is one system call.
        self.wfile.write(head.encode() + body)

    do_GET = do_POST = do_PATCH = respond

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def finish_request(self, request, address):
        global connections
        with lock:
            connections += 1
        # The handshake on the connection's own thread.
        if arguments.tls:
            request = context.wrap_socket(request, server_side=True)
        super().finish_request(request, address)

    def handle_error(self, request, address):
        pass


server = Server(("127.0.0.1", 0), Handler)
scheme = "http"
if arguments.tls:
    scheme = "https"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*arguments.tls)
print(f"{scheme}://localhost:{server.server_port}", flush=True)
server.serve_forever()
