"""Errors by kind, what they carry, and that no path leaks a handle."""

import collections
import ctypes
import gc
import json
import os
import pickle
import socket
import sys
import threading
import unittest
from unittest import mock

from support import HOLD, MODULE, NUMBER, PATIENCE, Say, Server, error_body

import sinch_numbers
from sinch_numbers import (
    ApiError,
    AuthError,
    Cancel,
    CancelledError,
    Client,
    DeadlineError,
    InputError,
    InternalError,
    MisuseError,
    NetworkError,
    ProtocolError,
    SinchNumbersError,
)

DOCUMENT = {
    "code", "httpStatus", "status", "bodyCode", "message", "operation", "phoneNumber", "field", "fieldViolations", "phase",
    "retryAfterMs", "maybeApplied", "attempts", "requestId", "details", "body",
    "found", "previous", "steps", "jobs", "validation",
}  # fmt: skip


class Errors(unittest.TestCase):
    def check(self, error, kind, code, code_name):
        """What holds for every error."""
        self.assertIs(type(error), kind)
        self.assertIsInstance(error, SinchNumbersError)
        self.assertEqual((error.code, error.code_name), (code, code_name))
        self.assertEqual(set(error.document), DOCUMENT)
        self.assertEqual(error.document["code"], code_name)
        self.assertEqual(error.document["message"], str(error))
        self.assertEqual(error.document["httpStatus"], error.http_status)
        self.assertEqual(error.document["maybeApplied"], error.maybe_applied)
        again = pickle.loads(pickle.dumps(error))
        self.assertIs(type(again), kind)
        for name in ["args", "code", "http_status", "can_retry", "retry_after", "maybe_applied", "document"]:
            self.assertEqual(getattr(again, name), getattr(error, name), name)
        self.assertNotIn("s3cr3t", repr(error) + str(error) + str(error.document))
        return error

    def raised(self, kind, code, code_name, call, *arguments, **named):
        with self.assertRaises(kind) as caught:
            call(*arguments, **named)
        return self.check(caught.exception, kind, code, code_name)

    def test_misuse(self):
        with Server(Say()) as server:
            client = server.client()
            client.close()
            for call in [client.active_list, client.pages, client.numbers]:
                error = self.raised(MisuseError, 2, "E_MISUSE", call)
                self.assertIn("the client is closed", str(error))
            self.raised(MisuseError, 2, "E_MISUSE", client.active_get, NUMBER)
            self.assertEqual(server.requests, [])

    def test_input(self):
        with Server(Say()) as server, server.client() as client:
            rows = [
                ("phoneNumber", client.active_get, "2025550134"),
                ("phoneNumber", client.active_get, NUMBER + "\0"),
                ("phoneNumber", client.active_get, "\ud800"),
                ("phoneNumber", client.active_release, ""),
                ("pagesize", client.active_list, {"pagesize": 1}),
                ("pageSize", client.pages, {"pageSize": 0}),
                ("orderBy", client.numbers, {"orderBy": None}),
                ("query", client.active_list, {"orderBy": {1, 2}}),
                ("query", client.active_list, {"pageSize": float("nan")}),
                ("body", client.active_update, NUMBER, {}),
                ("smsConfiguration.servicePlanId", client.active_update, NUMBER, {"smsConfiguration": {"campaignId": "c"}}),
                ("address", client.emergency_address_provision, NUMBER, {"displayName": "Office"}),
                ("address.city", client.emergency_address_validate, NUMBER, {
                    "displayName": "Office",
                    "address": {"streetNumber": "1", "streetInfo": "s", "state": "IL", "postalCode": "6"},
                }),
            ]  # fmt: skip
            for field, *call in rows:
                with self.subTest(field=field, call=call):
                    error = self.raised(InputError, 3, "E_INPUT", *call)
                    self.assertIsInstance(error, ValueError)
                    self.assertEqual(error.document["field"], field)
                    self.assertFalse(error.can_retry)
            for wrong in [lambda: client.active_get(12025550134), lambda: client.active_get(None),
                          lambda: client.active_update(NUMBER, "{}"), lambda: client.active_list([1]),
                          lambda: client.active_get(NUMBER, cancel=True)]:  # fmt: skip
                self.assertRaises(TypeError, wrong)
            self.assertEqual(server.requests, [])

    def test_settings(self):
        with Server(Say()) as server:
            for name, value, field in [
                ("timeout_ms", 0, "timeoutMs"),
                ("timeout_ms", "1", "timeoutMs"),
                ("auth", "digest", "auth"),
                ("log_level", "loud", "logLevel"),
                ("ca_file", "/nowhere", "caFile"),
                ("base_url", "http://example.com", "baseUrl"),
            ]:
                with self.subTest(name=name, value=value):
                    error = self.raised(InputError, 3, "E_INPUT", server.client, **{name: value})
                    self.assertEqual(error.document["field"], field)
            with self.assertRaises(TypeError):
                server.client(timeoutMs=1)

    def test_settings_beside_the_environment(self):
        with Server(Say()) as server:
            given = dict(project_id="project-9", base_url=server.url, auth_url=server.url, timeout_ms=20000)
            with Client.from_env(**given) as client:
                self.assertEqual(client.active_get(NUMBER), {})
                self.assertIn("project-9", repr(client))
                data = pickle.dumps(client)
                self.assertNotIn(os.environ["SINCH_KEY_SECRET"].encode(), data)
                with pickle.loads(data) as twin:
                    self.assertEqual(twin.active_get(NUMBER), {})
            for request in server.requests:
                self.assertEqual(request.path, f"/v1/projects/project-9/activeNumbers/{NUMBER}")
            self.assertEqual(len(server.requests), 2)
            for name, value, field in [("timeout_ms", 0, "timeoutMs"), ("requests_per_second", -0.5, "requestsPerSecond")]:
                error = self.raised(InputError, 3, "E_INPUT", Client.from_env, **{name: value})
                self.assertEqual(error.document["field"], field)
            with Client.from_env(requests_per_second=0.5, max_attempts=None) as client:
                self.assertIn("from the environment", repr(client))
            for wrong in [{"timeoutMs": 1}, {"from_env": True}, {"self": 1}]:
                with self.assertRaises(TypeError):
                    Client.from_env(**wrong)

    def test_variables_are_named(self):
        for name, value in [("SINCH_KEY_ID", "\n"), ("SINCH_AUTH", "'basic'"), ("SINCH_NUMBERS_TIMEOUT_MS", "5 s")]:
            with self.subTest(name=name), mock.patch.dict(os.environ, {name: value}):
                error = self.raised(InputError, 3, "E_INPUT", Client.from_env)
                self.assertEqual(error.document["field"], name)
                self.assertIn(name, str(error))

    def test_auth(self):
        with Server(Say(403, error_body(403, "PERMISSION_DENIED"))) as server, server.client() as client:
            error = self.raised(AuthError, 4, "E_AUTH", client.active_get, NUMBER)
            self.assertEqual((error.http_status, error.can_retry), (403, False))

    def test_api(self):
        violation = {"field": "order_by", "description": "unknown"}
        details = [{"type": "BadRequest", "fieldViolations": [violation]}]
        with Server(Say(400, error_body(400, "INVALID_ARGUMENT", "bad", details))) as server, server.client() as client:
            error = self.raised(ApiError, 5, "E_API", client.active_list)
            self.assertEqual(error.http_status, 400)
            self.assertEqual(error.field_violations, [violation])
            self.assertEqual(error.document["details"], details)
            self.assertEqual((error.can_retry, error.retry_after, error.maybe_applied), (False, None, False))

    def test_what_is_missing(self):
        number = {"type": "ResourceInfo", "resourceType": "ActiveNumber", "resourceName": NUMBER}
        address = {**number, "resourceType": "EmergencyAddress"}
        rows = [
            (404, [number], "ActiveNumber"),
            (404, [{"type": "BadRequest"}, 5, address], "EmergencyAddress"),
            (404, [], None),
            (404, [{"resourceType": None}, {"resourceType": ""}], None),
            (409, [number], None),
        ]
        for status, details, missing in rows:
            with Server(Say(status, error_body(status, "NOT_FOUND", "", details))) as server, server.client() as client:
                error = self.raised(ApiError, 5, "E_API", client.emergency_address_get, NUMBER)
                self.assertEqual(error.missing, missing)

    def test_no_frame_shows_a_secret(self):
        secret = "s3cr3t-of-frames"

        def check(call, *arguments, **named):
            try:
                call(*arguments, **named)
            except Exception as error:
                seen, open_errors = [], [error]
                while open_errors:
                    error = open_errors.pop()
                    self.assertNotIn(secret, str(error) + repr(error))
                    open_errors += [other for other in (error.__cause__, error.__context__) if other is not None]
                    trace = error.__traceback__
                    while trace is not None:
                        frame = trace.tb_frame
                        # The test's own frame holds what it gave.
                        if frame.f_code.co_filename != __file__:
                            seen.append(frame.f_code.co_name)
                            for name, value in list(frame.f_locals.items()):
                                self.assertNotIn(secret, repr(value), (frame.f_code.co_name, name))
                        trace = trace.tb_next
                self.assertTrue(seen)
            else:
                self.fail("nothing was raised")

        with Server(Say(401, error_body(401, "UNAUTHENTICATED"))) as server:
            settings = server.settings(key_secret=secret, proxy=f"http://u:{secret}@127.0.0.1:1")
            for wrong in [{"timeout_ms": 0}, {"timeout_ms": [1]}, {"timeout_ms": float("inf")}, {"ca_file": "/nowhere"}]:
                check(Client, **{**settings, **wrong})
                check(Client.from_env, **{**settings, **wrong})
            check(Client.from_env, nonsense=1, **settings)
            for open_client in [Client, Client.from_env]:
                with open_client(**{**settings, "proxy": "none"}) as client:
                    check(client.active_get, NUMBER)
                    check(client.active_get, "x")
                    check(client.active_update, NUMBER, {"displayName": {1}})
                check(client.active_get, NUMBER)
                check(pickle.dumps, client)

    def test_when_to_try_again(self):
        rows = [({"Retry-After": "7"}, 7.0), ({}, None)]
        for headers, wait in rows:
            with Server(Say(429, "", headers)) as server, server.client(max_attempts=1) as client:
                error = self.raised(ApiError, 5, "E_API", client.active_get, NUMBER)
                self.assertEqual((error.can_retry, error.retry_after), (True, wait))

    def test_network(self):
        with socket.socket() as unused:
            # Bound and not listened to: whoever connects is refused.
            unused.bind(("127.0.0.1", 0))
            url = "http://127.0.0.1:%d" % unused.getsockname()[1]
            client = Client(
                project_id="p", key_id="k", key_secret="s3cr3t", base_url=url, auth_url=url, auth="basic", max_attempts=1
            )
            error = self.raised(NetworkError, 6, "E_NETWORK", client.active_get, NUMBER)
            self.assertEqual((error.http_status, error.document["phase"]), (0, "connect"))
            self.assertTrue(error.can_retry)

    def test_deadlines(self):
        with Server(HOLD) as server:
            with server.client() as client:
                error = self.raised(DeadlineError, 7, "E_TIMEOUT", client.active_get, NUMBER, cancel=Cancel(0))
                self.assertIsInstance(error, TimeoutError)
                self.assertEqual(server.requests, [], "0 seconds are over at once")
                self.raised(DeadlineError, 7, "E_TIMEOUT", client.active_get, NUMBER, cancel=Cancel(-1))
            with server.client(timeout_ms=1000) as client:
                self.raised(DeadlineError, 7, "E_TIMEOUT", client.active_get, NUMBER)
        self.assertRaises(ValueError, Cancel, float("nan"))
        with Server(Say()) as server, server.client() as client:
            for deadline in [float("inf"), 1e300, 3600]:
                self.assertEqual(client.active_get(NUMBER, cancel=Cancel(deadline)), {})

    def test_protocol(self):
        with Server(Say(body="[1]")) as server, server.client() as client:
            error = self.raised(ProtocolError, 8, "E_PROTOCOL", client.active_get, NUMBER)
            self.assertEqual(error.document["body"], "[1]")

    def test_cancelled(self):
        with Server(Say()) as server, server.client() as client:
            cancel = Cancel()
            self.assertEqual(client.active_get(NUMBER, cancel=cancel), {})
            cancel.trigger()
            cancel.trigger()
            self.raised(CancelledError, 9, "E_CANCELLED", client.active_get, NUMBER, cancel=cancel)
            self.raised(CancelledError, 9, "E_CANCELLED", next, client.pages(cancel=cancel))
            self.assertEqual(client.active_get(NUMBER), {}, "the client itself goes on")

    def test_internal(self):
        # The library of the tests panics when it is told to. It says so on stderr, which is not for those who read these.
        with Server(Say()) as server, server.client() as client:
            stderr, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
            os.environ["SINCH_NUMBERS_TEST_PANIC"] = "active_get"
            try:
                sys.stderr.flush()
                os.dup2(null, 2)
                self.raised(InternalError, 10, "E_INTERNAL", client.active_get, NUMBER)
            finally:
                os.dup2(stderr, 2)
                os.close(stderr)
                os.close(null)
                del os.environ["SINCH_NUMBERS_TEST_PANIC"]
            self.assertEqual(client.active_get(NUMBER), {}, "the client goes on")

    def test_a_write_of_unknown_outcome(self):
        found = {"phoneNumber": NUMBER, "displayName": "old"}
        with Server(Say(500, ""), Say(body=json.dumps(found))) as server, server.client() as client:
            error = self.raised(ApiError, 5, "E_API", client.active_update, NUMBER, {"displayName": "d"})
            self.assertEqual((error.http_status, error.maybe_applied, error.can_retry), (500, True, False))
            self.assertEqual(error.found, found)
            self.assertEqual([request.method for request in server.requests], ["PATCH", "GET", "GET", "GET"])
            self.assertNotIn("old", str(error) + repr(error), "it could be a home address")
        with Server(Say(500, ""), Say(body="{}")) as server, server.client() as client:
            error = self.raised(ApiError, 5, "E_API", client.active_release, NUMBER)
            self.assertTrue(error.maybe_applied)
            self.assertIsNone(error.found)

    def test_a_write_that_is_ended_while_it_is_read_back(self):
        with Server(Say(500, ""), HOLD) as server, server.client() as client:
            cancel = Cancel()

            def end():
                for _ in range(2):
                    self.assertTrue(server.arrived.acquire(timeout=PATIENCE))
                cancel.trigger()

            other = threading.Thread(target=end)
            other.start()
            try:
                error = self.raised(CancelledError, 9, "E_CANCELLED", client.active_release, NUMBER, cancel=cancel)
            finally:
                other.join()
                server.release.set()
            self.assertTrue(error.maybe_applied)

    def test_a_bug_after_a_write_has_gone_out(self):
        with Server(Say()) as server, server.client() as client:
            stderr, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
            os.environ["SINCH_NUMBERS_TEST_PANIC_SENT"] = "active_release"
            try:
                sys.stderr.flush()
                os.dup2(null, 2)
                error = self.raised(InternalError, 10, "E_INTERNAL", client.active_release, NUMBER)
                self.assertTrue(error.maybe_applied)
                os.environ["SINCH_NUMBERS_TEST_PANIC_SENT"] = "active_get"
                error = self.raised(InternalError, 10, "E_INTERNAL", client.active_get, NUMBER)
                self.assertFalse(error.maybe_applied)
            finally:
                os.dup2(stderr, 2)
                os.close(stderr)
                os.close(null)
                del os.environ["SINCH_NUMBERS_TEST_PANIC_SENT"]

    def test_a_code_of_a_later_library(self):
        later = sinch_numbers._ERRORS.get(77, SinchNumbersError)("new", 77, {})
        self.assertIs(type(later), SinchNumbersError)
        self.assertEqual(later.code_name, "UNKNOWN")


