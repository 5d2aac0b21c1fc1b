"""A destination ends with its last handler: its threads, connections, files and memory are free."""

import pytest

from tests.faults.hosting import app, host
from tests.faults.server import FaultServer

MEBIBYTE = 2**20


@pytest.fixture
def server():
    with FaultServer() as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "delivery"),
    [("shut_down", "memory"), ("drop", "durable"), ("shut_down_and_keep", "memory")],
)
def test_destinations_of_300_handlers_with_own_keys_end_with_them(server, tmp_path, end, delivery):
    [said] = host(tmp_path, server.url, *app("destinations", end, delivery)).said

    before, after = said["before"], said["after"]
    assert len(server.stored) == 450
    assert (before["threads"], after["threads"]) == (1, 1)
    assert after["descriptors"] == before["descriptors"]
    kept = 30_000 * 300 if end == "shut_down_and_keep" else 0
    assert after["resident"] - before["resident"] < 8 * MEBIBYTE + kept
