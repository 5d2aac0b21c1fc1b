"""Streams that nobody reads to their end: abandoned, not failed, with what had been said."""

import asyncio
import contextlib
import gc
import threading

import pytest
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph
from support.constructs import PROMPT, QUESTION, lookup, sequence
from support.graphs import ASKED, agent, graph
from support.models import FakeChat, FakeText
from support.scripts import said

from respan_langchain import TraceTimeouts
from tests.fleet.kit import until

ANSWER = "Within 30 days, unworn."


async def first_of(stream):
    async for _ in stream:
        break
    await stream.aclose()


async def read_until_cancelled(stream):
    reading = asyncio.Event()

    async def read():
        async for _ in stream:
            reading.set()
            await asyncio.sleep(0)

    task = asyncio.create_task(read())
    await reading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def broken_off(app, asked, config):
    for _ in app.stream(asked, config):
        break
    gc.collect()


def closed(app, asked, config):
    stream = app.stream(asked, config)
    next(stream)
    stream.close()


ABANDONED = {
    "break": broken_off,
    "close": closed,
    "aclose": lambda app, asked, config: asyncio.run(first_of(app.astream(asked, config))),
    "cancelled": lambda app, asked, config: asyncio.run(
        read_until_cancelled(app.astream(asked, config))
    ),
}


@pytest.mark.parametrize("how", ABANDONED)
def test_an_abandoned_chat_stream_keeps_its_partial_answer(how, handler, rows_of):
    ABANDONED[how](FakeChat(), "Can I return shoes?", {"callbacks": [handler]})

    [row] = rows_of(handler)
    assert row["metadata"]["status"] == "abandoned"
    assert "error_type" not in row["metadata"]
    assert row["output"]["content"].startswith("Within")
    assert row["input"] == [{"role": "user", "content": "Can I return shoes?"}]


@pytest.mark.parametrize("how", ABANDONED)
def test_an_abandoned_chain_is_one_abandoned_row_with_its_model_call(how, handler, rows_of):
    ABANDONED[how](sequence(), QUESTION, {"callbacks": [handler]})

    rows = rows_of(handler)
    [root], [chat] = rows.roots, rows.chats
    assert root["metadata"]["status"] == "abandoned"
    assert root["input"] == QUESTION
    assert root["output"].startswith("Within")
    assert root["output"] != ANSWER
    assert root["metrics"]["llm_calls"] == 1
    assert chat["metadata"]["status"] in ("abandoned", "success")  # a sync one is read to its end
    assert chat["output"]["content"].startswith("Within")
    assert chat["metadata"]["span_parent_id"] == root["metadata"]["span_unique_id"]


def test_tokens_that_come_after_the_root_has_ended_are_counted(handler, rows_of):
    broken_off(sequence(), QUESTION, {"callbacks": [handler]})

    rows = rows_of(handler)
    assert rows.chats[0]["output"]["content"] == ANSWER
    assert rows.roots[0]["metrics"]["prompt_tokens"] == 12


@pytest.mark.parametrize("how", ABANDONED)
@pytest.mark.parametrize(("make", "asked"), [(graph, QUESTION), (agent, ASKED)])
def test_an_abandoned_graph_is_no_error(how, make, asked, handler, rows_of):
    ABANDONED[how](make(), asked, {"callbacks": [handler]})

    rows = rows_of(handler)
    [root] = rows.roots
    assert root["metadata"]["status"] == "abandoned"
    assert "error_type" not in root["metadata"]
    assert {row["metadata"]["status"] for row in rows} <= {"abandoned", "success"}
    assert root["metrics"]["llm_calls"] == len(rows.chats) > 0


def test_the_result_of_a_tool_is_no_answer_of_an_agent_that_was_left(handler, rows_of):
    class Slow(FakeChat):
        async def _agenerate(self, messages, *_, **__):
            if messages[-1].type == "tool":
                await asyncio.Event().wait()
            return self._generate(messages)

    async def leave():
        app = create_agent(Slow(turns=1), [lookup])
        stream = app.astream(ASKED, {"callbacks": [handler]}, stream_mode="updates")
        async for part in stream:
            if "tools" in part:
                break
        await stream.aclose()

    asyncio.run(leave())

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["output"]) == ("abandoned", None)
    assert root["metrics"]["tool_calls"] == 1


@pytest.mark.parametrize("how", ["break", "close"])
def test_an_abandoned_text_stream_is_no_error(how, handler, rows_of):
    ABANDONED[how](FakeText(), "What?", {"callbacks": [handler]})

    [row] = rows_of(handler)
    assert row["metadata"]["status"] == "abandoned"


def test_a_stream_that_breaks_is_an_error_with_its_partial_answer(handler, rows_of):
    with pytest.raises(ConnectionError):
        list(FakeChat(stops_after=2).stream("Can I return shoes?", {"callbacks": [handler]}))

    [row] = rows_of(handler)
    assert (row["metadata"]["status"], row["metadata"]["error_type"]) == (
        "error",
        "ConnectionError",
    )
    assert row["output"]["content"] == "Within 30"


