"""One handler for all threads and tasks: each row holds only its own."""

import asyncio
import json
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from langchain_core.runnables import RunnableGenerator, RunnableLambda, RunnableParallel
from langchain_core.runnables.config import run_in_executor
from support.constructs import PROMPT
from support.held import worker_held
from support.models import FakeChat

from respan_langchain import TraceTimeouts


class Echo(FakeChat):
    """Says what it was asked."""

    def _message(self, messages):
        return super()._message(messages).model_copy(update={"content": messages[-1].content})


def question(number):
    return {"question": f"question {number}"}


def config(handler, number, **more):
    about = {"metadata": {"user_id": f"user {number}", "thread_id": f"thread {number}"}}
    return {"callbacks": [handler], **about, **more}


def holds_only_its_own(rows, numbers):
    by_trace = {}
    for row in rows:
        by_trace.setdefault(row["metadata"]["trace_unique_id"], []).append(row)
    seen = []
    for trace in by_trace.values():
        [root] = [row for row in trace if "span_parent_id" not in row["metadata"]]
        asked = root["input"]["question"]
        number = int(asked.split()[-1])
        seen.append(number)
        assert root["metadata"]["customer_identifier"] == f"user {number}"
        for row in trace:
            assert row["metadata"]["thread_identifier"] == f"thread {number}"
        for chat in [row for row in trace if row is not root]:
            assert chat["input"][-1]["content"] == asked
            assert chat["output"]["content"] == asked
            assert chat["metadata"]["span_parent_id"] == root["metadata"]["span_unique_id"]
    assert sorted(seen) == sorted(numbers)


def test_a_hundred_threads_capture_every_row(handler, rows_of):
    chain = PROMPT | Echo()
    together = threading.Barrier(100)

    def ask(number):
        together.wait()
        chain.invoke(question(number), config(handler, number))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    rows = rows_of(handler)
    assert len(rows) == 200
    holds_only_its_own(rows, range(100))


def test_a_hundred_streaming_tasks_capture_every_row(handler, rows_of):
    chain = PROMPT | Echo()

    async def ask(number):
        async for _ in chain.astream(question(number), config(handler, number)):
            await asyncio.sleep(0)

    async def all_of_them():
        await asyncio.gather(*(ask(number) for number in range(100)))

    asyncio.run(all_of_them())

    rows = rows_of(handler)
    assert len(rows) == 200
    holds_only_its_own(rows, range(100))


def test_threads_and_tasks_together_capture_every_row(handler, rows_of):
    chain = PROMPT | Echo()

    async def ask(number):
        await chain.ainvoke(question(number), config(handler, number))

    async def ask_in_a_thread(number):
        await run_in_executor(None, chain.invoke, question(number), config(handler, number))

    async def all_of_them():
        await asyncio.gather(
            *(ask(number) for number in range(20)),
            *(ask_in_a_thread(number) for number in range(20, 40)),
        )

    asyncio.run(all_of_them())
    holds_only_its_own(rows_of(handler), range(40))


def test_each_input_of_a_batch_has_its_own_metadata(handler, rows_of):
    chain = PROMPT | Echo()
    chain.batch([question(number) for number in range(20)], [config(handler, n) for n in range(20)])

    holds_only_its_own(rows_of(handler), range(20))


def test_a_fixed_run_id_that_is_used_again_gives_a_row_each_time(handler, rows_of):
    chain = PROMPT | Echo()
    for number in range(3):
        chain.invoke(question(number), config(handler, number, run_id=UUID(int=7)))

    roots = rows_of(handler).roots
    assert [root["input"]["question"] for root in roots] == [f"question {n}" for n in range(3)]


def test_the_branches_of_a_parallel_step_are_under_it(handler, rows_of):
    both = RunnableParallel(one=PROMPT | Echo(), two=PROMPT | Echo())
    (RunnableLambda(lambda asked: asked) | both).invoke(question(1), config(handler, 1))

    rows = rows_of(handler)
    assert (len(rows.roots), len(rows.chats)) == (1, 2)
    assert rows.roots[0]["metrics"]["llm_calls"] == 2


def test_each_handler_captures_only_its_own_runs(make_handler, rows_of):
    one, two = make_handler(dataset="one"), make_handler(dataset="two")
    chain = PROMPT | Echo()
    chain.invoke(question(1), config(one, 1))
    chain.invoke(question(2), config(two, 2))

    assert [root["input"] for root in rows_of(one, "one").roots] == [question(1)]
    assert [root["input"] for root in rows_of(two, "two").roots] == [question(2)]


@pytest.mark.slow
@pytest.mark.timed
def test_inline_draining_keeps_the_queue_short_for_an_app_that_never_waits(handler, rows_of):
    chain = PROMPT | Echo()
    chain.invoke(question(1_600), config(handler, 1_600))
    handler.flush()  # the first rows bring imports with them
    waiting = []
    for number in range(1_600):
        chain.invoke(question(number), config(handler, number))
        waiting.append(len(handler._processor.events))
    behind = [place for place in range(600) if waiting[place] > 1_900]

    assert max(waiting) < 2_200
    assert not behind or min(waiting[behind[0] :]) < 200
    assert len(rows_of(handler)) == 3_202


def ask_a_model(text, handler):
    (PROMPT | Echo()).invoke({"question": text}, {"callbacks": [handler]})


