"""Callbacks: signatures against another implementation, and what is given by mistake. tests/it/callbacks.rs has the table."""

import hashlib
import hmac
import json
import random
import unittest

import support  # noqa: F401
from sinch_numbers import AuthError, InputError, SinchNumbersError, verify_callback

EVENT = {"eventId": "e", "resourceId": "+12025550134", "failureCode": None}
BODY = json.dumps(EVENT).encode()


def sign(secret, body=BODY):
    return hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


class Signatures(unittest.TestCase):
    def test_secrets_of_every_length(self):
        letters = random.Random(1)
        for length in range(201):
            # Up to four bytes a letter, and a NUL.
            secret = "".join(letters.choice("aZ0-$ \u00e9\u20ac\U0001f600\0\n\"\\") for _ in range(length))
            with self.subTest(length=length, secret=secret):
                if not secret:
                    self.assertRaises(InputError, verify_callback, [secret], sign(secret), BODY)
                    continue
                self.assertEqual(verify_callback([secret], sign(secret), BODY), EVENT)
                self.assertEqual(verify_callback(["another", secret], sign(secret).upper(), BODY), EVENT)
                self.assertRaises(AuthError, verify_callback, [secret], sign(secret + "x"), BODY)
                self.assertRaises(AuthError, verify_callback, [secret + "x"], sign(secret), BODY)

    def test_bodies_of_every_length(self):
        for length in range(300):
            body = b'{"a": "%s"}' % (b"x" * length)
            self.assertEqual(verify_callback(["s"], sign("s", body), body), {"a": "x" * length})

    def test_the_body_may_be_any_bytes(self):
        for kind in (bytes, bytearray, memoryview):
            self.assertEqual(verify_callback(["s"], sign("s"), kind(BODY)), EVENT)

    def test_a_wrong_digit_anywhere(self):
        good = sign("s")
        for at in range(40):
            for digit in set("0123456789abcdef") - {good[at]}:
                with self.assertRaises(AuthError) as raised:
                    verify_callback(["s"], good[:at] + digit + good[at + 1 :], BODY)
                self.assertEqual(raised.exception.document["status"], "OTHER_SECRET")


class Mistakes(unittest.TestCase):
    def test_types(self):
        for secrets, signature, body in [
            ("s", sign("s"), BODY), ([b"s"], sign("s"), BODY), ([None], sign("s"), BODY), (None, sign("s"), BODY),
            (["s"], b"x", BODY), (["s"], 5, BODY), (["s"], sign("s"), BODY.decode()), (["s"], sign("s"), None),
            (["s"], sign("s"), EVENT),
        ]:  # fmt: skip
            with self.subTest(secrets=secrets, signature=signature, body=body):
                self.assertRaises(TypeError, verify_callback, secrets, signature, body)

    def test_no_error_holds_a_secret(self):
        for secrets, signature in [(["hush-hush"], "x"), (["hush-hush", ""], None), (["hush-hush"] * 9, None), (["hush-hush\ud800"], None)]:
            try:
                verify_callback(secrets, signature, BODY)
                self.fail("it was taken")
            except SinchNumbersError as raised:
                error = raised
            self.assertNotIn("hush", "%s %r %s" % (error, error, error.document))
            # Its own frame holds them, for the next row.
            trace = error.__traceback__.tb_next
            while trace is not None:
                self.assertNotIn("hush", repr(trace.tb_frame.f_locals))
                trace = trace.tb_next


if __name__ == "__main__":
    unittest.main()
