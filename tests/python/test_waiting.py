"""The calls that wait: what they take, raise and show; ended by a cancel, a signal and a close. The account is a sandbox's."""

import json
import os
import pickle
import signal
import unittest

from support import HOLD, NUMBER, Call, Say, Server, error_body

from sinch_numbers import (
    AddressError,
    ApiError,
    Cancel,
    CancelledError,
    Client,
    DeadlineError,
    InputError,
    ProvisioningError,
    SinchNumbersError,
)

#: A deadline that nothing here reaches.
DAY = 24 * 3600 * 1000
LENOX = {"streetNumber": "3500", "streetInfo": "Lenox Road NE", "city": "Atlanta", "state": "GA", "postalCode": "30326"}
OFFICE = {"displayName": "Office", "address": LENOX}
PLAN = {"smsConfiguration": {"servicePlanId": "plan-a"}}
IDLE = Say(body=json.dumps({"phoneNumber": NUMBER}))
JOB = {"servicePlanId": "plan-a", "status": "WAITING", "lastUpdatedTime": "2026-01-01T00:00:00Z"}
BUSY = Say(body=json.dumps({"phoneNumber": NUMBER, "smsConfiguration": {"scheduledProvisioning": JOB}}))
LINKED = Say(body=json.dumps({"phoneNumber": NUMBER, "smsConfiguration": {"servicePlanId": "plan-a"}}))
NONE = Say(404, error_body(404, "NOT_FOUND", "", [{"type": "ResourceInfo", "resourceType": "EmergencyAddress"}]))
EXACT = Say(body='{"validationResult": "EXACT_MATCH"}')


