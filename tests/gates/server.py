"""A service for the gates. Every number reads the same. Prints its URL first.

--tls CERT KEY  speaks TLS, as localhost
--hang COUNT    leaves so many requests of the API without an answer, writes a line to --tell when all have come, and
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
lock, came = threading.Lock(), 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self):
        global came
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/oauth2/token":
            return self.say({"access_token": "token-1", "token_type": "bearer", "expires_in": 3599})
        with lock:
            came += 1
            mine = came
        if mine == arguments.hang:
            with open(arguments.tell, "w", encoding="ascii") as tell:
                tell.write("waiting\n")
        if mine <= arguments.hang:
            time.sleep(3600)
        self.say({"phoneNumber": "+12025550134"})

    def say(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = answer

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def finish_request(self, request, address):
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
