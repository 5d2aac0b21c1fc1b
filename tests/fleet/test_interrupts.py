"""An interrupted graph that another process resumes: one row, as within one process."""

import os
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest
from langgraph.types import Command
from support.constructs import QUESTION
from support.graphs import asking_graph, asking_thrice, served
from support.reviews import CASES, labels

from respan_langchain import Dataset, RespanDatasetCallbackHandler, TraceTimeouts
from respan_langchain.fleet import keys
from respan_langchain.fleet.broker import Broker
from respan_langchain.fleet.status import read_status
from respan_langchain.fleet.traces import TraceStore
from respan_langchain.pipeline.transport import RespanTransport
from respan_langchain.rules import Rules, everything, keep
from respan_langchain.settings.reading import read_settings
from tests.delivery.kit import WAIT
from tests.fleet.kit import until

THREAD = {"configurable": {"thread_id": "t1"}}


@pytest.fixture
def open_handler():
    """Makes handlers that share nothing but Redis, as in several processes."""
    opened = []

    def open_one(server, **options):
        # Another interval is another worker, with a store of its own.
        interval = 0.01 + len(opened) / 1000
        settings = {"via": server.url, "flush_interval": interval, "exit_timeout": 1.0, **options}
        opened.append(RespanDatasetCallbackHandler("support-bot", **settings))
        return opened[-1]

    yield open_one
    for handler in opened:
        handler.shutdown(5)


@pytest.fixture
def stored(forward, platform, make_handler, rows_of):
    """Forwards what is in Redis, and reads what the platform stored."""

    def read(server, *, count):
        forward(server, to=RespanTransport(read_settings(base_url=platform)))
        until(lambda: server.counts.get("delivered") == count)
        return rows_of(make_handler())

    return read


def config(handler):
    return {**THREAD, "callbacks": [handler]}


def traces(server):
    return [key.decode() for key in server.ask("HKEYS", keys.TRACES)]


def waiting(server):
    with closing(Broker(server.url)) as broker:
        return read_status(broker).interrupted


PROGRAM = """
import pickle, sys
from pathlib import Path
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from support.constructs import QUESTION
from support.graphs import asking_graph
from support.reviews import (
    ASKED, CASES, GOLD, ask, decide, edit, finish, paying_agent, stopping_agent
)
from respan_langchain import RespanDatasetCallbackHandler, TraceTimeouts

_, url, path, part = sys.argv
file, saver = Path(path), InMemorySaver()
if file.exists():
    stored = pickle.loads(file.read_bytes())
    for store, content in zip((saver.storage, saver.writes, saver.blobs), stored):
        store.update(content)

def begin():
    asking_graph(checkpointer=saver).invoke(QUESTION, thread("graph", handler))
    for case, (amounts, *_) in CASES.items():
        ask(paying_agent(*amounts, saver=saver), handler, case)
    stopping_agent(500, 7, saver=saver).invoke(ASKED, thread("edited state", hasty))

def resume():
    asking_graph(checkpointer=saver).invoke(Command(resume="yes"), thread("graph", handler))
    for case, (_, decisions, *_) in CASES.items():
        decide(paying_agent(saver=saver), handler, decisions, case)
    edit(stopping_agent(saver=saver), thread("edited state", hasty), 50, 7)
    finish(stopping_agent(saver=saver), thread("edited state", hasty))

def thread(name, handler):
    return {"configurable": {"thread_id": name}, "callbacks": [handler]}

options = {"via": url, "rules": GOLD}
handler = RespanDatasetCallbackHandler("support-bot", **options)
hasty = RespanDatasetCallbackHandler(
    "support-bot", timeouts=TraceTimeouts(interrupted=0.5), **options
)
{"begin": begin, "resume": resume}[part]()
for each in (handler, hasty):
    assert each.shutdown(20), each.stats
parts = dict(saver.storage), dict(saver.writes), dict(saver.blobs)
file.write_bytes(pickle.dumps(parts))
"""


def test_a_graph_that_another_process_resumes_is_one_row_with_the_labels_of_people(
    redis, stored, tmp_path, make_handler, rows_of
):
    for part in ("begin", "resume"):
        words = [sys.executable, "-c", PROGRAM, redis.url, str(tmp_path / "checkpoints"), part]
        paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run(words, check=True, timeout=8 * WAIT, env={**os.environ, **paths})

    rows = stored(redis, count=3 + 3 * len(CASES) + 4)
    check_graph(of_thread(rows, "graph"))
    check_edited_state(of_thread(rows, "edited state"))
    check_labels(rows, gold=rows_of(make_handler(), "gold"))