@pytest.mark.parametrize(
    ("words", "shown"), [(0, None), (2, {"role": "assistant", "content": "Within 30"})]
)
def test_an_agent_whose_models_stream_breaks_shows_what_was_said(words, shown, handler, rows_of):
    app = create_agent(FakeChat(stops_after=words), [])

    with pytest.raises(ConnectionError):
        list(app.stream(ASKED, {"callbacks": [handler]}, stream_mode="messages"))

    rows = rows_of(handler)
    # LangChain reports no answer of a model that streams because of a graph, only its tokens.
    assert [row["output"] for row in rows] == [shown] * 2
    assert [row["metadata"]["status"] for row in rows] == ["error"] * 2


def test_a_cancelled_call_is_abandoned(handler, rows_of):
    class Slow(FakeChat):
        async def _agenerate(self, *_, **__):
            asked.set()
            await asyncio.Event().wait()

    asked = asyncio.Event()

    async def cancelled():
        chain = PROMPT | Slow()
        task = asyncio.create_task(chain.ainvoke(QUESTION, {"callbacks": [handler]}))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())

    rows = rows_of(handler)
    assert rows.roots[0]["metadata"]["status"] == "abandoned"
    assert rows.roots[0]["output"] is None
    assert (
        rows.chats[0]["metadata"]["status"] == "incomplete"
    )  # LangChain does not say how it ended


FALLBACKS = {
    "model": lambda: FakeChat(fails=True).with_fallbacks([FakeChat()]),
    "chain": lambda: FakeChat(fails=True).with_fallbacks([sequence()]),
    "nested": lambda: FakeChat().with_fallbacks([FakeChat()]).with_fallbacks([FakeChat()]),
    "in a chain": lambda: FakeChat().with_fallbacks([FakeChat()]) | StrOutputParser(),
}


def has_closed(handler):
    # The stream is part of a cycle with the error of the first model. A collection does nothing
    # while another thread collects. It closes generators in any order, so fallbacks may stay open.
    gc.collect()
    handler.process_pending()
    return handler.stats.open_runs <= 1


@pytest.mark.parametrize("how", ["break", "close", "aclose"])
@pytest.mark.parametrize("chain", FALLBACKS)
def test_fallbacks_that_are_left_at_their_first_chunk_are_abandoned(
    chain, how, make_handler, rows_of
):
    # LangChain reports no end of them.
    handler = make_handler(capture=("root", "llm", "chain"))
    asked = QUESTION if chain == "chain" else "Can I return shoes?"
    ABANDONED[how](FALLBACKS[chain](), asked, {"callbacks": [handler]})
    until(lambda: has_closed(handler))
    handler.shutdown()

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "abandoned"
    said = root["output"] if chain in ("chain", "in a chain") else root["output"]["content"]
    assert said == "Within"


def generators_in(stream):
    """The stream, and the generators that it reads from, each from the next."""
    found = [stream]
    while found[-1] is not None:
        names = found[-1].gi_frame.f_locals
        found.append(found[-1].gi_yieldfrom or names.get("iterator") or names.get("stream"))
    return found[:-1]


@pytest.mark.parametrize("first", range(7))
@pytest.mark.parametrize("nested", [False, True])
def test_fallbacks_that_were_left_are_abandoned_in_whatever_order_their_streams_are_closed(
    first, nested, make_handler, rows_of
):
    # A garbage collection closes generators in any order.
    handler = make_handler(capture=("root", "llm", "chain"))
    app = FakeChat(fails=True).with_fallbacks([sequence()])
    if nested:
        app = app.with_fallbacks([FakeChat()])
    stream = app.stream(QUESTION, {"callbacks": [handler]})
    next(stream)
    inner = generators_in(stream.gi_frame.f_locals["stream"] if nested else stream)[1:]
    inner[first].close()
    stream.close()
    del inner, stream
    gc.collect()
    handler.shutdown()

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["output"]) == ("abandoned", "Within")
    assert root["metrics"]["latency"] >= 0


@pytest.mark.parametrize("first", range(6))
@pytest.mark.parametrize("make", [sequence, lambda: PROMPT | FakeChat()], ids=["text", "message"])
def test_a_sequence_that_was_left_is_abandoned_in_whatever_order_its_streams_are_closed(
    make, first, handler, rows_of
):
    stream = make().stream(QUESTION, {"callbacks": [handler]})
    next(stream)
    generators_in(stream)[first].close()
    stream.close()

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "abandoned"
    assert root["output"] in ("Within", said("assistant", "Within"))


@pytest.mark.parametrize(
    "last", [lambda text: text[:6], lambda text: None, lambda text: text.upper()]
)
def test_a_sequence_that_ends_with_a_part_of_its_answer_is_a_success(last, handler, rows_of):
    chain = sequence() | RunnableLambda(last)
    list(chain.stream(QUESTION, {"callbacks": [handler]}))

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "success"


