"""A handler that hears only of what runs inside another run: that is a root like any other.

Its row shows the messages of that moment, and it is the latest root of its block.
"""

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import StructuredTool
from langsmith import Client, traceable, tracing_context
from support.constructs import QUESTION, lookup, sequence
from support.held import worker_held
from support.models import FakeChat

from respan_langchain.callbacks.base import last_root, scoped_last_root
from respan_langchain.callbacks.global_capture import capture

EXCHANGE = RunnableLambda(lambda asked: {"asked": asked, "found": ["a"]}, name="inner")


@pytest.fixture(autouse=True)
def _nothing_ran_before():
    with scoped_last_root():
        yield


def alone(work):
    work()


def in_a_chain(work):
    RunnableLambda(lambda _: work()).invoke("x")


def in_a_chain_of_someone_elses(work):
    RunnableLambda(lambda _: work()).invoke("x", {"callbacks": [BaseCallbackHandler()]})


def in_a_traceable_function(work):
    class Mute(Client):
        def create_run(self, *_, **__):
            pass

        def update_run(self, *_, **__):
            pass

    mute = Mute(api_key="none", auto_batch_tracing=False)
    with tracing_context(enabled="local", client=mute):
        traceable(work)()


PLACES = [alone, in_a_chain, in_a_chain_of_someone_elses, in_a_traceable_function]


def bound(app, asked, handler):
    return app.with_config(callbacks=[handler]).invoke(asked)


def given(app, asked, handler):
    return app.invoke(asked, {"callbacks": [handler]})


def streamed(app, asked, handler):
    [found] = app.with_config(callbacks=[handler]).stream(asked)
    return found


def bound_to_a_step(app, asked, handler):
    return (RunnableLambda(lambda x: x) | app.with_config(callbacks=[handler])).invoke(asked)


ATTACHED = [bound, given, streamed, bound_to_a_step]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("attach", ATTACHED)
def test_changes_by_the_app_do_not_reach_the_row_of_an_inner_root(
    place, attach, make_handler, rows_of
):
    handler = make_handler()
    asked = {"words": ["first"]}

    def work():
        found = attach(EXCHANGE, asked, handler)
        asked["words"].append("changed later")
        asked["more"] = "changed later"
        found["found"].append("changed later")
        found["more"] = "changed later"

    with worker_held(make_handler):
        place(work)

    [root] = rows_of(handler).roots
    assert root["input"] == {"words": ["first"]}
    assert root["output"]["found"] == ["a"]
    assert list(root["output"]) == ["asked", "found"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("app", "asked"),
    [(sequence(), QUESTION), (FakeChat(), "Hello"), (lookup, {"city": "Paris"})],
    ids=["chain", "model", "tool"],
)
def test_a_block_returns_its_latest_root(place, app, asked, platform):
    blocks = []

    def work():
        with capture("nightly", base_url=platform) as captured:
            app.invoke(asked)
        blocks.append(captured)

    place(work)

    [captured] = blocks
    assert str(captured.last_run_id) == captured.rows[-1]["metadata"]["run_id"]


def test_a_run_below_a_tool_with_its_own_handler_is_no_root(handler, rows_of):
    def ask(question):
        """Ask."""
        return sequence().with_config(callbacks=[handler]).invoke({"question": question})

    # Such a handler is not handed on to what the tool calls.
    StructuredTool.from_function(ask, callbacks=[handler]).invoke(QUESTION)

    [root] = rows_of(handler).roots
    assert root["metadata"]["span_name"] == "ask"
    assert str(last_root()) == root["metadata"]["run_id"]