class Handles(unittest.TestCase):
    """Counts what the library hands out and what is given back."""

    def setUp(self):
        # What the process keeps for calls to come.
        sinch_numbers._watches.clear()
        sinch_numbers._shared.clear()
        gc.collect()
        self.out, self.freed = collections.Counter(), collections.Counter()
        for name in sinch_numbers._FUNCTIONS:
            patch = mock.patch.object(sinch_numbers._library, name, self.counted(name))
            patch.start()
            self.addCleanup(patch.stop)

    def counted(self, name):
        function = getattr(sinch_numbers._library, name)

        def call(*arguments):
            value = function(*arguments)
            if name.endswith("_free"):
                # A handle, or what stands for it.
                pointer = getattr(arguments[0], "_as_parameter_", arguments[0])
                self.freed[name[: -len("_free")]] += bool(pointer)
            elif name.startswith("cancel_new"):
                self.out["cancel"] += 1
            elif name == "log_new":
                self.out["log"] += 1
            elif function.restype is ctypes.c_int32 and not name.startswith("result_"):
                # The last argument is the result, the one before it perhaps a handle: each is a reference.
                self.out["result"] += bool(arguments[-1]._obj)
                if name in ("client_new", "pages_new"):
                    self.out[name.split("_")[0]] += bool(arguments[-2]._obj)
            return value

        return call

    def test_nothing_is_lost_on_any_path(self):
        page = Say(body='{"activeNumbers":[{}],"nextPageToken":""}')
        with Server(page) as server:
            with server.client() as client:
                client.active_get(NUMBER, cancel=Cancel())
                list(client.pages())
                next(client.numbers())
                for wrong in [
                    lambda: client.active_get("x"),
                    lambda: client.active_get(NUMBER, cancel=Cancel(0)),
                    lambda: client.pages({"x": 1}),
                    lambda: client.active_update(NUMBER, {"x": 1}),
                    lambda: server.client(timeout_ms=0),
                ]:
                    with self.assertRaises(SinchNumbersError):
                        wrong()
                # Something goes wrong on this side of the library.
                with mock.patch.object(sinch_numbers, "_parse", side_effect=MemoryError):
                    self.assertRaises(MemoryError, client.active_get, NUMBER)
            server.client()
            pickle.loads(pickle.dumps(server.client()))
            server.client().pages()
        self.assertEqual((len(sinch_numbers._watches), len(sinch_numbers._shared)), (1, 1))
        sinch_numbers._watches.clear()
        sinch_numbers._shared.clear()
        gc.collect()
        self.assertEqual(self.freed, self.out)
        # One token to watch signals with, and one for each call with a token of its own.
        self.assertEqual((self.out["client"], self.out["pages"], self.out["cancel"], self.out["log"]), (5, 3, 5, 6))
        self.assertGreater(self.out["result"], 12)