def check_graph(rows):
    """One row of both parts, and the rows of the model calls."""
    [root, *_] = rows
    metadata, metrics = root["metadata"], root["metrics"]
    assert (metadata["status"], root["input"]) == ("success", QUESTION)
    assert root["output"]["parts"] == ["yes"]
    assert (metrics["llm_calls"], metrics["prompt_tokens"]) == (2, 24)
    assert metrics["latency"] < 60
    assert metrics["start_time"] == min(row["metrics"]["start_time"] for row in rows)
    assert len(metadata["resumed_run_ids"]) == 1
    assert metadata["decisions"] == [
        {"request": {"approve": "Within 30 days, unworn."}, "response": "yes"}
    ]
    assert {row["metadata"]["trace_unique_id"] for row in rows} == {metadata["trace_unique_id"]}


def check_edited_state(rows):
    """The parts cannot be joined, so that nothing is labelled."""
    first, second, *chats = rows
    assert (first["metadata"]["status"], len(chats)) == ("interrupted", 2)
    assert second["metadata"]["resumed_from"]
    assert {labels(row) for row in rows} == {(None, None)}


def check_labels(rows, *, gold):
    """The model's row has what its case expects, and no other row has a label."""
    for case, (_, _, *expected) in CASES.items():
        root, request, answer = of_thread(gold if any(expected) else rows, case)
        assert labels(request) == tuple(expected), case
        assert [labels(root), labels(answer)] == [(None, None)] * 2, case
    assert len(gold) == 3 * sum(any(expected) for _, _, *expected in CASES.values())


def of_thread(rows, thread):
    """The rows of a thread: the root, then the model calls in their order."""
    found = [row for row in rows if row["metadata"]["thread_identifier"] == thread]
    return sorted(found, key=lambda row: (row["log_type"] == "chat", row["start_time"]))


def test_a_graph_that_nobody_resumes_is_sent_as_interrupted_by_a_forwarder(
    redis, open_handler, stored
):
    handler = open_handler(redis, timeouts=TraceTimeouts(interrupted=0.2))
    asking_graph().invoke(QUESTION, config(handler))
    assert handler.shutdown(WAIT)
    assert waiting(redis) == 1

    [root] = stored(redis, count=2).roots
    assert root["metadata"]["status"] == "interrupted"
    assert root["metadata"]["interrupts"][0]["value"] == {"approve": "Within 30 days, unworn."}
    assert root["metrics"]["prompt_tokens"] == 12
    assert waiting(redis) == 0
    with closing(Broker(redis.url)) as broker:
        status = read_status(broker)
    assert (status.captured, status.in_producers, status.bytes) == (2, 0, 0)


def test_a_graph_that_stops_several_times_is_one_row(redis, open_handler, stored):
    app = asking_thrice()
    for given in (QUESTION, *(Command(resume=answer) for answer in "abc")):
        handler = open_handler(redis)
        app.invoke(given, config(handler))
        assert handler.flush(WAIT)

    [root] = stored(redis, count=1).roots
    assert root["output"]["parts"] == ["a", "b", "c"]
    assert len(root["metadata"]["resumed_run_ids"]) == 3
    assert [one["response"] for one in root["metadata"]["decisions"]] == ["a", "b", "c"]


def test_tool_calls_and_documents_of_both_processes_are_in_the_row(redis, open_handler, stored):
    graph = asking_graph()
    for given in (QUESTION, Command(resume="yes")):
        handler = open_handler(redis)
        served(handler, graph, fails=False, thread=THREAD).invoke(given, config(handler))
        assert handler.flush(WAIT)

    [root] = [row for row in stored(redis, count=5).roots if "tool_calls" in row["metrics"]]
    metrics = root["metrics"]
    assert (metrics["llm_calls"], metrics["prompt_tokens"], metrics["tool_calls"]) == (4, 48, 4)
    assert [step["tool"] for step in root["metadata"]["trajectory"]] == ["lookup"] * 4
    assert len(root["metadata"]["retrieved_documents"]) == 2
    assert root["metadata"]["cost_status"] == "complete"


def test_a_function_that_is_frozen_after_each_call_leaves_the_trace_to_the_next_one(
    redis, open_handler, stored
):
    app = asking_graph()
    for given in (QUESTION, Command(resume="yes")):
        app.invoke(given, config(open_handler(redis, flush="root")))

    [root] = stored(redis, count=3).roots
    assert root["metrics"]["llm_calls"] == 2


def test_only_one_of_two_processes_that_resume_the_same_graph_goes_on_with_its_row(
    redis, open_handler, stored
):
    app = asking_graph()
    app.invoke(QUESTION, config(first := open_handler(redis)))
    assert first.flush(WAIT)
    checkpoint = app.get_state(THREAD).config
    for _ in range(2):
        handler = open_handler(redis)
        app.invoke(Command(resume="yes"), {**checkpoint, "callbacks": [handler]})
        assert handler.flush(WAIT)

    roots = stored(redis, count=5).roots
    assert sorted(row["metrics"]["llm_calls"] for row in roots) == [1, 2]


