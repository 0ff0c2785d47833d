"""The operations, pages and numbers, with the account of the environment: a sandbox."""

import json
import pickle
import unittest

from support import HANG_UP, NUMBER, Say, Server, error_body

import sinch_numbers
from sinch_numbers import ApiError, AuthError, Cancel, CancelledError, Client, MisuseError, ProtocolError, Response

OFFICE = {
    "displayName": "Office",
    "address": {
        "streetNumber": "3500",
        "streetInfo": "Lenox Road NE",
        "city": "Atlanta",
        "state": "GA",
        "postalCode": "30326",
    },
}


class Operations(unittest.TestCase):
    def test_all_operations(self):
        with Client.from_env() as client:
            page = client.active_list({"regionCode": "US", "pageSize": 3, "capability": ["SMS", "VOICE"]})
            self.assertEqual(len(page["activeNumbers"]), 3)
            self.assertTrue(page["nextPageToken"])
            number = client.active_get(NUMBER)
            self.assertEqual(number["phoneNumber"], NUMBER)
            self.assertEqual(client.active_update(NUMBER, {"displayName": "désk \"7\""})["displayName"], "désk \"7\"")
            self.assertEqual(client.active_get(NUMBER)["displayName"], "désk \"7\"")

            said = client.emergency_address_validate(NUMBER, OFFICE)
            self.assertEqual(said["validationResult"], "NEAR_MATCH")
            self.assertEqual(said["correctedAddress"]["streetInfo"], "Lenox Rd NE")
            taken = client.emergency_address_provision(NUMBER, OFFICE)
            self.assertEqual(client.emergency_address_get(NUMBER), taken)
            self.assertEqual(client.emergency_address_deprovision(NUMBER), {})
            with self.assertRaises(ApiError) as caught:
                client.emergency_address_get(NUMBER)
            self.assertEqual(caught.exception.http_status, 404)
            self.assertTrue(client.active_release("+12025550117")["expireAt"])

    def test_a_check(self):
        with Client.from_env() as client:
            page = client.check()
            self.assertEqual((len(page["activeNumbers"]), page["totalSize"]), (1, client.active_list()["totalSize"]))
        with Server(Say(), Say(403, error_body(403, "PERMISSION_DENIED"))) as server, server.client() as client:
            self.assertEqual(client.check(), {})
            with self.assertRaises(AuthError) as caught:
                client.check()
            self.assertEqual(caught.exception.document["operation"], "active_list")
            self.assertEqual({request.path.split("/")[-1] for request in server.requests}, {"activeNumbers?pageSize=1"})
            stop = Cancel()
            stop.trigger()
            with self.assertRaises(CancelledError):
                client.check(cancel=stop)
        with self.assertRaises(MisuseError):
            client.check()

    def test_pages_and_numbers(self):
        with Client.from_env() as client:
            total = client.active_list()["totalSize"]
            pages = list(client.pages({"pageSize": 5}))
            self.assertEqual([len(page["activeNumbers"]) for page in pages], [5, 5, total - 10])
            names = [number["phoneNumber"] for number in client.numbers({"pageSize": 5})]
            self.assertEqual(names, [number["phoneNumber"] for page in pages for number in page["activeNumbers"]])
            self.assertEqual(len(set(names)), total)
            self.assertEqual(list(client.numbers({"regionCode": "XX"})), [])
            walk = client.pages({"pageToken": pages[1]["nextPageToken"], "pageSize": 5})
            self.assertEqual(len(list(walk)), 1)
            self.assertEqual(list(walk), [], "done for ever")

    def test_a_response_is_what_the_service_said(self):
        said = ' {"money":{"amount":"0.80"},\n"new":[1.50,{"\\u00e9":null}], "big":' + "9" * 5000 + "} "
        with Server(Say(body=said)) as server, server.client() as client:
            response = client.active_get(NUMBER)
        self.assertEqual(response.json, said, "to the last byte")
        self.assertEqual(response["money"], {"amount": "0.80"})
        self.assertEqual(response["new"], [1.5, {"é": None}])
        self.assertEqual(len(str(response["big"])), 5000, "more digits than Python likes to read")
        self.assertEqual((response.http_status, response.reconciled), (200, False))
        again = pickle.loads(pickle.dumps(response))
        self.assertIsInstance(again, Response)
        self.assertEqual((again, again.json), (response, response.json))
        json.dumps({key: response[key] for key in ("money", "new")})

    def test_what_is_sent(self):
        with Server(Say()) as server, server.client() as client:
            client.active_update(NUMBER, {"callbackUrl": "", "displayName": "é\0"})
            client.active_list({"numberPattern": {"pattern": "+1206"}})
            client.active_list({})
        update, pattern, everything = server.requests
        self.assertEqual(update.method, "PATCH")
        self.assertEqual(update.body, '{"displayName":"é\\u0000","callbackUrl":""}')
        self.assertEqual(pattern.path, "/v1/projects/project-1/activeNumbers?numberPattern.pattern=%2B1206")
        self.assertEqual(everything.path, "/v1/projects/project-1/activeNumbers")

    def test_numbers_skip_empty_pages(self):
        pages = [
            '{"activeNumbers":[{"phoneNumber":"+1"}],"nextPageToken":"a"}',
            '{"activeNumbers":[],"nextPageToken":"b"}',
            '{"activeNumbers":null,"nextPageToken":"c"}',
            '{"activeNumbers":[{"phoneNumber":"+2"},{"phoneNumber":"+3"}],"nextPageToken":""}',
        ]
        with Server(*(Say(body=page) for page in pages)) as server, server.client() as client:
            self.assertEqual([number["phoneNumber"] for number in client.numbers()], ["+1", "+2", "+3"])
            self.assertEqual(len(server.requests), 4)

    def test_numbers_are_parsed_as_their_page_is(self):
        items = [
            '{"phoneNumber":"+1","a":[1,[2]],"b":{"c":"],}"}}',
            '{ "phoneNumber" : "+2" ,\n "long": ' + "9" * 5000 + " }",
            '{"phoneNumber":"+3\\u00e9 \u20ac"}',
        ]
        for gap in ("", " ", "\r\n\t  "):
            listed = f"{gap}[{gap}{f'{gap},{gap}'.join(items)}{gap}]{gap}"
            body = f'{gap}{{{gap}"activeNumbers"{gap}:{listed},"totalSize":3}}'
            with Server(Say(body=body), Say(body=body)) as server, server.client() as client:
                numbers = list(client.numbers())
                self.assertEqual([number["phoneNumber"] for number in numbers], ["+1", "+2", "+3\u00e9 \u20ac"])
                self.assertEqual(numbers, client.active_list()["activeNumbers"])

    def test_a_failure_does_not_end_a_walk(self):
        first = Say(body='{"activeNumbers":[{"phoneNumber":"+1"}],"nextPageToken":"a"}')
        last = Say(body='{"activeNumbers":[{"phoneNumber":"+2"}]}')
        with Server(first, Say(400, error_body(400, "INVALID_ARGUMENT")), last) as server, server.client() as client:
            numbers = client.numbers()
            self.assertEqual(next(numbers)["phoneNumber"], "+1")
            with self.assertRaises(ApiError):
                next(numbers)
            # The same page is asked for again: a number that were skipped would be missing without a sign.
            self.assertEqual([number["phoneNumber"] for number in numbers], ["+2"])
            self.assertEqual(server.requests[1].path, server.requests[2].path)

    def test_a_page_that_is_none(self):
        for value in ('{"phoneNumber":"+1"}', '"[1]"', "1"):
            with Server(Say(body=f'{{"activeNumbers":{value}}}')) as server, server.client() as client:
                with self.assertRaises(ProtocolError):
                    next(client.numbers())
        again = Say(body='{"activeNumbers":[],"nextPageToken":"a"}')
        with Server(again) as server, server.client() as client:
            with self.assertRaises(ProtocolError):
                list(client.pages())

    def test_a_write_that_was_found_to_be_done(self):
        done = Say(body='{"phoneNumber":"%s","displayName":"desk"}' % NUMBER)
        with Server(HANG_UP, done) as server, server.client() as client:
            response = client.active_update(NUMBER, {"displayName": "desk"})
        self.assertEqual([request.method for request in server.requests], ["PATCH", "GET"])
        self.assertTrue(response.reconciled)
        self.assertEqual(response["displayName"], "desk")

    def test_the_version(self):
        self.assertEqual(sinch_numbers.library_version(), sinch_numbers.__version__)


if __name__ == "__main__":
    unittest.main()
