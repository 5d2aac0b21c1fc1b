"""Content that is larger than the queue: the row is kept, and its content is cut and marked."""

import logging
import weakref
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableLambda
from support.constructs import PROMPT
from support.held import worker_held
from support.models import FakeChat


@pytest.mark.parametrize("megabytes", [11, 20, 31])
def test_a_prompt_larger_than_the_queue_keeps_its_rows_and_the_answer(megabytes, handler, rows_of):
    app = PROMPT | FakeChat(reply="Short.") | RunnableLambda(lambda answer: answer.text)
    app.invoke({"question": "?" * megabytes * 1_000_000}, {"callbacks": [handler]})

    rows = rows_of(handler, may_fail=True)
    [root], [chat] = rows.roots, rows.chats
    assert handler.stats.dropped == {}
    assert (root["output"], chat["output"]["content"]) == ("Short.", "Short.")
    assert len(str(root["input"])) < 200_000
    assert "truncated" in root["metadata"]


def test_content_that_is_left_out_is_marked_counted_and_logged_once(make_handler, rows_of, caplog):
    handler = make_handler(max_queue_bytes=1_000_000)
    with caplog.at_level(logging.WARNING), worker_held(make_handler):
        for _ in range(50):
            FakeChat().invoke("?" * 300_000, {"callbacks": [handler]})

    rows = rows_of(handler, may_fail=True)
    marked = [row for row in rows if row["metadata"].get("omitted") == ["input"]]
    [(cause, count)] = handler.stats.internal_errors.items()
    assert len(rows) == 50
    assert 0 < len(marked) < 50
    assert {row["input"] for row in marked} == {"…[omitted: too much was waiting]"}
    assert (cause, count) == ("content omitted: max_queue_bytes", len(marked))
    assert len([line for line in caplog.messages if "Content is missing" in line]) == 1


class Large(dict):
    """A weak reference can be had of it."""


def test_runs_without_an_end_keep_a_bounded_part_of_their_inputs(make_handler, rows_of):
    handler = make_handler(max_queue_bytes=2_000_000)
    given = []
    for number in range(200):
        messages = [Large(text=f"{number} " * 30_000)]
        handler.on_chain_start({}, {"messages": messages}, run_id=uuid4(), name="left open")
        given.append(weakref.ref(messages[0]))
        del messages
        handler.process_pending()

    assert sum(one() is not None for one in given) < 30
    assert handler.stats.open_runs == 200
    handler.shutdown()
    rows = rows_of(handler, may_fail=True)
    assert len(rows) == 200
    assert {row["metadata"]["status"] for row in rows} == {"incomplete"}
