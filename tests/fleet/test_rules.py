"""Rules and held rows where rows wait on disk, or in Redis, as they do in memory."""

from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableLambda

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.pipeline.transport import RespanTransport
from respan_langchain.rules import Budget, Rules, everything, keep
from respan_langchain.settings.reading import read_settings
from tests.delivery.kit import WAIT
from tests.fleet.kit import until


@pytest.fixture(params=["durable", "via"])
def way(request, redis, forward, platform, tmp_path):
    """The options of a handler that delivers this way."""
    options = {"base_url": platform, "flush_interval": 0.01}
    if request.param == "durable":
        return {**options, "delivery": "durable", "spool_dir": tmp_path / "spool"}
    forward(redis, to=RespanTransport(read_settings(base_url=platform)))
    return {**options, "via": redis.url}


@pytest.fixture
def open_handler(way):
    opened = []

    def open_one(**options):
        opened.append(RespanDatasetCallbackHandler("support-bot", **way, **options))
        return opened[-1]

    yield open_one
    for handler in opened:
        handler.shutdown(WAIT)


@pytest.fixture
def stored(make_handler, rows_of):
    """Reads the rows that the platform has, once they are as they should be."""

    def read(is_right):
        reader = make_handler()
        until(lambda: is_right(rows_of(reader)))
        return rows_of(reader)

    return read


def ask(handler, question, **config):
    RunnableLambda(str).invoke(question, {"callbacks": [handler], **config})


def test_copies_are_counted_on_a_row_that_was_delivered(open_handler, stored):
    handler = open_handler(dedupe="input")
    ask(handler, "Hello")
    assert handler.flush(WAIT)
    stored(lambda rows: len(rows) == 1)

    for _ in range(2):
        ask(handler, "Hello")
    assert handler.flush(WAIT)

    [row] = stored(lambda rows: rows[0]["metadata"].get("seen_count") == 3)
    assert row["input"] == "Hello"


def test_a_held_row_is_delivered_with_its_rating(open_handler, stored):
    handler = open_handler(hold="feedback")
    run = uuid4()
    ask(handler, "Hello", run_id=run)
    handler.process_pending()
    assert handler.stats.delivered == 0

    handler.feedback(run, score=1.0)

    [row] = stored(lambda rows: len(rows) == 1)
    assert [score["score"] for score in row["metadata"]["scores"]] == [1.0]
    until(lambda: handler.stats.feedback == {"applied": 1})


def test_a_budget_bounds_what_is_delivered(open_handler, stored):
    rules = Rules(keep(everything), budget=Budget(rows_per_hour=10))
    handler = open_handler(rules=rules)
    for number in range(40):
        ask(handler, str(number))
    assert handler.flush(WAIT)

    kept = handler.stats.rules["everything"].kept
    rows = stored(lambda rows: len(rows) == kept)
    assert 10 <= kept < 20
    assert {row["metadata"]["sampling"]["probability"] for row in rows[:10]} == {1.0}
    assert handler.stats.budget["rows_per_hour"] == kept / 10
