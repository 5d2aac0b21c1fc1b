"""One logical root gives one root row, wherever the handler is attached, with other tracers too."""

import asyncio

import pytest
from langchain_core.runnables import RunnableLambda
from langsmith import Client, traceable, tracing_context
from support.constructs import PROMPT, QUESTION, fallbacks, fallbacks_in_a_chain, sequence
from support.models import FakeChat


@pytest.mark.parametrize("make", [fallbacks, fallbacks_in_a_chain])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_fallbacks_are_one_root(make, asynchronous, handler, rows_of):
    if asynchronous:
        asyncio.run(make().ainvoke(QUESTION, {"callbacks": [handler]}))
    else:
        make().invoke(QUESTION, {"callbacks": [handler]})

    assert len(rows_of(handler).roots) == 1


def twice_in_a_list(handler):
    sequence().invoke(QUESTION, {"callbacks": [handler, handler]})


def bound_and_given(handler):
    sequence().with_config(callbacks=[handler]).invoke(QUESTION, {"callbacks": [handler]})


def on_the_model_and_given(handler):
    (PROMPT | FakeChat(callbacks=[handler])).invoke(QUESTION, {"callbacks": [handler]})


def given_again_inside(handler):
    def ask(asked):
        return sequence().invoke(asked, {"callbacks": [handler]})

    RunnableLambda(ask).invoke(QUESTION, {"callbacks": [handler]})


@pytest.mark.parametrize(
    "attach", [twice_in_a_list, bound_and_given, on_the_model_and_given, given_again_inside]
)
def test_a_handler_that_is_attached_twice_counts_once(attach, handler, rows_of):
    attach(handler)

    rows = rows_of(handler)
    [root], [chat] = rows.roots, rows.chats
    assert len(rows) == 2
    assert root["metrics"]["prompt_tokens"] == 12
    assert chat["metadata"]["span_parent_id"] is not None


def test_a_handler_on_a_model_gives_the_rows_of_its_calls(handler, rows_of):
    (PROMPT | FakeChat(callbacks=[handler])).invoke(QUESTION)

    [row] = rows_of(handler)
    assert row["metadata"]["log_type"] == "chat"
    assert "span_parent_id" not in row["metadata"]


@pytest.fixture
def langsmith():
    """Traces, and sends nothing anywhere."""

    class Mute(Client):
        def create_run(self, *_, **__):
            pass

        def update_run(self, *_, **__):
            pass

    return Mute(api_key="none", auto_batch_tracing=False)


@pytest.mark.parametrize("make", [sequence, fallbacks, fallbacks_in_a_chain])
def test_under_langsmiths_traceable_there_is_one_root(make, langsmith, handler, rows_of):
    asked = dict(QUESTION)

    @traceable
    def answer():
        found = make().invoke(asked, {"callbacks": [handler]})
        asked["question"] = "changed later"
        return found

    with tracing_context(enabled="local", client=langsmith):
        answer()

    [root] = rows_of(handler).roots
    assert root["input"] == QUESTION
    assert root["output"] == "Within 30 days, unworn."


def test_a_traceable_function_inside_a_chain_does_not_break_the_tree(langsmith, handler, rows_of):
    @traceable
    def answer(asked):
        return sequence().invoke(asked)

    with tracing_context(enabled="local", client=langsmith):
        RunnableLambda(answer).invoke(QUESTION, {"callbacks": [handler]})

    assert len(rows_of(handler).roots) == 1


def test_hidden_runs_give_no_rows_but_are_counted(make_handler, rows_of):
    handler = make_handler(capture=("root", "llm", "chain"))
    hidden = sequence().with_config(tags=["langsmith:hidden"], run_name="secret")
    (RunnableLambda(lambda asked: asked) | hidden).invoke(QUESTION, {"callbacks": [handler]})

    rows = rows_of(handler)
    [root] = rows.roots
    assert [row["metadata"]["span_name"] for row in rows] == ["RunnableLambda", "RunnableSequence"]
    assert root["metrics"]["llm_calls"] == 1


def test_runs_below_a_hidden_run_move_up(make_handler, rows_of):
    handler = make_handler(capture=("root", "llm", "chain"))

    def step(asked, config):
        # As langgraph does: the tag is the run's own, and what is under it does not inherit it.
        above = config["callbacks"]
        [run] = [above.copy()]
        run.add_tags(["langsmith:hidden"], inherit=False)
        return RunnableLambda(ask, name="hidden").invoke(asked, {"callbacks": run})

    def ask(asked):
        return sequence().invoke(asked)

    RunnableLambda(step, name="shown").invoke(QUESTION, {"callbacks": [handler]})

    rows = rows_of(handler)
    [root] = rows.roots
    [inner] = [row for row in rows if row["metadata"]["span_name"] == "RunnableSequence"]
    assert "hidden" not in {row["metadata"]["span_name"] for row in rows}
    assert inner["metadata"]["span_parent_id"] == root["metadata"]["span_unique_id"]
