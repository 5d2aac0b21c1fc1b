"""`handler.forget` removes a customer's rows everywhere, and its receipt says where they were."""

from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint
from langgraph.types import Command, interrupt
from support.constructs import QUESTION
from support.graphs import ASKED, agent, asking_graph
from support.models import FakeChat

from respan_langchain import ConfigurationError
from respan_langchain.embedded.store.search_index import index_batch
from respan_langchain.embedded.store.store import open_store
from respan_langchain.pipeline.destination import spool_directory
from respan_langchain.rules import Rules, everything, keep
from respan_langchain.settings.reading import read_settings

NOWHERE = {"base_url": "http://127.0.0.1:9", "api_key": "key"}


def ask(handler, customer, thread="t", run=None):
    config = {"callbacks": [handler], "metadata": {"user_id": customer, "thread_id": thread}}
    agent().invoke(ASKED, {**config, "run_id": run or uuid4()})


def customers(rows):
    return {row["metadata"]["customer_identifier"] for row in rows}


def test_stored_rows_of_a_customer_are_deleted(make_handler, rows_of, platform):
    handler = make_handler()
    ask(handler, "ann")
    ask(handler, "bob")
    before = rows_of(handler)
    assert customers(before) == {"ann", "bob"}

    receipt = handler.forget(customer="ann")

    assert receipt
    assert (receipt.memory, receipt.disk, receipt.base_url) == (0, {}, platform)
    assert [*receipt.platform.values()] == [len(before) // 2]
    assert receipt.total == len(before) // 2
    assert customers(rows_of(handler)) == {"bob"}
    assert handler.forget(customer="ann").total == 0


def test_all_rows_of_the_trace_of_a_run_are_deleted(make_handler, rows_of):
    handler = make_handler()
    run = uuid4()
    ask(handler, "ann", run=run)
    ask(handler, "ann", thread="other")
    count = len(rows_of(handler))

    assert handler.forget(run=run).total == count / 2
    assert handler.forget(thread="t").total == 0
    assert handler.forget(customer="ann", thread="other").total == count / 2


def test_a_customer_is_found_by_the_pseudonym(make_handler, rows_of):
    handler = make_handler(redact="personal", pseudonym_key="correct horse battery staple")
    ask(handler, "ann@mail.example")
    ask(handler, "bob@mail.example")
    rows_of(handler)

    assert handler.forget(customer="Ann@mail.example").total > 0
    assert len(customers(rows_of(handler))) == 1


def test_rows_that_wait_are_never_sent(make_handler):
    handler = make_handler(**NOWHERE, flush_interval=3_600)
    ask(handler, "ann")
    ask(handler, "bob")

    receipt = handler.forget(customer="ann", timeout=1)

    assert receipt.memory > 0
    assert not receipt
    assert "127.0.0.1:9" in receipt.problems[0]
    stats = handler.stats
    assert stats.dropped == {"forgotten": receipt.memory}
    assert stats.pending == stats.captured - receipt.memory > 0
    handler._worker.discard_pending("the test is over")


def test_rows_that_another_worker_left_on_disk_are_deleted(tmp_path, make_handler):
    spool = tmp_path / "spool"
    other = make_handler(**NOWHERE, delivery="durable", spool_dir=spool, flush_interval=3_600)
    ask(other, "ann")
    ask(other, "bob")
    other.process_pending()
    other._worker.discard_pending("it ends")
    count = other.stats.spooled / 2

    receipt = make_handler(**NOWHERE, spool_dir=spool).forget(customer="ann", timeout=1)

    assert [*receipt.disk.values()] == [count]
    [file] = spool.rglob("*.db")
    assert [*receipt.disk] == [str(file)]
    assert b'"bob"' in b"".join(path.read_bytes() for path in spool.rglob("*.db*"))


def test_a_spool_file_that_cannot_be_read_is_named(tmp_path, make_handler):
    handler = make_handler(**NOWHERE, spool_dir=tmp_path / "spool")
    folder = spool_directory(read_settings(**NOWHERE, spool_dir=tmp_path / "spool"))
    folder.mkdir(parents=True)
    (folder / "1.db").write_text("no database")

    problems = handler.forget(customer="ann", timeout=1).problems

    assert any("1.db" in problem for problem in problems)


def test_rows_of_this_process_on_disk_are_deleted_and_counted(tmp_path, make_handler):
    handler = make_handler(
        **NOWHERE,
        delivery="spill",
        spool_dir=tmp_path / "spool",
        max_queue_rows=4,
        flush_interval=3_600,
    )
    for _ in range(7):
        config = {"callbacks": [handler], "metadata": {"user_id": "ann"}}
        RunnableLambda(str).invoke("Hello", config)
    handler.process_pending()

    receipt = handler.forget(customer="ann", timeout=1)

    assert receipt.total == 7
    assert receipt.disk.keys() == {"spool"}
    assert handler.stats.dropped == {"forgotten": 7}
    assert (handler.stats.pending, handler.stats.spooled) == (0, 0)


PRIVATE = "Zyxquat lives at 4 Privet Drive"
WORDS = (b"Zyxquat", b"zyxquat")


def say(handler, text, customer):
    config = {"callbacks": [handler], "metadata": {"user_id": customer}}
    RunnableLambda(str).invoke(text, config)


def bytes_of(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_no_bytes_of_a_forgotten_row_are_left_in_the_files_of_the_platform(tmp_path, make_handler):
    url = f"sqlite:///{tmp_path}/store.db"
    handler = make_handler(base_url=url)
    for text, customer in ((PRIVATE, "ann"), (PRIVATE * 2_000, "ann"), ("Hello", "bob")):
        say(handler, text, customer)
        assert handler.flush()
    store = open_store(url)
    with store.writing() as connection:
        index_batch(connection, newest=3)
    assert any(word in bytes_of(tmp_path) for word in WORDS)

    receipt = handler.forget(customer="ann")

    assert (receipt.total, receipt.problems) == (2, ())
    assert not any(word in bytes_of(tmp_path) for word in WORDS)
    assert b"bob" in bytes_of(tmp_path)


def test_a_file_that_is_being_read_is_named_since_bytes_are_left(tmp_path, make_handler):
    url = f"sqlite:///{tmp_path}/store.db"
    handler = make_handler(base_url=url)
    say(handler, PRIVATE, "ann")
    assert handler.flush()

    with open_store(url).reading() as connection:
        connection.execute("SELECT count(*) FROM logs").fetchone()
        receipt = handler.forget(customer="ann")

    assert receipt.total == 1
    assert "-wal" in receipt.problems[0]
    assert handler.forget(customer="ann")


def test_no_bytes_of_a_forgotten_row_are_left_in_the_spool(tmp_path, make_handler):
    spool = tmp_path / "spool"
    handler = make_handler(**NOWHERE, delivery="durable", spool_dir=spool, flush_interval=3_600)
    say(handler, PRIVATE, "ann")
    say(handler, "Hello", "bob")
    handler.process_pending()
    handler._worker.sync_to_disk(20)
    assert b"Zyxquat" in bytes_of(spool)

    assert handler.forget(customer="ann", timeout=1).total == 1

    assert b"Zyxquat" not in bytes_of(spool)
    assert b"bob" in bytes_of(spool)
    handler._worker.discard_pending("the test is over")


@pytest.mark.parametrize("options", [{}, {"rules": Rules(keep(everything))}], ids=["all", "rules"])
@pytest.mark.parametrize("by", ["customer", "thread", "run"])
def test_a_call_that_has_not_ended_gives_no_rows(by, options, make_handler, rows_of):
    handler = make_handler(**options)
    run = uuid4()
    whose = {"customer": "ann", "thread": "t", "run": run}
    receipts = []

    def forget(said):
        receipts.append(handler.forget(**{by: whose[by]}))
        return said

    chain = RunnableLambda(forget) | FakeChat()
    metadata = {"user_id": "ann", "thread_id": "t"}
    chain.invoke("hi", {"callbacks": [handler], "metadata": metadata, "run_id": run})

    assert rows_of(handler) == []
    assert receipts[0].open_traces == 1
    assert handler.forget(**{by: whose[by]}).open_traces == 0


def test_calls_of_others_that_have_not_ended_are_captured(make_handler, rows_of):
    handler = make_handler()
    chain = RunnableLambda(lambda said: handler.forget(customer="bob") and said)
    chain.invoke("hi", {"callbacks": [handler], "metadata": {"user_id": "ann"}})

    assert customers(rows_of(handler)) == {"ann"}


def as_ann(handler):
    return {
        "callbacks": [handler],
        "metadata": {"user_id": "ann"},
        "configurable": {"thread_id": "t"},
    }


def test_a_graph_that_waits_for_a_person_gives_no_rows(make_handler, rows_of):
    handler = make_handler(rules=Rules(keep(everything)))
    asking_graph().invoke(QUESTION, as_ann(handler))
    handler.process_pending()
    assert handler.stats.open_runs == 1

    # Another handler of the same destination, as each request of a web app has one.
    receipt = make_handler().forget(customer="ann")

    assert (receipt.open_traces, handler.stats.open_runs) == (1, 0)
    assert rows_of(handler) == []


def test_a_call_that_was_forgotten_gives_no_rows_when_it_is_resumed(make_handler, rows_of):
    handler = make_handler()
    first_call = [handler]

    @entrypoint(checkpointer=InMemorySaver())
    def ask(question):
        while first_call:
            first_call.pop().forget(customer="ann")
        return interrupt(question)

    ask.invoke("Refund?", as_ann(handler))
    handler.process_pending()
    ask.invoke(Command(resume="yes"), as_ann(handler))

    assert rows_of(handler) == []


def test_a_redis_that_cannot_be_reached_is_named(make_handler):
    pytest.importorskip("redis")
    handler = make_handler(via="redis://127.0.0.1:9/0")

    [problem] = handler.forget(customer="ann", timeout=1).problems
    assert "Redis" in problem


def test_forget_needs_somebody(make_handler):
    with pytest.raises(ConfigurationError, match="give a customer, a thread or a run"):
        make_handler().forget()
