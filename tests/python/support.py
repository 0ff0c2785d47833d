"""What the tests share: the module that is tested, and a server that does as it is told."""

import http.server
import json
import os
import sys
import threading
from typing import Any, Dict, List, NamedTuple, Optional

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODULE = os.path.join(ROOT, "examples", "python")
sys.path.insert(0, MODULE)

NUMBER = "+12025550134"

#: How long something that must happen may take. Nothing that succeeds waits so long.
PATIENCE = 60


class Say(NamedTuple):
    """A response."""

    status: int = 200
    body: str = "{}"
    headers: Dict[str, str] = {}


#: Answers `{}`, but not before the test says so: `server.release.set()`.
HOLD = Say(body='{"held": true}')

#: Closes the connection without a response.
HANG_UP = Say(status=0)


class Request(NamedTuple):
    method: str
    path: str
    body: str


class Server:
    """Plays its responses in order, the last one again and again. It runs on threads of this very interpreter: what is
    answered at all shows that a call lets other threads run."""

    def __init__(self, *responses: Say) -> None:
        self.responses = list(responses)
        self.requests: List[Request] = []
        #: How many access tokens were fetched.
        self.tokens = 0
        self.arrived = threading.Semaphore(0)
        self.release = threading.Event()
        self._lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body in one piece: otherwise the second one waits for an acknowledgement.
            wbufsize = -1
            disable_nagle_algorithm = True

            def handle_one(self) -> None:
                outer._serve(self)

            do_GET = do_POST = do_PATCH = handle_one

            def log_message(self, *_arguments: Any) -> None:
                pass

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_arguments: Any) -> None:
                # Clients go away in the middle: that is what is tested.
                pass

        self._listener = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._listener.server_address[1]}"
        threading.Thread(target=self._listener.serve_forever, args=(0.01,), daemon=True).start()

    def _serve(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        if handler.path == "/oauth2/token":
            with self._lock:
                self.tokens += 1
            say = Say(body='{"access_token":"t","token_type":"bearer","expires_in":3599}')
        else:
            with self._lock:
                say = self.responses[min(len(self.requests), len(self.responses) - 1)]
                self.requests.append(Request(handler.command, handler.path, body))
            self.arrived.release()
        if say is HOLD:
            self.release.wait(PATIENCE)
        if say is HANG_UP:
            handler.close_connection = True
            return
        handler.send_response(say.status)
        handler.send_header("Content-Length", str(len(say.body.encode())))
        for name, value in say.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(say.body.encode())
        handler.wfile.flush()

    def wait(self) -> None:
        """Waits until a request has arrived."""
        assert self.arrived.acquire(timeout=PATIENCE), "no request came"

    def settings(self, **more: Any) -> Dict[str, Any]:
        known = dict(project_id="project-1", key_id="key-id", key_secret="s3cr3t", base_url=self.url, auth_url=self.url)
        return {**known, **more}

    def environment(self, **more: str) -> Dict[str, str]:
        """The variables of an account of this server."""
        known = dict(PROJECT_ID="project-1", KEY_ID="key-id", KEY_SECRET="s3cr3t-of-it", NUMBERS_URL=self.url, AUTH_URL=self.url)
        return {f"SINCH_{name}": value for name, value in {**known, **more}.items()}

    def client(self, **more: Any) -> Any:
        import sinch_numbers

        return sinch_numbers.Client(**self.settings(**more))

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_exception: Any) -> None:
        self.release.set()
        self._listener.shutdown()
        self._listener.server_close()


class Call(threading.Thread):
    """A call on a thread of its own; `end()` returns what it returned or raises what it raised."""

    def __init__(self, function: Any, *arguments: Any, **named: Any) -> None:
        super().__init__(daemon=True)
        self._call = (function, arguments, named)
        self._value: Any = None
        self._error: Optional[BaseException] = None
        self.start()

    def run(self) -> None:
        function, arguments, named = self._call
        try:
            self._value = function(*arguments, **named)
        except BaseException as error:
            self._error = error

    def end(self) -> Any:
        self.join(PATIENCE)
        assert not self.is_alive(), "the call did not end"
        if self._error is not None:
            raise self._error
        return self._value


def error_body(code: int, status: str, message: str = "", details: Any = ()) -> str:
    return json.dumps({"error": {"code": code, "status": status, "message": message, "details": list(details)}})
