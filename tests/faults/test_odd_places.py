"""Events from where nobody expects them; names and ends of a strange kind.

H2, H3, L1, L2, L5, L10 and, with names that do not resolve, W1 of the bar.
"""

import socket

import pytest
from support.processes import read_line

from tests.faults.cases import answers, hang
from tests.faults.hosting import app, host
from tests.faults.server import FaultServer

pytestmark = pytest.mark.slow
BUSY = 1.0
"""Seconds that a busy machine may add to a bound."""


@pytest.fixture
def server():
    with FaultServer() as server:
        yield server


@pytest.mark.parametrize("act", ["weakly", "bare", "closed", "quietly"])
def test_eighty_events_arrive_once_each(server, tmp_path, act):
    ended = host(tmp_path, server.url, *app("odd", act))

    assert ended.code == 0
    [said] = ended.said
    assert said["flush"] is True
    assert said["dropped"] == {}
    assert (len(server.stored), server.doubled) == (80, 0)


def test_a_logging_handler_may_call_what_we_capture(server, tmp_path):
    server.moods = [answers(503)]

    ended = host(tmp_path, server.url, *app("odd", "loudly"))

    [said] = ended.said
    assert said["flush"] is True
    assert (len(server.stored), server.doubled) == (said["captured"], 0)


def test_a_server_that_hangs_does_not_delay_the_last_flush_to_another(server, tmp_path):
    server.mood = hang
    with FaultServer() as other:
        ended = host(tmp_path, server.url, *app("late", other.url))

        assert (len(other.stored), other.doubled) == (40, 0)
    assert ended.outputs.count("40 row(s) not delivered: ") == 1


def test_a_resolver_that_hangs_delays_neither_the_app_nor_its_exit(server, tmp_path):
    url = server.url.replace("127.0.0.1", "localhost")

    flushed, ended = host(tmp_path, url, *app("names", "never")).said

    assert flushed["flush"] is False
    assert flushed["seconds"] < 0.5 + BUSY
    assert flushed["worst"] < BUSY
    assert ended["held"] < 1.0 + BUSY
    assert ended["captured"] == 40
    assert not server.requests


def test_rows_wait_for_a_resolver_that_is_slow(server, tmp_path):
    url = server.url.replace("127.0.0.1", "localhost")

    [said] = host(tmp_path, url, *app("names", "slowly")).said

    assert said["flush"] is True
    assert (len(server.stored), server.doubled) == (40, 0)


def test_a_host_name_that_does_not_exist_does_not_delay_the_exit(tmp_path):
    [said] = host(tmp_path, "https://no-such-host.invalid", *app("tasks", "hung")).said

    assert said["flush"] is False
    assert said["seconds"] < 1.0 + BUSY
    assert said["captured"] == 40


def test_rows_wait_for_a_platform_that_is_not_there_yet(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    def come_up(process):
        assert read_line(process) == "refused\n"
        servers.append(FaultServer(port=port))
        process.stdin.write("go on\n")
        process.stdin.flush()

    servers = []
    ended = host(tmp_path, f"http://127.0.0.1:{port}", *app("waits"), meanwhile=come_up, talks=True)

    [server] = servers
    with server:
        assert [said["flush"] for said in ended.said] == [True]
        assert (len(server.stored), server.doubled) == (80, 0)