class Waiting(unittest.TestCase):
    def test_a_number_is_relinked_and_waited_for(self):
        with Client.from_env() as client:
            done = client.relink(NUMBER, {"smsConfiguration": {"servicePlanId": "plan-a", "campaignId": "camp-a"}})
            self.assertEqual(done["number"]["smsConfiguration"]["servicePlanId"], "plan-a")
            self.assertEqual(done["previous"]["phoneNumber"], NUMBER)
            self.assertEqual(done["steps"][2], {"step": "link_sms", "outcome": "done"})
            self.assertEqual((done.http_status, done.reconciled), (200, False))
            number = client.wait(NUMBER, {"smsConfiguration": {"servicePlanId": "plan-a"}}, timeout_ms=DAY)
            self.assertEqual(number["phoneNumber"], NUMBER)
            again = client.relink(NUMBER, PLAN, timeout_ms=DAY)
            self.assertEqual({step["outcome"] for step in again["steps"]}, {"not_needed"})

            with self.assertRaises(ProvisioningError) as caught:
                client.relink(NUMBER, {"smsConfiguration": {"servicePlanId": "fail-1"}})
            error = caught.exception
            self.assertEqual((error.code_name, error.maybe_applied, error.can_retry), ("E_PROVISIONING", True, False))
            self.assertEqual([job["of"] for job in error.jobs], ["sms"])
            self.assertEqual(error.jobs[0]["servicePlanId"], "fail-1")
            self.assertTrue(error.jobs[0]["errorCodes"][0]["meaning"])
            self.assertEqual(error.steps[-1], {"step": "link_sms", "outcome": "failed"})
            self.assertEqual(error.previous["smsConfiguration"]["campaignId"], "camp-a")
            self.assertEqual(error.found["phoneNumber"], NUMBER)
            copy = pickle.loads(pickle.dumps(error))
            self.assertEqual((copy.jobs, copy.steps, copy.previous), (error.jobs, error.steps, error.previous))
            with self.assertRaises(ProvisioningError) as caught:
                client.wait(NUMBER)
            self.assertFalse(caught.exception.maybe_applied)
            self.assertEqual((caught.exception.steps, caught.exception.previous), ([], None))

    def test_an_address_is_ensured(self):
        number = "+12025550142"
        with Client.from_env() as client:
            with self.assertRaises(AddressError) as caught:
                client.ensure_emergency_address(number, OFFICE)
            error = caught.exception
            self.assertEqual((error.code_name, error.maybe_applied, error.can_retry), ("E_ADDRESS", False, False))
            self.assertEqual(error.validation["correctedAddress"]["streetInfo"], "Lenox Rd NE")
            self.assertIsNone(error.found)
            done = client.ensure_emergency_address(number, OFFICE, accept="corrected")
            self.assertEqual((done["changed"], done["displayName"]), (True, "sent"))
            self.assertEqual(done["address"]["streetInfo"], "Lenox Rd NE")
            done = client.ensure_emergency_address(number, OFFICE, accept="corrected", timeout_ms=DAY)
            self.assertEqual((done["changed"], done["displayName"]), (False, "unverified"))
            self.assertTrue(client.ensure_emergency_address(number, OFFICE, accept="corrected", force=True)["changed"])
            # Another address stands: it is in the document, and in no text.
            with self.assertRaises(AddressError) as caught:
                client.ensure_emergency_address(number, {**OFFICE, "address": {**LENOX, "streetInfo": "Lenox Road"}})
            self.assertEqual(caught.exception.found["streetInfo"], "Lenox Rd NE")
            for text in (str(caught.exception), repr(caught.exception)):
                for piece in ("Lenox", "3500", "Atlanta", "30326"):
                    self.assertNotIn(piece, text)

    def test_what_is_refused(self):
        with Server(Say()) as server, server.client() as client:
            rows = [
                ("timeoutMs", lambda: client.wait(NUMBER, timeout_ms=0)),
                ("timeoutMs", lambda: client.wait(NUMBER, timeout_ms=DAY + 1)),
                ("timeoutMs", lambda: client.wait(NUMBER, timeout_ms=1.5)),
                ("timeoutMs", lambda: client.relink(NUMBER, PLAN, timeout_ms=True)),
                ("timeoutMs", lambda: client.ensure_emergency_address(NUMBER, OFFICE, timeout_ms=-1)),
                ("expect", lambda: client.wait(NUMBER, {})),
                ("expect.smsConfiguration.servicePlanId", lambda: client.wait(NUMBER, {"smsConfiguration": {"campaignId": "c"}})),
                ("phoneNumber", lambda: client.wait("2025550134")),
                ("target", lambda: client.relink(NUMBER, {})),
                ("displayName", lambda: client.relink(NUMBER, {"displayName": "desk"})),
                ("accept", lambda: client.ensure_emergency_address(NUMBER, OFFICE, accept="near")),
                ("force", lambda: client.ensure_emergency_address(NUMBER, OFFICE, force=1)),
                ("address", lambda: client.ensure_emergency_address(NUMBER, {"displayName": "Office"})),
            ]
            for field, call in rows:
                with self.subTest(field=field), self.assertRaises(InputError) as caught:
                    call()
                self.assertEqual(caught.exception.document["field"], field)
            for wrong in [
                lambda: client.wait(NUMBER, "plan"), lambda: client.relink(NUMBER, None), lambda: client.relink(NUMBER, "{}"),
                lambda: client.ensure_emergency_address(NUMBER, [OFFICE]), lambda: client.wait(NUMBER, cancel=1),
            ]:  # fmt: skip
                self.assertRaises(TypeError, wrong)
            self.assertEqual(server.requests, [])

    def test_time_runs_out(self):
        with Server(BUSY) as server, server.client() as client:
            for call in [lambda: client.wait(NUMBER, timeout_ms=2000), lambda: client.relink(NUMBER, PLAN, timeout_ms=2000)]:
                with self.assertRaises(DeadlineError) as caught:
                    call()
                self.assertEqual(caught.exception.document["phase"], "provisioning")
                self.assertFalse(caught.exception.maybe_applied)
            self.assertEqual({request.method for request in server.requests}, {"GET"})