def test_rows_that_wait_for_the_sampling_decision_are_kept_if_the_resumed_part_fails(
    redis, open_handler, stored
):
    graph, options = asking_graph(), {"sample_rate": 0.0}
    first, second = open_handler(redis, **options), open_handler(redis, **options)
    served(first, graph, fails=True, thread=THREAD).invoke(QUESTION, config(first))
    assert first.flush(WAIT)
    assert redis.rows == 0
    with pytest.raises(ValueError, match="no"):
        served(second, graph, fails=True, thread=THREAD).invoke(
            Command(resume="yes"), config(second)
        )
    assert second.flush(WAIT)

    rows = stored(redis, count=5)
    assert len(rows.chats) == 4
    assert {row["metadata"]["sampling"]["rule"] for row in rows} == {"failed"}
    assert len({row["metadata"]["trace_unique_id"] for row in rows}) == 1


@pytest.mark.parametrize("removed", ["metadata", "metrics"])
def test_rows_of_both_processes_arrive_where_map_row_removes_a_part_of_them(
    removed, redis, open_handler, stored, platform
):
    def remove(row):
        del row[removed]
        return row

    app, rules = asking_graph(), Rules(keep(everything, to="all"))
    for given in (QUESTION, Command(resume="yes")):
        handler = open_handler(redis, rules=rules, map_row=remove)
        app.invoke(given, config(handler))
        assert handler.flush(WAIT)
        assert handler.stats.internal_errors == {}

    stored(redis, count=3)
    with Dataset.open("all", base_url=platform) as rows:
        assert len(list(rows)) == 3


def test_a_trace_that_sampling_leaves_out_gives_no_row_when_nobody_resumes_it(
    redis, open_handler, forward
):
    timeouts = TraceTimeouts(interrupted=0.2)
    handler = open_handler(redis, sample_rate=0.0, timeouts=timeouts)
    asking_graph().invoke(QUESTION, config(handler))
    assert handler.flush(WAIT)
    assert waiting(redis) == 1

    forward(redis)
    until(lambda: waiting(redis) == 0)
    assert redis.rows == 0
    assert int(redis.ask("GET", keys.BYTES) or 0) == 0


def test_without_consent_nothing_waits_in_redis(redis, open_handler):
    handler = open_handler(redis, consent=lambda root: False)
    asking_graph().invoke(QUESTION, config(handler))

    assert handler.flush(WAIT)
    assert traces(redis) == []


def test_a_trace_that_another_version_stored_is_sent_as_interrupted(redis, open_handler, stored):
    app, timeouts = asking_graph(), TraceTimeouts(interrupted=0.5)
    app.invoke(QUESTION, config(handler := open_handler(redis, timeouts=timeouts)))
    assert handler.flush(WAIT)
    store, [key] = TraceStore(redis.url, 10**6), traces(redis)
    store.put(key, replace(store.take([key]), record=b"{}"), 60.0)
    app.invoke(Command(resume="yes"), config(other := open_handler(redis, timeouts=timeouts)))
    assert other.flush(WAIT)

    rows = stored(redis, count=4).roots
    assert sorted(row["metadata"]["status"] for row in rows) == ["interrupted", "success"]


def test_what_waits_in_redis_is_redacted(redis, open_handler, stored):
    handler = open_handler(redis, redact=lambda text: text.replace("sneakers", "[shoes]"))
    asking_graph().invoke({"question": "Do sneakers have a return policy?"}, config(handler))
    assert handler.flush(WAIT)

    [entry] = redis.ask("HVALS", keys.TRACES)
    assert b"[shoes]" in entry
    assert b"sneakers" not in entry


def test_without_redis_an_interrupted_graph_is_a_row_of_its_own(redis, open_handler, stored):
    handler = open_handler(redis)
    redis.kill()
    asking_graph().invoke(QUESTION, config(handler))
    handler.process_pending()
    redis.start()
    assert handler.flush(WAIT)

    [root] = stored(redis, count=2).roots
    assert root["metadata"]["status"] == "interrupted"


def test_a_thread_whose_state_was_edited_goes_on_with_its_row_in_the_same_process(
    redis, open_handler, stored
):
    app = asking_graph()
    # In one process: they share a worker.
    first, second = (open_handler(redis, flush_interval=0.01) for _ in range(2))
    app.invoke(QUESTION, config(first))
    assert first.flush(WAIT)
    app.update_state(config(second), {"answer": "Within 60 days."}, as_node="approve")
    app.invoke(None, config(second))
    assert second.flush(WAIT)

    [root] = stored(redis, count=3).roots
    assert root["metrics"]["llm_calls"] == 2
