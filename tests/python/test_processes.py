"""Processes: the client pickles as its configuration, and works on both sides of a fork."""

import copy
import logging
import multiprocessing
import os
import pickle
import unittest

from support import HOLD, NUMBER, PATIENCE, Call, Say, Server

from sinch_numbers import ApiError, Cancel, Client, MisuseError


def read(client, number):
    """What a child does: a call that works, and one that fails."""
    answer = client.active_get(number)
    try:
        client.active_get("+19999999999")
    except ApiError as error:
        return os.getpid(), answer, error
    raise AssertionError("the sandbox rents no such number")


def fail(client):
    client.active_get("+19999999999")


class Kind(Client):
    """Somebody's own client."""


class Pickling(unittest.TestCase):
    def test_a_client_is_its_configuration(self):
        with Server(Say()) as server:
            log = logging.getLogger("pickled")
            with server.client(logger=log, max_attempts=2) as client:
                for twin in [pickle.loads(pickle.dumps(client)), copy.copy(client), copy.deepcopy(client)]:
                    self.assertIsNot(twin, client)
                    self.assertEqual(twin._settings, client._settings)
                    self.assertIs(twin._logger, log)
                    twin.close()
            self.assertRaises(MisuseError, pickle.dumps, client)
            with Kind(**server.settings()) as mine:
                with pickle.loads(pickle.dumps(mine)) as twin:
                    self.assertIs(type(twin), Kind)
                    self.assertEqual(twin.active_get(NUMBER), {})

    def test_a_client_of_the_environment_reads_it_again(self):
        with Client.from_env() as client:
            data = pickle.dumps(client)
            self.assertNotIn(os.environ["SINCH_KEY_SECRET"].encode(), data)
            with pickle.loads(data) as twin:
                self.assertEqual(twin.active_get(NUMBER)["phoneNumber"], NUMBER)

    def test_a_cancel_does_not_pickle(self):
        for attempt in [pickle.dumps, copy.copy, copy.deepcopy]:
            with self.assertRaisesRegex(TypeError, "belongs to its process"):
                attempt(Cancel())


class Processes(unittest.TestCase):
    def pool(self, method):
        context = multiprocessing.get_context(method)
        with Client.from_env() as client:
            # Used before: the children must leave its connection and its token alone.
            before = client.active_get(NUMBER)
            with context.Pool(2) as pool:
                jobs = [pool.apply_async(read, (client, NUMBER)) for _ in range(6)]
                for job in jobs:
                    process, answer, error = job.get(PATIENCE)
                    self.assertNotEqual(process, os.getpid())
                    self.assertEqual(answer["phoneNumber"], NUMBER)
                    self.assertEqual(answer.json, before.json)
                    self.assertEqual((error.http_status, error.document["status"]), (404, "NOT_FOUND"))
                with self.assertRaises(ApiError):
                    pool.apply_async(fail, (client,)).get(PATIENCE)
                pool.close()
                pool.join()
            self.assertEqual(client.active_get(NUMBER), before, "the parent's goes on")

    def test_fork(self):
        self.pool("fork")

    def test_spawn(self):
        self.pool("spawn")

    def test_forkserver(self):
        self.pool("forkserver")

    def forked(self, work):
        """Runs something in a child that is a plain fork; returns what it returned."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            said = b"failed"
            try:
                said = repr(work()).encode()
            finally:
                os.write(writer, said)
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as out:
            said = out.read()
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        return said

    def test_the_same_client_on_both_sides_of_a_fork(self):
        with Client.from_env() as client:
            pages = client.pages({"pageSize": 5})
            next(pages)
            rest = [len(page["activeNumbers"]) for page in client.pages({"pageSize": 5})][1:]

            def child():
                with client:
                    return [client.active_get(NUMBER)["phoneNumber"], [len(page["activeNumbers"]) for page in pages]]

            said = self.forked(child)
            self.assertEqual(said, repr([NUMBER, rest]))
            self.assertEqual([len(page["activeNumbers"]) for page in pages], rest, "the child's walk is its own")
            self.assertEqual(client.active_get(NUMBER)["phoneNumber"], NUMBER)

    def test_a_fork_while_other_threads_are_inside(self):
        with Server(HOLD, Say()) as server, server.client() as client:
            call = Call(client.active_get, NUMBER)
            server.wait()
            # The child has no such thread, and neither waits for it nor for what it holds.
            with Client.from_env() as other:
                said = self.forked(lambda: (other.active_get(NUMBER)["phoneNumber"], client.active_get(NUMBER)))
            self.assertEqual(said, repr((NUMBER, {})))
            server.release.set()
            self.assertEqual(call.end(), {"held": True})


if __name__ == "__main__":
    unittest.main()
