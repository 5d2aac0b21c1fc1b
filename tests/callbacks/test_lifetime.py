"""What the handler keeps: nothing longer than it must, and nothing of what is delivered."""

import asyncio
import gc
import weakref
from collections import deque
from uuid import uuid4

import pytest
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from support.constructs import PROMPT, QUESTION, sequence
from support.held import worker_held
from support.models import FakeChat

from respan_langchain import TraceTimeouts


def kept(handler):
    """Everything that a handler's containers hold."""
    processor = handler._processor
    assembler = processor.assembler
    tracker = assembler._tracker
    open_content = assembler._open_content
    parts = (processor, processor.events, assembler, open_content, tracker, tracker._traces)
    places = [place for part in parts for place in vars(part).values()]
    sized = (dict, list, set, deque)
    return sum(len(place) for place in places if isinstance(place, sized)) + handler.stats.open_runs


@tool
async def never() -> str:
    """Does not come back."""
    await asyncio.Event().wait()
    return ""


class Never(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        return []

    async def _aget_relevant_documents(self, query, *, run_manager):
        await asyncio.Event().wait()


async def cancelled(app, asked, config):
    task = asyncio.create_task(app.ainvoke(asked, config))
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def fail(_):
    raise ValueError("no")


async def mixed(handler, number):
    """A success, an error, a stream left half-way, a batch, a cancelled tool or retriever."""
    config = {"callbacks": [handler], "configurable": {"thread_id": str(number)}}
    match number % 8:
        case 0:
            with pytest.raises(ValueError, match="no"):
                RunnableLambda(fail).invoke("x", config)
        case 1:
            stream = sequence().stream(QUESTION, config)
            next(stream)
            stream.close()
        case 2:
            await cancelled(never, {}, config)
        case 3:
            await cancelled(RunnableLambda(lambda _: "x") | Never(), "x", config)
        case 4:
            RunnableLambda(len).batch(["a", "b"], config)
        case 5:
            await sequence().ainvoke(QUESTION, config)
        case _:
            RunnableLambda(len).invoke("x", config)


def run_mixed(handler, count):
    async def all_of_them():
        for number in range(count):
            await mixed(handler, number)

    asyncio.run(all_of_them())


def test_many_runs_of_all_kinds_leave_no_objects(make_handler):
    handler = make_handler(capture="tool", timeouts=TraceTimeouts(idle=0.0, late_children=0.0))
    run_mixed(handler, 400)
    assert handler.flush(timeout=30)

    assert handler.stats.open_runs == 0
    assert kept(handler) == 0


@pytest.mark.slow(seconds=15)
def test_ten_thousand_mixed_runs_leave_no_state_and_no_memory(make_handler):
    handler = make_handler(
        capture="retriever", sample_rate=0.0, timeouts=TraceTimeouts(idle=0.0, late_children=0.0)
    )
    run_mixed(handler, 2_000)
    assert handler.flush(timeout=60)
    gc.collect()
    before = len(gc.get_objects())
    run_mixed(handler, 8_000)
    assert handler.flush(timeout=60)
    gc.collect()

    assert kept(handler) == 0
    assert len(gc.get_objects()) - before < 1_000


def test_nothing_is_left_of_graphs_that_were_interrupted_and_resumed(handler):
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.graph import START, StateGraph
    from langgraph.types import Command, interrupt

    builder = StateGraph(dict).add_node("ask", lambda _: {"answer": interrupt("sure?")})
    graph = builder.add_edge(START, "ask").compile(checkpointer=InMemorySaver())
    for number in range(20):
        config = {"callbacks": [handler], "configurable": {"thread_id": str(number)}}
        graph.invoke({"question": "q"}, config)
        graph.invoke(Command(resume="yes"), config)
    assert handler.flush(timeout=20)

    assert kept(handler) == 0


def test_the_apps_state_is_released_once_its_row_is_delivered(handler):
    class State(dict):
        """A dict that can be watched."""

    state = State(QUESTION)
    watched = weakref.ref(state)
    sequence().invoke(state, {"callbacks": [handler]})
    assert handler.flush(timeout=20)
    del state
    gc.collect()

    assert watched() is None


def test_the_state_of_a_graph_is_released_once_its_row_is_delivered(handler):
    from langgraph.graph import START, StateGraph

    class Thing:
        pass

    thing = Thing()
    watched = weakref.ref(thing)
    app = StateGraph(dict).add_node("node", lambda state: state).add_edge(START, "node").compile()
    app.invoke({"thing": thing}, {"callbacks": [handler]})
    assert handler.flush(timeout=20)
    del thing
    gc.collect()

    assert watched() is None


def test_events_that_are_not_read_yet_keep_no_loop_of_a_graph(make_handler):
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.graph import START, StateGraph
    from langgraph.types import interrupt

    def ask(state):
        sequence().invoke(QUESTION)
        return {"answer": interrupt("sure?")}

    app = StateGraph(dict).add_node("ask", ask).add_edge(START, "ask")
    saver = InMemorySaver()
    watched = weakref.ref(saver)
    app = app.compile(checkpointer=saver)
    handler = make_handler()
    with worker_held(make_handler):
        # A copy, since langgraph adds the interrupt to a state that is a plain dict.
        app.invoke({**QUESTION}, {"callbacks": [handler], "configurable": {"thread_id": "t1"}})
        del app, saver  # the loop refers to it too
        gc.collect()
        assert handler.stats.captured == 0
        assert watched() is None


def test_an_exception_is_not_kept(handler):
    seen = []

    class WatchedError(ValueError):
        pass

    def failing(_):
        error = WatchedError("no")
        seen.append(weakref.ref(error))
        raise error

    with pytest.raises(ValueError, match="no"):
        RunnableLambda(failing).invoke("x", {"callbacks": [handler]})
    gc.collect()

    assert seen[0]() is None


def test_a_run_without_an_end_is_incomplete_after_its_timeout(make_handler, rows_of):
    handler = make_handler(capture=("root", "retriever"), timeouts=TraceTimeouts(idle=0.0))
    asyncio.run(cancelled(Never(), "q", {"callbacks": [handler]}))

    [row] = rows_of(handler)
    assert row["metadata"]["status"] == "incomplete"
    assert "status_code" not in row["metadata"]
    assert "latency" not in row["metrics"]


def test_a_run_without_an_end_is_incomplete_when_its_root_has_ended(make_handler, rows_of):
    handler = make_handler(capture=("root", "retriever"))
    chain = RunnableLambda(lambda _: "q") | Never()
    asyncio.run(cancelled(chain, "x", {"callbacks": [handler]}))

    rows = rows_of(handler)
    assert {row["metadata"]["span_name"]: row["metadata"]["status"] for row in rows} == {
        "RunnableSequence": "abandoned",
        "Never": "incomplete",
    }


def test_a_cancelled_tool_is_abandoned_or_its_end_is_not_known(make_handler, rows_of):
    handler = make_handler(capture=("root", "tool"))
    chain = RunnableLambda(lambda _: {}) | never
    asyncio.run(cancelled(chain, "x", {"callbacks": [handler]}))

    statuses = {row["metadata"]["span_name"]: row["metadata"]["status"] for row in rows_of(handler)}
    assert statuses["RunnableSequence"] == "abandoned"
    # langchain-core tells the end of a cancelled tool from 1.8 on.
    assert statuses["never"] in ("abandoned", "incomplete")


def test_open_runs_are_delivered_as_incomplete_at_shutdown(make_handler, rows_of):
    handler = make_handler()
    for event in ("on_chain_start", "on_tool_start", "on_retriever_start"):
        getattr(handler, event)({"name": "open"}, "x", run_id=uuid4())
    handler.on_chat_model_start({"name": "open"}, [[]], run_id=uuid4())
    handler.on_llm_start({"name": "open"}, ["x"], run_id=uuid4())
    assert handler.shutdown(timeout=10)

    rows = rows_of(handler)
    assert [row["metadata"]["status"] for row in rows] == ["incomplete"] * 5
    assert kept(handler) == 0


def test_a_flush_does_not_close_open_runs(handler, rows_of):
    seen = []

    def look(asked):
        assert handler.flush(timeout=20)
        seen.append(handler.stats.open_runs)
        return asked

    (PROMPT | FakeChat() | RunnableLambda(look)).invoke(QUESTION, {"callbacks": [handler]})

    assert seen == [2]
    assert [root["metadata"]["status"] for root in rows_of(handler).roots] == ["success"]


def test_the_oldest_of_too_many_open_runs_are_closed(make_handler, rows_of):
    handler = make_handler(timeouts=TraceTimeouts(max_open=3))
    for number in range(5):
        handler.on_chain_start(None, str(number), run_id=uuid4())

    rows = rows_of(handler)
    assert [row["input"] for row in rows] == ["0", "1"]
    assert handler.stats.open_runs == 3


def test_a_handler_keeps_no_events_after_shutdown(handler):
    handler.shutdown()
    for _ in range(3):
        sequence().invoke(QUESTION, {"callbacks": [handler]})

    assert kept(handler) == 0


def test_stats_right_after_a_call_count_the_unread_events(make_handler):
    handler = make_handler()
    with worker_held(make_handler):
        RunnableLambda(str).invoke(1, {"callbacks": [handler]})
        stats = handler.stats
    assert (stats.captured, stats.queued_events) == (0, 2)
    assert "queued_events=2" in str(stats)

    assert handler.flush(timeout=20)
    assert (handler.stats.captured, handler.stats.queued_events) == (1, 0)
