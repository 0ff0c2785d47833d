"""Threads: others run while a call blocks, cancel and close from another one, the log, and the end of the interpreter."""

import gc
import logging
import os
import subprocess
import sys
import threading
import unittest

from support import HOLD, MODULE, NUMBER, PATIENCE, Call, Say, Server

import sinch_numbers
from sinch_numbers import Cancel, CancelledError, MisuseError


class Records(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


def logger(name, handler):
    """A logger of its own, which keeps everything to itself."""
    found = logging.Logger(name, 1)
    found.addHandler(handler)
    return found


class Threads(unittest.TestCase):
    def test_other_threads_run_while_a_call_blocks(self):
        # The server answers when another thread of this interpreter says so: a call that held the interpreter would wait for
        # ever, and end with its own deadline.
        with Server(HOLD) as server, server.client() as client:
            counted = []

            def other():
                server.wait()
                counted.extend(range(100_000))
                server.release.set()

            call = Call(other)
            self.assertEqual(client.active_get(NUMBER), {"held": True})
            call.end()
            self.assertEqual(len(counted), 100_000)

    def test_one_client_for_many_threads(self):
        with Server(Say(body='{"activeNumbers":[{}]}')) as server, server.client() as client:
            calls = [Call(lambda: [client.active_get(NUMBER) for _ in range(10)]) for _ in range(16)]
            calls += [Call(lambda: list(client.numbers())) for _ in range(16)]
            for call in calls:
                call.end()
            self.assertEqual(len(server.requests), 16 * 10 + 16)

    def test_threads_share_pages(self):
        pages = [Say(body='{"activeNumbers":[{"n":%d}],"nextPageToken":"t%d"}' % (n, n)) for n in range(40)]
        with Server(*pages, Say(body='{"activeNumbers":[{"n":40}]}')) as server, server.client() as client:
            shared = client.pages()
            calls = [Call(lambda: [page["activeNumbers"][0]["n"] for page in shared]) for _ in range(4)]
            seen = sorted(n for call in calls for n in call.end())
            self.assertEqual(seen, list(range(41)))

    def test_a_cancel_ends_the_calls_that_it_was_given_to(self):
        with Server(HOLD) as server, server.client() as client:
            cancel = Cancel()
            calls = [Call(client.active_get, NUMBER, cancel=cancel), Call(next, client.numbers(cancel=cancel))]
            calls.append(Call(client.active_update, NUMBER, {"displayName": "d"}, cancel=cancel))
            other = Call(client.active_get, NUMBER, cancel=Cancel())
            for _ in range(4):
                server.wait()
            cancel.trigger()
            errors = []
            for call in calls:
                with self.assertRaises(CancelledError) as caught:
                    call.end()
                errors.append(caught.exception)
            self.assertEqual([error.maybe_applied for error in errors], [False, False, True])
            self.assertTrue(other.is_alive(), "a call with another token goes on")
            server.release.set()
            self.assertEqual(other.end(), {"held": True})

    def test_a_cancel_that_is_dropped_during_a_call(self):
        with Server(HOLD) as server, server.client() as client:
            call = Call(client.active_get, NUMBER, cancel=Cancel())
            server.wait()
            gc.collect()
            server.release.set()
            self.assertEqual(call.end(), {"held": True})

    def test_close_ends_the_calls_under_way(self):
        with Server(HOLD) as server:
            client = server.client()
            calls = [Call(client.active_get, NUMBER) for _ in range(4)]
            calls.append(Call(next, client.pages()))
            for _ in calls:
                server.wait()
            client.close()
            client.close()
            for call in calls:
                self.assertRaises(CancelledError, call.end)
            self.assertRaises(MisuseError, client.active_get, NUMBER)

    def test_threads_close_while_others_call(self):
        with Server(Say()) as server:
            for _ in range(30):
                client = server.client(auth="basic")
                start = threading.Barrier(6)

                def work():
                    start.wait(PATIENCE)
                    while True:
                        client.active_get(NUMBER)

                def close():
                    start.wait(PATIENCE)
                    client.close()

                calls = [Call(work) for _ in range(4)]
                closing = [Call(close), Call(close)]
                for call in closing:
                    call.end()
                for call in calls:
                    # Which of the two depends on where the call stood.
                    self.assertRaises((CancelledError, MisuseError), call.end)


class Log(unittest.TestCase):
    def test_lines_arrive_with_their_level(self):
        handler = Records()
        with Server(Say()) as server:
            with server.client(log_level="trace", logger=logger("mine", handler)) as client:
                client.active_get(NUMBER)
                self.assertRaises(sinch_numbers.InputError, client.active_get, "x")
        levels = {record.levelno for record in handler.records}
        self.assertLessEqual(levels, {5, logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR})
        self.assertIn(logging.DEBUG, levels)
        text = "\n".join(record.getMessage() for record in handler.records)
        self.assertIn("active_get", text)
        self.assertEqual({record.name for record in handler.records}, {"mine"})
        for secret in ["s3cr3t", "Bearer", "key-id"]:
            self.assertNotIn(secret, text)

    def test_how_much_is_said(self):
        # A response that says no is ordinary; one that says that the service broke down is not.
        for level, status, quiet in [("off", 501, True), ("error", 404, True), ("error", 501, False)]:
            handler = Records()
            with Server(Say(status, "")) as server:
                with server.client(log_level=level, logger=logger("mine", handler)) as client:
                    self.assertRaises(sinch_numbers.ApiError, client.active_get, NUMBER)
            self.assertEqual(not handler.records, quiet)

    def test_the_usual_logger(self):
        with Server(Say(501, "")) as server, server.client() as client:
            with self.assertLogs("sinch_numbers", "ERROR") as caught:
                self.assertRaises(sinch_numbers.ApiError, client.active_get, NUMBER)
        self.assertIn("active_get", caught.output[0])

    def test_the_log_function_outlives_the_client(self):
        handler = Records()
        page = Say(body='{"activeNumbers":[{}]}')
        with Server(page) as server:
            pages = server.client(log_level="trace", logger=logger("mine", handler)).pages()
            gc.collect()
            handler.records.clear()
            next(pages)
            self.assertTrue(handler.records)

    def test_a_broken_handler_does_no_harm(self):
        class Broken(logging.Handler):
            def emit(self, record):
                raise RuntimeError(record)

        with Server(Say()) as server:
            with server.client(log_level="trace", logger=logger("broken", Broken())) as client:
                self.assertEqual(client.active_get(NUMBER), {})

    def test_an_interrupt_in_the_log_is_not_lost(self):
        class Interrupted(logging.Handler):
            def emit(self, record):
                raise KeyboardInterrupt

        handler = Interrupted()
        with Server(Say()) as server:
            with server.client(log_level="debug", logger=logger("interrupted", handler)) as client:
                self.assertRaises(KeyboardInterrupt, client.active_get, NUMBER)
                handler.emit = lambda record: None
                self.assertEqual(client.active_get(NUMBER), {}, "raised once")

    def test_a_handler_may_use_another_client(self):
        with Server(Say()) as server, server.client() as other:
            responses = []

            class Telling(logging.Handler):
                def emit(self, record):
                    responses.append(other.active_get(NUMBER))

            with server.client(log_level="debug", logger=logger("telling", Telling())) as client:
                client.active_get(NUMBER)
            self.assertIn({}, responses)


class End(unittest.TestCase):
    """Daemon threads that are inside the library when the interpreter ends: nobody joins them."""

    def run_program(self, text):
        program = "import sys\nsys.path[:0] = [%r, %r]\n" % (os.path.dirname(os.path.abspath(__file__)), MODULE) + text
        command = [sys.executable, "-c", program]
        output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
        self.assertEqual(output.returncode, 0, output.stderr.decode())
        return output.stdout.decode()

    def test_a_call_that_blocks(self):
        printed = self.run_program(
            "from support import *\n"
            "server = Server(HOLD)\n"
            "client = server.client(log_level='trace')\n"
            "call = Call(client.active_get, NUMBER)\n"
            "server.wait()\n"
            "print('over')\n"
        )
        self.assertEqual(printed, "over\n")

    def test_calls_that_come_and_go(self):
        # Each failure is logged: were a thread killed on its way back with a line, the process would abort.
        printed = self.run_program(
            "from support import *\n"
            "import sinch_numbers\n"
            "server = Server(Say(404, ''))\n"
            "def work():\n"
            "    while True:\n"
            "        client = server.client(log_level='trace', auth='basic')\n"
            "        for _ in range(3):\n"
            "            try: client.active_get(NUMBER)\n"
            "            except sinch_numbers.ApiError: pass\n"
            "calls = [Call(work) for _ in range(4)]\n"
            "for _ in range(20): server.wait()\n"
            "print('over')\n"
        )
        self.assertEqual(printed, "over\n")

    def test_nothing_goes_in_any_more(self):
        printed = self.run_program(
            "import atexit\n"
            "def late():\n"
            "    for call in [lambda: client.active_get(NUMBER), server.client]:\n"
            "        try: call()\n"
            "        except sinch_numbers.CancelledError as error: print(error)\n"
            "    client.close()\n"
            "atexit.register(late)\n"
            "from support import *\n"
            "import sinch_numbers\n"
            "server = Server(Say())\n"
            "client = server.client()\n"
        )
        self.assertEqual(printed.count("the interpreter is shutting down"), 2, printed)


if __name__ == "__main__":
    unittest.main()