class Busy:
    """A synchronous function that calls two models after its caller was cancelled."""

    def __init__(self):
        self.started, self.released, self.done = (threading.Event() for _ in range(3))

    def __call__(self, asked):
        self.started.set()
        self.released.wait(20)
        for _ in range(2):
            FakeChat().invoke("Late?")
        self.done.set()

    async def be_left(self, call):
        task = asyncio.create_task(call)
        await asyncio.to_thread(self.started.wait, 20)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        self.released.set()
        await asyncio.to_thread(self.done.wait, 20)


async def read(stream):
    return [part async for part in stream]


def busy_graph(busy):
    return StateGraph(dict).add_node("busy", busy.__call__).add_edge(START, "busy").compile()


def busy_tool(busy):
    @tool
    def ask(question: str) -> None:
        """Ask."""
        busy(question)

    return RunnableLambda(lambda asked: asked) | ask


@pytest.mark.parametrize(
    ("make", "asked"),
    [
        (lambda busy: RunnableLambda(busy.__call__), QUESTION),
        (lambda busy: RunnableLambda(busy.__call__) | (lambda found: found), QUESTION),
        (busy_graph, QUESTION),
        (busy_tool, QUESTION),
    ],
    ids=["lambda", "sequence", "graph", "tool"],
)
@pytest.mark.parametrize("way", ["ainvoke", "astream"])
def test_models_that_a_thread_of_a_cancelled_call_calls_belong_to_it(
    way, make, asked, handler, rows_of
):
    busy = Busy()
    app, config = make(busy), {"callbacks": [handler]}
    call = app.ainvoke(asked, config) if way == "ainvoke" else read(app.astream(asked, config))

    asyncio.run(busy.be_left(call))

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "abandoned"
    assert (root["metrics"]["llm_calls"], root["metrics"]["prompt_tokens"]) == (2, 24)


@pytest.mark.parametrize("make", [FakeChat, FakeText, lambda: FakeChat() | StrOutputParser()])
def test_a_stream_that_is_never_closed_shows_what_was_read_of_it(make, make_handler, rows_of):
    handler = make_handler()
    stream = make().stream("Can I return shoes?", {"callbacks": [handler]})
    read = [next(stream), next(stream)]
    handler.shutdown(timeout=10)

    rows = rows_of(handler)
    said = "".join(getattr(part, "content", part) for part in read)
    for row in rows:
        output = row["output"]
        assert row["metadata"]["status"] == "incomplete"
        assert (output["content"] if isinstance(output, dict) else output) == said
    assert isinstance(rows.roots[0]["output"], dict) == (make is FakeChat)
    stream.close()


def test_an_agent_that_a_client_leaves_shows_the_tokens_that_were_read(handler, rows_of):
    async def leave():
        app = create_agent(FakeChat(turns=1), [lookup])
        stream = app.astream(ASKED, {"callbacks": [handler]}, stream_mode="messages")
        async for message, _ in stream:
            if "days" in message.text:
                break
        await stream.aclose()

    asyncio.run(leave())

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "abandoned"
    assert root["output"]["content"].startswith("Within 30 days")
    assert root["metrics"]["tool_calls"] == 1


def test_an_unfinished_stream_has_no_placeholder_as_input(make_handler, rows_of):
    handler = make_handler()

    async def half_read():
        stream = sequence().astream(QUESTION, {"callbacks": [handler]})
        await anext(stream)
        handler.shutdown(timeout=10)
        await stream.aclose()

    asyncio.run(half_read())

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "incomplete"
    assert root["input"] == ""


def test_a_dropped_v3_stream_is_incomplete_after_shutdown(make_handler, rows_of):
    handler = make_handler()
    stream = FakeChat().stream_events("Hello", {"callbacks": [handler]}, version="v3")
    next(event for event in stream if event["event"] == "content-block-delta")
    del stream
    gc.collect()
    handler.shutdown(timeout=10)

    [row] = rows_of(handler)
    assert row["metadata"]["status"] in ("incomplete", "abandoned")
    assert row["output"]["content"].startswith("Within")


def test_the_root_stops_waiting_for_a_late_child(make_handler, rows_of):
    handler = make_handler(timeouts=TraceTimeouts(late_children=0.0))
    stream = sequence().stream(QUESTION, {"callbacks": [handler]})
    next(stream)
    stream.close()

    assert rows_of(handler).roots[0]["metadata"]["status"] == "abandoned"


def test_a_handler_does_not_change_the_stream(handler):
    def chunks(config):
        return [chunk.content for chunk in model.stream("Hello", config)]

    model = GenericFakeChatModel(messages=iter([AIMessage("a b c"), AIMessage("a b c")]))
    assert chunks({}) == chunks({"callbacks": [handler]})
