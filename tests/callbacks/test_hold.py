"""`hold="feedback"`: the rows of roots wait for a rating, and are sent with it."""

import json
import threading
from uuid import uuid4

import httpx
import pytest
from support.constructs import QUESTION, sequence

from respan_langchain import RespanDatasetCallbackHandler, TraceTimeouts
from respan_langchain.errors import ConfigurationError


def ask(handler):
    run_id = uuid4()
    sequence().invoke(QUESTION, {"callbacks": [handler], "run_id": run_id})
    return run_id


class Platform:
    """Stores every row, and lets a test wait for the row of a root."""

    def __init__(self):
        self.roots, self.requests = [], []
        self.has_root = threading.Event()

    def respond(self, request):
        self.requests.append((request.method, request.url.path))
        if request.method == "GET" or request.url.path.endswith("/list/"):
            return httpx.Response(200, json={"results": [{"id": "d1", "name": "d"}]})
        rows = json.loads(request.content)["logs"]
        self.roots += [row for row in rows if "span_parent_id" not in row["metadata"]]
        if self.roots:
            self.has_root.set()
        stored = {"success_count": len(rows), "error_count": 0, "errors": []}
        return httpx.Response(201, json=stored)


@pytest.fixture
def hold():
    """Make a handler that holds rows for so many seconds, and its platform."""
    platform = Platform()
    with httpx.Client(transport=httpx.MockTransport(platform.respond)) as client:

        def make(seconds, **options):
            handler = RespanDatasetCallbackHandler(
                "d",
                api_key="k",
                http_client=client,
                hold="feedback",
                timeouts=TraceTimeouts(feedback=seconds),
                flush_interval=0.05,
                **options,
            )
            made.append(handler)
            return handler, platform

        made = []
        yield make
        for handler in made:
            handler.shutdown()


def test_a_rating_sends_the_row_with_it_in_one_request(hold):
    handler, platform = hold(3_600)
    run_id = ask(handler)
    handler.feedback(run_id, score=1.0, expected_output="Hello!")

    assert platform.has_root.wait(20)

    (root,) = platform.roots
    assert (root["metadata"]["scores"][0]["score"], root["expected_output"]) == (1.0, "Hello!")
    assert "PATCH" not in {method for method, _ in platform.requests}


def test_of_rows_that_a_function_makes_of_one_only_the_first_waits_for_a_rating(hold):
    handler, platform = hold(3_600, map_row=lambda row: [row, row])
    run_id = ask(handler)

    assert platform.has_root.wait(20)

    assert {row["metadata"]["custom_identifier"] for row in platform.roots} == {f"{run_id}-2"}


def test_what_nobody_rates_in_time_is_sent_as_it_is(hold):
    handler, platform = hold(0.1)
    ask(handler)

    assert platform.has_root.wait(20)

    assert "scores" not in platform.roots[0]["metadata"]


def test_what_nobody_rates_is_delivered_at_the_shutdown(make_handler, rows_of):
    handler = make_handler(hold="feedback")
    ask(handler)
    handler.process_pending()
    assert handler.stats.pending == handler.stats.captured

    assert handler.shutdown()

    assert len(rows_of(handler).roots) == 1


def test_held_rows_are_on_disk_and_the_next_process_sends_them(make_handler, rows_of, tmp_path):
    durable = {"delivery": "durable", "spool_dir": tmp_path / "spool"}
    first = make_handler(hold="feedback", **durable)
    ask(first)
    first.process_pending()
    first._worker.discard_pending("it ends")
    assert first.stats.spooled == 2

    second = make_handler(**durable)
    ask(second)
    assert second.flush()

    assert len(rows_of(second).roots) == 2


def test_rows_cannot_be_held_and_sent_before_the_call_returns(make_handler):
    with pytest.raises(ConfigurationError, match='flush="root"'):
        make_handler(hold="feedback", flush="root")
    with pytest.raises(ConfigurationError, match='hold: expected "feedback"'):
        make_handler(hold="rating")
