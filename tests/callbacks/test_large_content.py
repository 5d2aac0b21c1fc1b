"""Content that is larger than the queue: the row is kept, and its content is cut and marked."""

import logging
import weakref
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableLambda
from support.constructs import PROMPT
from support.held import worker_held
from support.models import FakeChat

from respan_langchain.tracing.events import OMITTED_NOTE


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


def end_tools_under_an_open_root(handler, count):
    root = uuid4()
    handler.on_chain_start({}, {"question": "q"}, run_id=root, name="agent")
    for number in range(count):
        tool = uuid4()
        handler.on_tool_start(
            {"name": "search"}, "", run_id=tool, parent_run_id=root, inputs={"number": number}
        )
        handler.on_tool_end(f"{number} " * 30_000, run_id=tool, parent_run_id=root)
        handler.process_pending()
    return root


def test_the_steps_of_an_open_root_are_bounded_and_keep_their_names(make_handler, rows_of):
    handler = make_handler(max_queue_bytes=4_000_000)
    root = end_tools_under_an_open_root(handler, 100)
    assert handler._processor.assembler.open_bytes < 2_000_000
    handler.on_chain_end({"answer": "42"}, run_id=root)

    [row] = rows_of(handler, may_fail=True)
    steps = row["metadata"]["trajectory"]
    omitted = [step for step in steps if step["output"] == OMITTED_NOTE]
    assert [step["tool"] for step in steps] == ["search"] * 100
    assert 30 < len(omitted) < 100
    assert omitted == steps[: len(omitted)]


def test_models_that_wait_for_the_sampling_decision_are_bounded_and_keep_their_rows(
    make_handler, rows_of
):
    handler = make_handler(max_queue_bytes=1_000_000, sample_rate=0.0)
    given = []
    root = uuid4()
    handler.on_chain_start({}, {"question": "q"}, run_id=root, name="agent")
    for number in range(100):
        model, prompt = uuid4(), Large(text=f"{number} " * 10_000)
        given.append(weakref.ref(prompt))
        handler.on_llm_start({"name": "model"}, [prompt], run_id=model, parent_run_id=root)
        del prompt
        handler.on_llm_error(ValueError("no"), run_id=model, parent_run_id=root)
        handler.process_pending()
    assert sum(one() is not None for one in given) < 40
    handler.on_chain_error(ValueError("no"), run_id=root)

    rows = rows_of(handler, may_fail=True)
    assert len(rows) == 101
    assert sum(row["metadata"].get("omitted") == ["input"] for row in rows) > 60


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
