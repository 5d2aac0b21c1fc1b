"""The memory of the process is bounded by `max_queue_bytes`, whatever the app leaves open."""

import json
import sys

import pytest
from support.processes import read_line

from tests.faults.cases import answers
from tests.faults.hosting import APPS, PATIENCE, environment, running
from tests.faults.server import FaultServer

LIMIT = 20_000_000
INTERRUPTED = LIMIT // 2
"""Traces that wait to be resumed have their own half of the limit."""
CONSTANT = 60_000_000
"""Small objects of thousands of runs, requests under way, and code that is loaded late."""
# The C library returns large blocks to the system at once, so that the process shows what is held.
MALLOC = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


def growth(way, options, place):
    """Bytes by which a process grew; without options it has no handler."""
    with FaultServer(mood=answers(503)) as server:
        command = [str(APPS / "memory.py"), way, json.dumps(options) if options else "", server.url]
        with running(command, place, talks=True, env=environment(place, **MALLOC)) as app:
            grew = int(read_line(app.process, PATIENCE))
    return grew


@pytest.mark.parametrize(
    ("way", "options"),
    [
        ("interrupted", {}),
        ("starts", {}),
        ("steps", {}),
        ("tools", {}),
        ("models", {}),
        ("models", {"sample_rate": 0.001}),
    ],
    ids=["interrupted", "starts", "steps", "tools", "models", "deferred"],
)
def test_a_process_that_leaves_traces_open_is_bounded(way, options, tmp_path):
    assert growth(way, {"max_queue_bytes": LIMIT, **options}, tmp_path) < (
        LIMIT + INTERRUPTED + CONSTANT
    )


def test_streams_that_an_app_holds_half_read_cost_a_bounded_part_more(tmp_path):
    without = growth("abandoned", None, tmp_path)
    grew = growth("abandoned", {"max_queue_bytes": LIMIT}, tmp_path)

    assert grew - without < LIMIT + CONSTANT
