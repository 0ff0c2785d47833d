"""Helpers for what the responses hold: times, prices and codes."""

import unittest
from datetime import datetime, timedelta, timezone
from decimal import Decimal, localcontext

import support  # noqa: F401
from sinch_numbers import InputError, explain, monthly_cost, parse_timestamp

UTC = timezone.utc


class Timestamps(unittest.TestCase):
    def test_times(self):
        rows = [
            ("2024-06-06T14:42:42.022227Z", datetime(2024, 6, 6, 14, 42, 42, 22227, UTC)),
            ("2024-06-06T14:42:42Z", datetime(2024, 6, 6, 14, 42, 42, 0, UTC)),
            # The service's callbacks leave the zone out.
            ("2023-06-06T07:45:27.785357", datetime(2023, 6, 6, 7, 45, 27, 785357, UTC)),
            ("2024-06-06t14:42:42z", datetime(2024, 6, 6, 14, 42, 42, 0, UTC)),
            ("2024-06-06 14:42:42.5", datetime(2024, 6, 6, 14, 42, 42, 500000, UTC)),
            ("2024-06-06T14:42:42.1Z", datetime(2024, 6, 6, 14, 42, 42, 100000, UTC)),
            ("2024-06-06T14:42:42.000001Z", datetime(2024, 6, 6, 14, 42, 42, 1, UTC)),
            # What is finer than a microsecond is cut, not rounded.
            ("2024-06-06T14:42:42.022227999Z", datetime(2024, 6, 6, 14, 42, 42, 22227, UTC)),
            ("2024-12-31T23:59:59.999999999Z", datetime(2024, 12, 31, 23, 59, 59, 999999, UTC)),
            ("2024-12-31T23:59:60Z", datetime(2024, 12, 31, 23, 59, 59, 999999, UTC)),
            ("2024-06-06T14:42:42-00:00", datetime(2024, 6, 6, 14, 42, 42, 0, UTC)),
            ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
            ("9999-12-31T23:59:59.999999Z", datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
        ]
        for text, expected in rows:
            with self.subTest(text=text):
                self.assertEqual(parse_timestamp(text), expected)
                self.assertIs(parse_timestamp(text).tzinfo, UTC)

    def test_zones(self):
        for text, offset in [("+02:00", 120), ("-05:30", -330), ("+23:59", 1439)]:
            found = parse_timestamp("2024-06-06T14:42:42.25" + text)
            self.assertEqual(found.utcoffset(), timedelta(minutes=offset))
            self.assertEqual(found, datetime(2024, 6, 6, 14, 42, 42, 250000, UTC) - timedelta(minutes=offset))

    def test_what_is_none(self):
        for text in [
            "", "tomorrow", "2024-06-06", "2024-06-06T14:42Z", "2024-02-30T00:00:00Z", "2024-06-06T24:00:00Z",
            "2024-06-06T14:42:61Z", "2024-06-06T14:42:42.Z", "2024-06-06T14:42:42+24:00", "2024-06-06T14:42:42+0200",
            "0000-01-01T00:00:00Z", " 2024-06-06T14:42:42Z", "2024-06-06T14:42:42Z\n", "\u0662024-06-06T14:42:42Z",
        ]:  # fmt: skip
            with self.subTest(text=text):
                self.assertRaises(ValueError, parse_timestamp, text)
        for value in [None, 5, b"2024-06-06T14:42:42Z"]:
            self.assertRaises(TypeError, parse_timestamp, value)


class Prices(unittest.TestCase):
    def test_a_month(self):
        rows = [
            ("2.00", 1, "2.00"),
            ("24.00", 12, "2.00"),
            ("0.10", 4, "0.025"),
            ("0", 1, "0"),
            ("-1.50", 3, "-0.50"),
            ("100000000000000000000.01", 1, "100000000000000000000.01"),
            ("10.00", 3, "3.333333333333333333333333333"),
            (0.1, 1, "0.1"),
            (3, 2, "1.5"),
        ]
        for amount, months, expected in rows:
            with self.subTest(amount=amount), localcontext() as context:
                # Whatever the program has set up.
                context.prec = 2
                cost = monthly_cost({"money": {"currencyCode": "USD", "amount": amount}, "paymentIntervalMonths": months})
                self.assertEqual(str(cost), expected)

    def test_without_a_price(self):
        money = {"currencyCode": "USD", "amount": "1.00"}
        for number in [{}, {"money": None}, {"money": {}}, {"money": money}, {"money": money, "paymentIntervalMonths": 0},
                       {"money": {"amount": ""}, "paymentIntervalMonths": 1}]:  # fmt: skip
            self.assertIsNone(monthly_cost(number))
        for amount, months in [("much", 1), ("NaN", 1), ("Infinity", 1), ("1", -1), ("1", "soon")]:
            with self.assertRaises(ValueError):
                monthly_cost({"money": {"amount": amount}, "paymentIntervalMonths": months})

    def test_it_adds_up(self):
        number = {"money": {"currencyCode": "USD", "amount": "0.10"}, "paymentIntervalMonths": 1}
        self.assertEqual(sum(monthly_cost(number) for _ in range(10)), Decimal("1.00"))


class Explanations(unittest.TestCase):
    def test_a_code(self):
        for code, actor, retry in [("CAMPAIGN_PENDING_ACCEPTANCE", "sinch", "later"), ("501", "you", "no")]:
            found = explain(code)
            self.assertEqual([found["code"], found["actor"], found["retry"]], [code, actor, retry])
            self.assertTrue(found["meaning"] and found["action"])
        self.assertEqual(explain("10DLC_LIMIT_EXCEEDED"), explain("EXCEEDED_10DLC_LIMIT"))

    def test_what_is_no_code(self):
        for code, said in [("CRS9999", "CRS"), ("999", "TCR"), ("", "not a code"), ("\ud800", "not a code")]:
            self.assertIsNone(explain(code)["code"])
            self.assertIn(said, explain(code)["meaning"])
        self.assertRaises(InputError, explain, "501\0")
        self.assertRaises(TypeError, explain, None)


if __name__ == "__main__":
    unittest.main()