def give_a_list(text, handler):
    RunnableLambda(len).invoke([text], {"callbacks": [handler]})


def stream(text, handler):
    assert list(RunnableLambda(len).stream(text, {"callbacks": [handler]})) == [len(text)]


def leave_a_stream(text, handler):
    said = FakeChat(reply=text).stream("What?", {"callbacks": [handler]})
    assert next(said).text == text
    said.close()


def stream_and_fail(text, handler):
    def fail(parts):
        yield from parts
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  # it is our own
        list(RunnableGenerator(fail).stream(text, {"callbacks": [handler]}))


@pytest.mark.parametrize(
    ("act", "rows"),
    [(ask_a_model, 2), (give_a_list, 1), (stream, 1), (leave_a_stream, 1), (stream_and_fail, 1)],
)
def test_large_rows_are_not_built_on_the_apps_threads(act, rows, make_handler):
    made = []
    handler = make_handler(on_row=lambda row: made.append((len(row), threading.get_ident())))
    with worker_held(make_handler):
        for number in range(1_200 // rows):
            size = 100_000 if number % 40 == 39 else 10
            act("?" * size, handler)
    assert handler.flush(60)

    here = [size for size, thread in made if thread == threading.get_ident()]
    assert len(made) == 1_200
    assert here
    assert max(here) < 20_000


def test_content_of_queued_steps_is_bounded(make_handler):
    handler = make_handler(max_queue_bytes=5_000_000)
    given = []

    class Large(dict):
        """A weak reference can be had of it."""

    def make(number):
        large = Large(text=f"{number}" * 1_000_000)
        given.append(weakref.ref(large))
        return large

    app = RunnableLambda(make) | RunnableLambda(lambda large: len(large["text"]))
    with worker_held(make_handler, max_queue_bytes=5_000_000):
        for number in range(30):
            app.invoke(number % 10, {"callbacks": [handler]})

        assert sum(one() is not None for one in given) < 6


def test_omitted_content_takes_no_memory(make_handler):
    handler = make_handler(max_queue_bytes=1_000_000)
    with worker_held(make_handler, max_queue_bytes=1_000_000):
        for _ in range(50):
            FakeChat().invoke("?" * 100_000, {"callbacks": [handler]})

        assert handler._processor.events.content_bytes < 1_200_000


def test_rows_of_large_inputs_are_not_built_on_the_apps_threads(make_handler):
    made = []
    handler = make_handler(on_row=lambda row: made.append((len(row), threading.get_ident())))

    def work(_):
        handler.process_pending()  # as the worker would, so that only the small end is left
        return "done"

    with worker_held(make_handler):
        RunnableLambda(len).invoke("x", {"callbacks": [handler]})
        RunnableLambda(work).invoke("?" * 100_000, {"callbacks": [handler]})
        for number in range(1_200):
            RunnableLambda(len).invoke(f"{number}", {"callbacks": [handler]})
    assert handler.flush(60)

    here = [size for size, thread in made if thread == threading.get_ident()]
    assert here
    assert max(here) < 20_000


def test_rows_deferred_by_sampling_are_not_built_on_the_apps_threads(make_handler):
    made = []
    handler = make_handler(sample_rate=0.0, on_row=lambda _: made.append(threading.get_ident()))

    def fail(_):
        for _ in range(50):
            FakeChat().invoke("Hello")
        handler.process_pending()
        raise ValueError

    with worker_held(make_handler):
        with pytest.raises(ValueError):  # noqa: PT011  # it is our own
            RunnableLambda(fail).invoke("x", {"callbacks": [handler]})
        for number in range(1_200):
            RunnableLambda(len).invoke(f"{number}", {"callbacks": [handler]})
    assert handler.flush(60)

    assert len(made) == 51
    assert threading.get_ident() not in made


def test_many_threads_that_never_wait_keep_the_queue_short(make_handler):
    large = {"max_queue_rows": 1_000_000, "max_queue_bytes": 1_000_000_000}
    handler = make_handler(**large)
    waiting = []

    def work(_):
        for number in range(100):
            chain.invoke(f"{number}", {"callbacks": [handler]})
            waiting.append(len(handler._processor.events))

    chain = RunnableLambda(lambda asked: asked) | Echo()
    with worker_held(make_handler, **large), ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))

    assert max(waiting) < 6_000  # of 9,600
    assert handler.flush(60)


def test_a_trace_times_out_while_the_app_never_pauses(make_handler):
    names, go = [], threading.Event()
    handler = make_handler(
        on_row=lambda row: names.append(json.loads(row)["metadata"]["span_name"]),
        timeouts=TraceTimeouts(late_children=0.0),
    )

    def root(_, config):
        child = RunnableLambda(lambda _: go.wait())
        thread = threading.Thread(target=child.invoke, args=("x", config))
        thread.start()
        return thread.join

    def go_on():
        for _ in range(150):
            RunnableLambda(len).invoke("x", {"callbacks": [handler]})

    with worker_held(make_handler):
        joined = RunnableLambda(root, name="left").invoke("x", {"callbacks": [handler]})
        go_on()
        for _ in range(2):  # as the worker does: a look is over though events wait
            handler._processor.take(time.monotonic())
            go_on()
        assert handler._processor.events
        assert "left" in names
        go.set()
        joined()
