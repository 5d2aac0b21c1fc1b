"""Wherever an app lives (forked workers, greenlets, an event loop), what it captured is delivered.

H4 to H6, L4 to L6 of the bar.
"""

import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import pytest

from tests.faults.cases import hang
from tests.faults.hosting import app, host
from tests.faults.server import FaultServer

pytestmark = pytest.mark.slow


@pytest.fixture
def server():
    with FaultServer() as server:
        yield server


@pytest.mark.parametrize("kind", ["process", "executor"])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_deliver_what_they_captured(server, tmp_path, kind, method):
    ended = host(tmp_path, server.url, *app("children", kind, method))

    assert ended.code == 0
    assert [said["flush"] for said in ended.said] == [True]
    assert (len(server.stored), server.doubled) == (80, 0)


def test_workers_like_celerys_deliver_when_they_flush_before_they_leave(server, tmp_path):
    ended = host(tmp_path, server.url, *app("prefork"))

    assert ended.code == 0
    assert len(ended.said) == 4
    assert all(said["flush"] for said in ended.said)
    assert (len(server.stored), server.doubled) == (120, 0)


def one_of_each_worker(address, workers):
    """As many requests as workers that have one connection each: each is held until all are."""
    held = [HTTPConnection(*address, timeout=60) for _ in range(workers)]
    for asked in held:
        asked.putrequest("POST", "/?held")
        asked.putheader("Content-Length", "1")
        asked.putheader("Expect", "100-continue")
        asked.endheaders()
        assert asked.sock.recv(100).startswith(b"HTTP/1.1 100 ")  # a worker has it
    for asked in held:
        asked.send(b"!")
        with closing(asked):
            yield asked.getresponse().read()


@pytest.mark.parametrize("workers", ["sync", "gthread", "gevent"])
def test_gunicorn_with_a_preloaded_handler_delivers_from_all_its_workers(server, tmp_path, workers):
    pids = []
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
        number = listener.fileno()

        def ask(name):
            with closing(HTTPConnection(*listener.getsockname())) as asked:
                asked.request("GET", f"/?{name}")
                return asked.getresponse().read()

        def visit(gunicorn):
            pids.extend(one_of_each_worker(listener.getsockname(), 3))
            with ThreadPoolExecutor(8) as visitors:
                pids.extend(visitors.map(ask, range(117)))
            gunicorn.send_signal(signal.SIGTERM)

        options = ("--preload", "--workers=3", f"--worker-class={workers}", f"--bind=fd://{number}")
        ended = host(
            tmp_path,
            server.url,
            *("-m", "gunicorn", *options, "--worker-connections=1", "web:app"),
            meanwhile=visit,
            pass_fds=(number,),
        )

    assert ended.code == 0
    assert len(set(pids)) == 3
    assert (len(server.stored), server.doubled) == (125, 0)


def test_greenlets_deliver_before_and_after_a_flush(server, tmp_path):
    ended = host(tmp_path, server.url, "-m", "gevent.monkey", *app("green", "healthy"))

    assert [said["flush"] for said in ended.said] == [True]
    assert (len(server.stored), server.doubled) == (120, 0)


def test_greenlets_run_while_another_waits_for_a_server_that_hangs(server, tmp_path):
    server.mood = hang

    [said] = host(tmp_path, server.url, "-m", "gevent.monkey", *app("green", "hung")).said

    assert said["flush"] is False
    assert said["turns"] > 50  # of some 1000; a hub that stands still gives none


def test_tasks_run_while_one_waits_for_a_server_that_hangs(server, tmp_path):
    server.mood = hang

    [said] = host(tmp_path, server.url, *app("tasks", "hung")).said

    assert said["flush"] is False
    assert said["turns"] > 50  # of many thousands; a loop that stands still gives two
    assert said["captured"] == 40


def test_an_event_loop_that_is_closed_early_ends_without_its_flush(server, tmp_path):
    server.mood = hang

    [said] = host(tmp_path, server.url, *app("tasks", "cancelled"), patience=60).said

    assert said["seconds"] < 30  # the flush would have waited for ten minutes


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_task_may_flush_and_close(server, tmp_path, loop):
    [said] = host(tmp_path, server.url, *app("tasks", "healthy", loop)).said

    assert said["flush"] is True
    assert (len(server.stored), server.doubled) == (80, 0)


def test_without_a_thread_a_task_gets_an_incomplete_flush_and_rows_are_sent_at_exit(
    server, tmp_path
):
    [said] = host(tmp_path, server.url, *app("tasks", "refused")).said

    assert said["flush"] is False
    assert (len(server.stored), server.doubled) == (80, 0)
