"""Signals during calls on the main thread: handlers run while a call blocks, and what they raise is never lost.

Each test runs with every Python that the machine has. Nothing here measures time: a signal that is not seen would be seen when
the call ends by itself, which is an error of the library's then, or never.
"""

import logging
import os
import signal
import sys
import threading
import unittest
from unittest import mock

from support import HOLD, NUMBER, PATIENCE, Call, Say, Server

from sinch_numbers import ApiError, Cancel, CancelledError, DeadlineError, SinchNumbersError

#: How long calls would take if nothing ended them.
LONG = 1000 * PATIENCE


class Stopped(Exception):
    """What a handler raises that is no ``SystemExit``: handlers of alarms do so."""


class Quiet(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def quiet_logger():
    found = logging.Logger("signals", 1)
    found.addHandler(Quiet())
    return found


def send(number):
    """To the process, as another one would. It is the main thread that is interrupted, or any other."""
    os.kill(os.getpid(), number)


class Signals(unittest.TestCase):
    def handle(self, handler, number=signal.SIGTERM):
        before = signal.signal(number, handler)
        self.addCleanup(signal.signal, number, before)

    def raise_on(self, kind, number=signal.SIGTERM):
        def handler(*_):
            raise kind

        self.handle(handler, number)

    def when_it_stands(self, server, work):
        """Does something on another thread when a request has arrived."""

        def run():
            server.wait()
            work()

        return Call(run)

    def test_what_a_handler_raises_comes_out_of_the_call(self):
        self.raise_on(SystemExit)
        # As Python does it for Ctrl-C, whatever has been done to this process's.
        self.handle(signal.default_int_handler, signal.SIGINT)
        self.raise_on(Stopped, signal.SIGUSR1)
        for level in ["off", "warn", "trace"]:
            for number, kind in [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit), (signal.SIGUSR1, Stopped)]:
                with self.subTest(level=level, kind=kind), Server(HOLD) as server:
                    with server.client(timeout_ms=LONG, log_level=level, logger=quiet_logger()) as client:
                        for call in [
                            lambda: client.active_get(NUMBER),
                            lambda: client.active_get(NUMBER, cancel=Cancel()),
                            lambda: next(client.numbers()),
                        ]:
                            sender = self.when_it_stands(server, lambda: send(number))
                            with self.assertRaises(kind) as caught:
                                call()
                            self.assertIsNone(caught.exception.__cause__)
                            sender.end()

    def test_a_write_says_what_may_have_become_of_it(self):
        self.raise_on(SystemExit)
        with Server(HOLD) as server, server.client(timeout_ms=LONG) as client:
            for cancel in [None, Cancel()]:
                sender = self.when_it_stands(server, lambda: send(signal.SIGTERM))
                with self.assertRaises(SystemExit) as caught:
                    client.active_update(NUMBER, {"displayName": "d"}, cancel=cancel)
                self.assertIsInstance(caught.exception.__cause__, CancelledError)
                self.assertTrue(caught.exception.__cause__.maybe_applied)
                sender.end()
            # The caller's own token was not triggered: it may serve others.
            server.release.set()
            self.assertEqual(client.active_get(NUMBER, cancel=cancel), {"held": True})

    def test_a_write_that_was_over(self):
        class Stops(logging.Handler):
            def emit(self, record):
                send(signal.SIGTERM)

        self.raise_on(SystemExit)
        found = logging.Logger("stops", 1)
        with Server(Say(body='{"phoneNumber":"%s"}' % NUMBER)) as server:
            with server.client(auth="basic", log_level="debug", logger=found) as client:
                found.addHandler(Stops())
                with self.assertRaises(SystemExit) as caught:
                    client.active_release(NUMBER)
                found.handlers.clear()
        cause = caught.exception.__cause__
        self.assertIsInstance(cause, SinchNumbersError)
        self.assertEqual((cause.maybe_applied, cause.found), (True, {"phoneNumber": NUMBER}))

    def test_a_cause_of_the_handler_s_own_stays(self):
        def handler(*_):
            raise Stopped from ValueError("mine")

        self.handle(handler)
        with Server(HOLD) as server, server.client(timeout_ms=LONG) as client:
            sender = self.when_it_stands(server, lambda: send(signal.SIGTERM))
            with self.assertRaises(Stopped) as caught:
                client.active_release(NUMBER)
            sender.end()
        self.assertEqual(str(caught.exception.__cause__), "mine")
        self.assertTrue(caught.exception.__cause__.__cause__.maybe_applied)

    def test_a_handler_that_returns_disturbs_nothing(self):
        # The response comes only when the handler has run: it must run while the call blocks.
        with Server(HOLD) as server, server.client(timeout_ms=LONG) as client:
            self.handle(lambda *_: server.release.set())
            for cancel in [None, Cancel(), Cancel(LONG)]:
                server.release.clear()
                sender = self.when_it_stands(server, lambda: send(signal.SIGTERM))
                self.assertEqual(client.active_get(NUMBER, cancel=cancel), {"held": True})
                sender.end()

    def test_a_handler_may_make_calls(self):
        with Server(HOLD, Say(body='{"inner":true}'), Say()) as server, server.client(timeout_ms=LONG) as client:
            found = []

            def handler(*_):
                found.append(client.active_get(NUMBER))
                server.release.set()

            self.handle(handler)
            sender = self.when_it_stands(server, lambda: send(signal.SIGTERM))
            self.assertEqual(client.active_get(NUMBER), {"held": True})
            sender.end()
            self.assertEqual(found, [{"inner": True}])

    def test_nothing_is_lost_while_failures_are_logged(self):
        """As `signal_503`: calls that fail and are tried again, and a signal in each that arrives at any moment."""
        rounds = 12
        for kind in [SystemExit, Stopped]:
            self.raise_on(kind)
            for level in ["warn", "trace"]:
                with Server(Say(503, "")) as server:
                    client = server.client(auth="basic", max_attempts=3, log_level=level, logger=quiet_logger())
                    seen, over = threading.Semaphore(0), threading.Event()

                    def kick():
                        try:
                            for _ in range(rounds):
                                server.wait()
                                send(signal.SIGTERM)
                                # Handled before the next one is sent: two at once would be one.
                                assert seen.acquire(timeout=PATIENCE), "a signal was lost"
                        finally:
                            over.set()

                    def ignored(args):
                        # Python runs a handler in destructors too, and drops what it raises there: those of others.
                        self.assertEqual(getattr(args.object, "__name__", None), "__del__", args)
                        self.assertNotEqual(args.object.__module__, "sinch_numbers", args)
                        seen.release()

                    kicker = Call(kick)
                    with mock.patch.object(sys, "unraisablehook", ignored):
                        while not over.is_set():
                            try:
                                try:
                                    client.active_get(NUMBER)
                                except ApiError:
                                    pass
                            except kind:
                                seen.release()
                    kicker.end()
                    client.close()

    def test_a_loop_is_left(self):
        """As `signal_lost`: a loop that goes on after the library's errors ends with the handler's exception."""
        self.handle(signal.default_int_handler, signal.SIGINT)
        for level in ["off", "error", "warn", "info", "debug", "trace"]:
            with Server(HOLD) as server, server.client(timeout_ms=LONG, log_level=level) as client:
                sender = self.when_it_stands(server, lambda: send(signal.SIGINT))
                with self.assertRaises(KeyboardInterrupt):
                    for _ in range(3):
                        try:
                            client.active_get(NUMBER)
                        except SinchNumbersError:
                            pass
                sender.end()

    def test_calls_on_other_threads_go_on(self):
        self.raise_on(SystemExit)
        with Server(HOLD) as server, server.client(timeout_ms=LONG) as client:
            other = Call(client.active_get, NUMBER)
            server.wait()
            sender = self.when_it_stands(server, lambda: send(signal.SIGTERM))
            self.assertRaises(SystemExit, client.active_get, NUMBER)
            sender.end()
            self.assertTrue(other.is_alive())
            server.release.set()
            self.assertEqual(other.end(), {"held": True})

    def test_a_cancel_ends_a_call_on_the_main_thread(self):
        with Server(HOLD) as server, server.client(timeout_ms=LONG) as client:
            cancel = Cancel()
            other = self.when_it_stands(server, cancel.trigger)
            self.assertRaises(CancelledError, client.active_get, NUMBER, cancel=cancel)
            other.end()
            self.assertRaises(DeadlineError, client.active_get, NUMBER, cancel=Cancel(0.05))

    def test_lines_are_written_while_a_call_waits(self):
        # The response comes only when the line has been seen.
        with Server(Say(503, ""), HOLD) as server:

            class Seen(logging.Handler):
                def emit(self, record):
                    if "trying again" in record.getMessage():
                        server.release.set()

            found = logging.Logger("seen", 1)
            found.addHandler(Seen())
            with server.client(timeout_ms=LONG, logger=found) as client:
                self.assertEqual(client.active_get(NUMBER), {"held": True})


if __name__ == "__main__":
    unittest.main()
