"""A system without fcntl and fork: memory, a SQLite file, the spool and the command line work."""

import pytest

from tests.faults.hosting import app, host
from tests.faults.server import FaultServer

pytestmark = pytest.mark.slow


def refuse(request):
    """A platform that does not know the key."""
    request.say(401)


@pytest.fixture
def server():
    with FaultServer() as server:
        yield server


def test_rows_are_delivered_over_http(server, tmp_path):
    [said] = host(tmp_path, server.url, *app("windows", "memory")).said

    assert said["flush"] is True
    assert len(server.stored) == 3


@pytest.mark.parametrize("delivery", ["memory", "spill", "durable"])
def test_rows_of_a_sqlite_file_are_shown_by_the_command_line(tmp_path, delivery):
    url = f"sqlite:///{tmp_path / 'respan.db'}"

    [said] = host(tmp_path, url, *app("windows", delivery)).said
    shown = host(tmp_path, url, *app("windows", "cli", "datasets", "list"))

    assert said["flush"] is True
    assert shown.code == 0
    assert "support-bot" in shown.outputs


@pytest.mark.parametrize("delivery", ["spill", "durable"])
def test_rows_on_disk_are_delivered_by_the_next_process(server, tmp_path, delivery):
    server.mood = refuse
    [first] = host(tmp_path, server.url, *app("windows", delivery)).said
    assert first["flush"] is False
    server.mood = lambda request: request.accept()

    [_, second] = host(tmp_path, server.url, *app("windows", delivery)).said

    assert second["flush"] is True
    assert (len(server.stored), server.doubled) == (6, 0)
