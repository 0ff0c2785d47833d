"""Processes: the client pickles as its configuration, and works on both sides of a fork."""

import copy
import gc
import logging
import multiprocessing
import os
import pickle
import tempfile
import threading
import unittest
from unittest import mock

from support import HOLD, NUMBER, PATIENCE, Call, Say, Server

import sinch_numbers
from sinch_numbers import ApiError, Cancel, CancelledError, Client, MisuseError


def read(client, number):
    """What a child does: a call that works, and one that fails."""
    response = client.active_get(number)
    try:
        client.active_get("+19999999999")
    except ApiError as error:
        return os.getpid(), response, error
    raise AssertionError("the sandbox rents no such number")


def work(client):
    """A job that is given a client."""
    client.active_get(NUMBER)
    return os.getpid()


def work_with_its_own(_job):
    """A job that makes itself a client."""
    with Client.from_env() as client:
        return work(client)


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


class Sharing(unittest.TestCase):
    """One client a process, and one access token, for equal settings."""

    def setUp(self):
        sinch_numbers._shared.clear()
        server = Server(Say())
        self.server = server.__enter__()
        self.addCleanup(server.__exit__)
        patch = mock.patch.dict(os.environ, self.server.environment())
        patch.start()
        self.addCleanup(patch.stop)

    def test_clients_of_the_environment_are_one(self):
        first, second = Client.from_env(), Client.from_env()
        third = pickle.loads(pickle.dumps(first))
        for client in [first, second, third]:
            self.assertEqual(client.active_get(NUMBER), {})
        self.assertEqual(self.server.tokens, 1)
        first.close()
        first.close()
        self.assertRaises(MisuseError, first.active_get, NUMBER)
        self.assertEqual(second.active_get(NUMBER), {}, "the others go on")
        second.close()
        third.close()
        with Client.from_env() as fourth:
            self.assertEqual(fourth.active_get(NUMBER), {})
        self.assertEqual(self.server.tokens, 1, "it stays when nobody uses it")

    def test_what_differs_is_not_shared(self):
        others = [dict(timeout_ms=1000), dict(logger=logging.getLogger("other"))]
        clients = [Client.from_env(), *(Client.from_env(**other) for other in others)]
        with mock.patch.dict(os.environ, {"SINCH_KEY_ID": "another"}):
            clients.append(Client.from_env())
        with tempfile.NamedTemporaryFile("w") as file:
            with mock.patch.dict(os.environ, {"SINCH_KEY_SECRET_FILE": file.name}):
                del os.environ["SINCH_KEY_SECRET"]
                for secret in ["s3cr3t-one", "s3cr3t-of-two"]:
                    file.seek(0)
                    file.write(secret)
                    file.flush()
                    clients.append(Client.from_env())
        clients += [Client(**self.server.settings()), Client(**self.server.settings())]
        for client in clients:
            client.active_get(NUMBER)
        self.assertEqual(self.server.tokens, len(clients))

    def test_the_last_one_ends_the_calls_under_way(self):
        with Server(HOLD) as server, mock.patch.dict(os.environ, server.environment()):
            first, second = Client.from_env(), Client.from_env()
            call = Call(first.active_get, NUMBER)
            server.wait()
            first.close()
            self.assertTrue(call.is_alive())
            second.close()
            self.assertRaises(CancelledError, call.end)
            server.release.set()
            with Client.from_env() as third:
                self.assertEqual(third.active_get(NUMBER), {"held": True}, "another one")

    def test_clients_that_are_dropped(self):
        for _ in range(5):
            Client.from_env().active_get(NUMBER)
        gc.collect()
        self.assertEqual((self.server.tokens, len(sinch_numbers._shared)), (1, 1))
        self.assertFalse(any(shared.is_used() for shared in sinch_numbers._shared.values()))
        for timeout in range(1000, 1100):
            Client.from_env(timeout_ms=timeout)
        self.assertLess(len(sinch_numbers._shared), 20)

    def test_threads_that_come_at_once(self):
        start = threading.Barrier(8)

        def call():
            start.wait(PATIENCE)
            return Client.from_env()._handle

        handles = [call.end() for call in [Call(call) for _ in range(8)]]
        self.assertEqual(len(set(map(id, handles))), 1)

    def test_no_secret_is_pickled(self):
        with Client.from_env(timeout_ms=5000) as client:
            data = pickle.dumps(client)
            self.assertNotIn(b"s3cr3t", data)
            with pickle.loads(data) as twin:
                self.assertEqual(twin.active_get(NUMBER), {})
        self.assertNotIn("s3cr3t", repr(client._settings) + repr(sinch_numbers._shared) + repr(vars(client)))

    def pool(self, method):
        context = multiprocessing.get_context(method)
        for job, given in [(work, Client(**self.server.settings())), (work, Client.from_env()), (work_with_its_own, None)]:
            before = self.server.tokens
            with context.Pool(2) as pool:
                processes = pool.map(job, [given] * 60, chunksize=1)
                pool.close()
                pool.join()
            self.assertEqual(len(processes), 60)
            self.assertEqual(self.server.tokens - before, len(set(processes)), (method, job))

    def test_jobs_of_a_forked_pool(self):
        self.pool("fork")

    def test_jobs_of_a_spawned_pool(self):
        self.pool("spawn")


class Processes(unittest.TestCase):
    def pool(self, method):
        context = multiprocessing.get_context(method)
        with Client.from_env() as client:
            # Used before: the children must leave its connection and its token alone.
            before = client.active_get(NUMBER)
            with context.Pool(2) as pool:
                jobs = [pool.apply_async(read, (client, NUMBER)) for _ in range(6)]
                for job in jobs:
                    process, response, error = job.get(PATIENCE)
                    self.assertNotEqual(process, os.getpid())
                    self.assertEqual(response["phoneNumber"], NUMBER)
                    self.assertEqual(response.json, before.json)
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
            self.assertEqual([len(page["activeNumbers"]) for page in pages], rest, "the child's iteration is its own")
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
