"""Servers of web apps and tasks end by SIGTERM: what was captured is delivered first.

The apps in here flush nowhere, and their rows would wait for ten minutes.
"""

import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import pytest

from tests.faults.hosting import host
from tests.faults.server import FaultServer

pytestmark = pytest.mark.slow
REQUESTS = 20


@pytest.fixture
def server():
    with FaultServer() as server:
        yield server


def serve(place, url, *command, number_of=REQUESTS):
    """Start a server on a socket of ours, send requests, and end it by SIGTERM."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:

        def ask(name):
            with closing(HTTPConnection(*listener.getsockname(), timeout=60)) as asked:
                asked.request("GET", f"/?name={name}")
                return asked.getresponse().status

        def visit(process):
            with ThreadPoolExecutor(4) as visitors:
                assert set(visitors.map(ask, range(number_of))) == {200}
            process.send_signal(signal.SIGTERM)

        number = str(listener.fileno())
        command = [part.replace("FD", number) for part in command]
        return host(place, url, *command, meanwhile=visit, pass_fds=(listener.fileno(),))


SERVERS = {
    "uvicorn": ["-m", "uvicorn", "--fd=FD", "asgi:app"],
    "uvicorn, workers": ["-m", "uvicorn", "--fd=FD", "--workers=2", "asgi:app"],
    "uvicorn, reload": ["-m", "uvicorn", "--fd=FD", "--reload", "asgi:app"],
    "uvicorn, lifespan": ["-m", "uvicorn", "--fd=FD", "asgi:app_with_lifespan"],
    "hypercorn": ["-m", "hypercorn", "--bind=fd://FD", "asgi:app"],
    "hypercorn, workers": ["-m", "hypercorn", "--bind=fd://FD", "--workers=2", "asgi:app"],
    "gunicorn with uvicorn's worker": [
        *("-m", "gunicorn", "--bind=fd://FD", "--workers=2"),
        *("--worker-class=uvicorn_worker.UvicornWorker", "asgi:app"),
    ],
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_delivers_its_last_rows_before_it_ends(server, tmp_path, name):
    serve(tmp_path, server.url, *SERVERS[name])

    assert (len(server.stored), server.doubled) == (REQUESTS, 0)


@pytest.mark.parametrize("pool", ["prefork", "solo", "threads"])
def test_a_celery_worker_delivers_its_last_rows_before_it_ends(server, tmp_path, monkeypatch, pool):
    (tmp_path / "broker").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as done:
        monkeypatch.setenv("DONE", str(done.getsockname()[1]))

        def wait_for_tasks(process):
            done.settimeout(60)
            for _ in range(20):
                done.accept()[0].close()
            process.send_signal(signal.SIGTERM)

        command = ["-m", "celery", "-A", "celery_tasks", "worker", "-P", pool, "-c", "2"]
        host(tmp_path, server.url, *command, meanwhile=wait_for_tasks)

    assert (len(server.stored), server.doubled) == (20, 0)
