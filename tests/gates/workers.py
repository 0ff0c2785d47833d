"""60 tasks on 2 processes fetch 2 access tokens, not 60: with what Python programs share their work by.

usage: workers.py dask|ray|celery|uwsgi FOLDER
"""

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "python")]

from support import NUMBER, PATIENCE, Say, Server

TASKS, PROCESSES = 60, 2


def task(client):
    """A task that is given a client."""
    client.active_get(NUMBER)
    return os.getpid()


def own_task(_index):
    """A task that makes itself a client."""
    from sinch_numbers import Client

    with Client.from_env() as client:
        return task(client)


def dask(_folder):
    from distributed import Client as Cluster
    from distributed import LocalCluster

    from sinch_numbers import Client

    with LocalCluster(PROCESSES, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        with Cluster(local) as cluster, Client.from_env() as client:
            yield cluster.gather([cluster.submit(task, client, pure=False) for _ in range(TASKS)])
            yield cluster.gather([cluster.submit(own_task, index) for index in range(TASKS)])


def ray(_folder):
    import ray

    from sinch_numbers import Client

    ray.init(num_cpus=PROCESSES, include_dashboard=False, log_to_driver=False)
    with Client.from_env() as client:
        given, own = ray.remote(task), ray.remote(own_task)
        yield ray.get([given.remote(client) for _ in range(TASKS)])
        yield ray.get([own.remote(index) for index in range(TASKS)])
    ray.shutdown()


CELERY = """
import sys

sys.path[:0] = [{here!r}, {support!r}]
import celery, workers

app = celery.Celery(broker="filesystem://", backend="file://{folder}/results")
app.conf.broker_transport_options = dict(
    data_folder_in="{folder}/queue", data_folder_out="{folder}/queue", control_folder="{folder}/control"
)
own_task = app.task(workers.own_task, name="own_task")
"""


def celery(folder):
    for name in ["results", "queue", "control"]:
        (folder / name).mkdir()
    here = Path(__file__).resolve().parent
    text = CELERY.format(folder=folder, here=str(here), support=str(here.parent / "python"))
    (folder / "jobs.py").write_text(text)
    command = [sys.executable, "-m", "celery", "-A", "jobs", "worker", "-c", str(PROCESSES), "--without-gossip", "--without-mingle"]
    worker = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        sys.path[:0] = [str(folder)]
        import jobs

        results = [jobs.own_task.delay(index) for index in range(TASKS)]
        yield [result.get(timeout=PATIENCE) for result in results]
    finally:
        worker.terminate()
        worker.wait()


UWSGI = """
import os

from sinch_numbers import Client

client = Client.from_env()  # Before the fork: all workers begin with this one.
client.active_get({number!r})


def application(_environment, start_response):
    client.active_get({number!r})
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]
"""


def uwsgi(folder):
    (folder / "app.py").write_text(UWSGI.format(number=NUMBER))
    (folder / "uwsgi.ini").write_text(
        "[uwsgi]\nhttp-socket = 127.0.0.1:0\nmaster = true\nprocesses = 2\nenable-threads = true\npy-call-osafterfork = true\n"
        "die-on-term = true\nmodule = app\n"
    )
    with open(folder / "log", "w+", encoding="utf-8") as log:
        command = [str(Path(sys.executable).parent / "uwsgi"), "--ini", "uwsgi.ini"]
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            until = time.monotonic() + PATIENCE
            while "spawned uWSGI worker 2" not in (said := (folder / "log").read_text()):
                assert server.poll() is None and time.monotonic() < until, said
                time.sleep(0.05)
            address = next(line.split("bound to TCP address ")[1].split()[0] for line in said.splitlines() if "bound to TCP" in line)
            get = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
            processes = [int(get(f"http://{address}/", timeout=PATIENCE).read()) for _ in range(TASKS)]
            # And one of the process that they were forked from.
            yield [*processes, server.pid]
        finally:
            server.terminate()
            server.wait()


def main():
    name, folder = sys.argv[1], Path(sys.argv[2])
    with Server(Say()) as service:
        os.environ.update(service.environment())
        before = 0
        for processes in globals()[name](folder):
            fetched, before = service.tokens - before, service.tokens
            distinct = len(set(processes))
            print(f"{name}: {len(processes)} tasks on {distinct} processes: {fetched} tokens")
            assert len(processes) >= TASKS and fetched <= distinct <= PROCESSES + 1, fetched


main() if __name__ == "__main__" else None
