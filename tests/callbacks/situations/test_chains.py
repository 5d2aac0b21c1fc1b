"""Chains as apps write them today: streams that fall back, threads, cancellation, media."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import ConfigurableField, RunnableLambda, RunnableParallel
from langchain_core.runnables.history import RunnableWithMessageHistory
from pydantic import BaseModel
from support.constructs import PROMPT, QUESTION, sequence
from support.models import FakeChat
from support.scripts import said

TEXT = StrOutputParser()


def config(handler):
    return {"callbacks": [handler]}


def test_a_stream_that_falls_back_before_its_first_word_is_a_success(handler, rows_of):
    chain = PROMPT | FakeChat(fails=True).with_fallbacks([FakeChat(reply="Spare words.")]) | TEXT
    assert "".join(chain.stream(QUESTION, config(handler))) == "Spare words."

    rows = rows_of(handler)
    [root] = rows.roots
    assert (root["input"], root["output"]) == (QUESTION, "Spare words.")
    assert (root["metrics"]["fallbacks"], root["metrics"]["llm_calls"]) == (1, 2)
    assert root["metrics"]["completion_tokens"] == 5


def test_a_stream_that_breaks_after_its_first_word_is_an_error_with_that_word(handler, rows_of):
    broken = FakeChat(reply="One two three", stops_after=1)
    chain = PROMPT | broken.with_fallbacks([FakeChat()]) | TEXT
    with pytest.raises(ConnectionError):
        list(chain.stream(QUESTION, config(handler)))

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["output"]) == ("error", "One")


def test_a_chain_that_is_tried_again_counts_the_tokens_of_all_attempts(handler, rows_of):
    tries = []

    def check(text):
        tries.append(text)
        if len(tries) < 3:
            raise ValueError("too short")
        return text

    chain = (sequence() | RunnableLambda(check)).with_retry(
        stop_after_attempt=3, wait_exponential_jitter=False
    )
    chain.invoke(QUESTION, config(handler))

    [root] = rows_of(handler).roots
    metrics = root["metrics"]
    assert (root["metadata"]["status"], metrics["retries"], metrics["llm_calls"]) == (
        "success",
        2,
        3,
    )
    assert metrics["completion_tokens"] == 15


def test_branches_that_a_timeout_cancels_are_one_abandoned_row(handler, rows_of):
    async def hang(_):
        await asyncio.Event().wait()

    async def run():
        both = RunnableParallel(quick=sequence(), slow=RunnableLambda(hang))
        async with asyncio.timeout(0.3):
            await both.ainvoke(QUESTION, config(handler))

    with pytest.raises(TimeoutError):
        asyncio.run(run())

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["input"]) == ("abandoned", QUESTION)
    assert root["metrics"]["llm_calls"] == 1
    assert handler.stats.open_runs == 0


def test_a_stream_of_a_task_that_is_cancelled_is_abandoned_with_what_was_read(handler, rows_of):
    async def run():
        two_were_read = asyncio.Event()

        async def listen():
            read = []
            async for part in sequence(reply="one two three").astream(QUESTION, config(handler)):
                read.append(part)
                if len(read) == 2:
                    two_were_read.set()
                    await asyncio.Event().wait()

        task = asyncio.create_task(listen())
        await two_were_read.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "abandoned"
    assert root["output"].startswith("one")


def test_a_generator_that_is_closed_is_abandoned(handler, rows_of):
    stream = sequence(reply="one two three").stream(QUESTION, config(handler))
    next(stream)
    stream.close()

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["input"]) == ("abandoned", QUESTION)


def test_threads_of_a_step_that_take_the_context_along_belong_to_the_root(handler, rows_of):
    def ask_all(topics):
        with ThreadPoolExecutor(4) as pool:
            asked = [
                pool.submit(copy_context().run, FakeChat(reply=topic).invoke, topic)
                for topic in topics
            ]
        return [each.result().content for each in asked]

    RunnableLambda(ask_all).invoke(["a", "b", "c"], config(handler))

    [root] = rows_of(handler).roots
    assert (root["output"], root["metrics"]["llm_calls"]) == (["a", "b", "c"], 3)


def test_threads_of_a_step_without_a_context_lose_no_row(handler, rows_of):
    def ask_all(topics):
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(FakeChat().invoke, each, config(handler)) for each in topics]
        return len([each.result() for each in asked])

    RunnableLambda(ask_all).invoke(["a", "b", "c"], config(handler))

    rows = rows_of(handler)
    assert len(rows.chats) == 3
    assert [row["output"] for row in rows.roots if row["metadata"]["log_type"] == "workflow"] == [
        "3"
    ]


def test_a_batch_that_returns_its_exceptions_gives_a_row_for_each_input(handler, rows_of):
    def check(number):
        if number % 2:
            raise ValueError(f"odd: {number}")
        return number

    RunnableLambda(check).batch(list(range(6)), config(handler), return_exceptions=True)

    ended = {int(row["input"]): row["metadata"]["status"] for row in rows_of(handler).roots}
    assert ended == {number: "error" if number % 2 else "success" for number in range(6)}


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
def test_a_history_that_langchain_keeps_is_in_the_models_row(handler, rows_of):
    memory = InMemoryChatMessageHistory()
    prompt = ChatPromptTemplate.from_messages(
        [MessagesPlaceholder("history"), ("human", "{question}")]
    )
    chain = RunnableWithMessageHistory(
        prompt | FakeChat(reply="Hi."), lambda session_id: memory,
        input_messages_key="question", history_messages_key="history",
    )  # fmt: skip
    for question in ("one", "two"):
        chain.invoke(
            {"question": question},
            {**config(handler), "configurable": {"session_id": "s1"}},
        )

    rows = rows_of(handler)
    first, second = rows.roots
    assert second["input"]["question"] == "two"
    assert second["output"] == said("assistant", "Hi.")
    assert (
        first["metadata"]["session_identifier"] == second["metadata"]["session_identifier"] == "s1"
    )
    assert [turn["content"] for turn in rows.chats[1]["input"]] == ["one", "Hi.", "two"]


def test_an_image_in_the_roots_input_is_described_and_not_kept(handler, rows_of):
    image = {"type": "image", "base64": "iVBORw0KGgo" * 10_000, "mime_type": "image/png"}
    message = {"role": "user", "content": [{"type": "text", "text": "What is it?"}, image]}
    chain = RunnableLambda(lambda asked: [asked]) | FakeChat()
    chain.invoke(message, config(handler))

    rows = rows_of(handler)
    for row in rows:
        assert "iVBORw0KGgo" not in str(row["input"])
        assert "image/png" in str(row["input"])
        assert "What is it?" in str(row["input"])


class Verdict(BaseModel):
    """A verdict."""

    city: str
    number: int


def test_a_structured_output_is_the_roots_output(handler, rows_of):
    chain = PROMPT | FakeChat(turns=1, calls="Verdict").with_structured_output(Verdict)
    chain.invoke(QUESTION, config(handler))

    [root] = rows_of(handler).roots
    assert root["output"] == {"city": "Paris", "number": 0}
    assert "tool_errors" not in root["metrics"]


def test_a_structured_output_that_does_not_fit_is_an_error_with_its_tokens(handler, rows_of):
    class Strict(BaseModel):
        """Strict."""

        missing: int

    chain = PROMPT | FakeChat(turns=1, calls="Strict").with_structured_output(Strict)
    with pytest.raises(ValueError, match="missing"):
        chain.invoke(QUESTION, config(handler))

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["metrics"]["completion_tokens"]) == ("error", 5)


def test_an_alternative_that_the_call_selects_is_the_one_in_the_row(handler, rows_of):
    model = FakeChat(reply="small").configurable_alternatives(
        ConfigurableField("model"), default_key="small", large=FakeChat(reply="large", answered=50)
    )
    chain = PROMPT | model | TEXT
    chain.invoke(QUESTION, {**config(handler), "configurable": {"model": "large"}})

    [root] = rows_of(handler).roots
    assert (root["output"], root["metrics"]["completion_tokens"]) == ("large", 50)


def test_a_large_batch_gives_every_row_its_own_data(make_handler, rows_of):
    handler = make_handler(capture=("root",))
    double = RunnableLambda(lambda number: number * 2)
    asyncio.run(double.abatch(list(range(200)), {**config(handler), "max_concurrency": 20}))

    pairs = {int(row["input"]): int(row["output"]) for row in rows_of(handler).roots}
    assert pairs == {number: number * 2 for number in range(200)}