class Ended(unittest.TestCase):
    """Each where it stands: in a pause, in a read, in a write. The deadlines are a day: what ends them is what is tested."""

    PLACES = [
        ("pause", [BUSY], 3, False, lambda client, **more: client.wait(NUMBER, timeout_ms=DAY, **more)),
        ("read", [HOLD], 1, False, lambda client, **more: client.wait(NUMBER, timeout_ms=DAY, **more)),
        ("job of another one", [BUSY], 2, False, lambda client, **more: client.relink(NUMBER, PLAN, timeout_ms=DAY, **more)),
        ("job of its own", [IDLE, BUSY], 4, True, lambda client, **more: client.relink(NUMBER, PLAN, timeout_ms=DAY, **more)),
        ("update", [IDLE, HOLD], 2, True, lambda client, **more: client.relink(NUMBER, PLAN, timeout_ms=DAY, **more)),
        ("validation", [NONE, HOLD], 2, False,
         lambda client, **more: client.ensure_emergency_address(NUMBER, OFFICE, timeout_ms=DAY, **more)),
        ("provision", [NONE, EXACT, HOLD], 3, True,
         lambda client, **more: client.ensure_emergency_address(NUMBER, OFFICE, timeout_ms=DAY, **more)),
    ]  # fmt: skip

    def each(self, end):
        """Ends a call in each place, when so many requests have arrived."""
        for place, says, requests, applied, call in self.PLACES:
            with self.subTest(place=place), Server(*says) as server, server.client(timeout_ms=DAY) as client:

                def standing(work, server=server, requests=requests):
                    def run():
                        for _ in range(requests):
                            server.wait()
                        work()

                    return Call(run)

                end(client, call, standing, applied)

    def test_by_a_cancel(self):
        def end(client, call, standing, applied):
            cancel = Cancel()
            other = standing(cancel.trigger)
            with self.assertRaises(CancelledError) as caught:
                call(client, cancel=cancel)
            self.assertEqual((caught.exception.maybe_applied, caught.exception.can_retry), (applied, applied))
            other.end()

        self.each(end)

    def test_by_a_close_of_another_thread(self):
        def end(client, call, standing, applied):
            other = standing(client.close)
            with self.assertRaises(CancelledError) as caught:
                call(client)
            self.assertEqual(caught.exception.maybe_applied, applied)
            other.end()

        self.each(end)

    def test_on_another_thread(self):
        def end(client, call, standing, applied):
            cancel = Cancel()
            standing(cancel.trigger)
            with self.assertRaises(CancelledError) as caught:
                Call(call, client, cancel=cancel).end()
            self.assertEqual(caught.exception.maybe_applied, applied)

        self.each(end)

    def test_by_a_signal_handler(self):
        class Stopped(Exception):
            pass

        def handler(*_):
            raise Stopped

        before = signal.signal(signal.SIGTERM, handler)
        self.addCleanup(signal.signal, signal.SIGTERM, before)

        def end(client, call, standing, applied):
            other = standing(lambda: os.kill(os.getpid(), signal.SIGTERM))
            with self.assertRaises(Stopped) as caught:
                call(client)
            cause = caught.exception.__cause__
            if applied:
                self.assertIsInstance(cause, SinchNumbersError)
            self.assertEqual(getattr(cause, "maybe_applied", False), applied)
            other.end()

        self.each(end)

    def test_a_handler_that_returns_disturbs_nothing(self):
        seen = []
        before = signal.signal(signal.SIGTERM, lambda *_: seen.append(1))
        self.addCleanup(signal.signal, signal.SIGTERM, before)
        with Server(BUSY, BUSY, BUSY, LINKED) as server, server.client() as client:

            def kick():
                for _ in range(2):
                    server.wait()
                    os.kill(os.getpid(), signal.SIGTERM)

            other = Call(kick)
            self.assertEqual(client.wait(NUMBER, PLAN)["phoneNumber"], NUMBER)
            other.end()
        self.assertTrue(seen)

    def test_a_failure_that_may_have_changed_something(self):
        with Server(IDLE, Say(400, error_body(400, "INVALID_ARGUMENT"))) as server, server.client() as client:
            with self.assertRaises(ApiError) as caught:
                client.relink(NUMBER, PLAN)
            self.assertFalse(caught.exception.maybe_applied)
            self.assertEqual(caught.exception.steps, [{"step": "link_sms", "outcome": "failed"}])


if __name__ == "__main__":
    unittest.main()