class Closing(unittest.TestCase):
    def test_twice_and_without_with(self):
        with Server(Say()) as server:
            client = server.client()
            client.close()
            client.close()
            with server.client() as client:
                client.close()
            self.assertIn("closed", repr(client))
            del client

    def test_pages_end_with_their_client(self):
        again = Say(body='{"activeNumbers":[{}],"nextPageToken":"a"}')
        with Server(again) as server:
            client = server.client()
            pages = client.pages()
            next(pages)
            client.close()
            self.assertRaises(CancelledError, next, pages)

    def test_pages_outlive_a_client_that_nobody_closed(self):
        page = Say(body='{"activeNumbers":[{}]}')
        with Server(page) as server:
            pages = server.client().pages()
            gc.collect()
            self.assertEqual(len(list(pages)), 1)

    def test_a_client_that_never_came_to_be(self):
        with self.assertRaises(InputError):
            Client(project_id="", key_id="k", key_secret="s")
        Client.__new__(Client)
        gc.collect()


class Secrets(unittest.TestCase):
    def test_no_repr_shows_them(self):
        with Server(Say()) as server:
            proxy = "http://user:s3cr3t@127.0.0.1:9"
            client = server.client(proxy=proxy)
            for shown in [repr(client), str(client), repr(client.pages()), repr([client])]:
                self.assertNotIn("s3cr3t", shown)
            self.assertIn("project-1", repr(client))
        self.assertNotIn(os.environ["SINCH_KEY_SECRET"], repr(Client.from_env()))
        self.assertTrue(sinch_numbers.__file__.startswith(MODULE))


if __name__ == "__main__":
    unittest.main()
