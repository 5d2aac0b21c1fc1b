"""What failed on the way is counted on the row, and the row's status is the run's own."""

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import ToolException, tool
from support.constructs import CONSTRUCTS, QUESTION, Shelf, fallbacks, retry, sequence
from support.models import FakeChat


@tool
def broken(city: str) -> str:
    """Never works."""
    raise ToolException("no such city")


def call(of, **arguments):
    return {"type": "tool_call", "name": of.name, "args": arguments, "id": "call_7"}


def rescued(of):
    """The same tool, which tells the model what went wrong instead of raising."""
    return of.model_copy(update={"handle_tool_error": True})


def test_a_tool_that_answered_with_an_error_is_counted_and_its_run_is_a_success(handler, rows_of):
    answer = RunnableLambda(lambda city: rescued(broken).invoke(call(broken, city=city)))
    answer.invoke("Paris", {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "success"
    assert (root["metrics"]["tool_calls"], root["metrics"]["tool_errors"]) == (1, 1)
    [step] = root["metadata"]["trajectory"]
    assert (step["tool"], step["status"], step["tool_call_id"]) == ("broken", "error", "call_7")


def test_a_tool_that_raised_is_an_error_on_its_own_row_and_counted_on_the_root(
    make_handler, rows_of
):
    handler = make_handler(capture=("root", "tool"))

    def ask(city):
        try:
            return broken.invoke({"city": city})
        except ToolException:
            return "unknown"

    RunnableLambda(ask).invoke("Paris", {"callbacks": [handler]})

    rows = rows_of(handler)
    [root] = rows.roots
    [tried] = [row for row in rows if row["metadata"]["log_type"] == "tool"]
    assert (root["metadata"]["status"], root["metrics"]["tool_errors"]) == ("success", 1)
    assert tried["metadata"]["error_type"] == "langchain_core.tools.base.ToolException"
    assert tried["metadata"]["error_message"] == "no such city"
    assert tried["input"] == {"city": "Paris"}


def test_each_failed_fallback_is_counted(handler, rows_of):
    fallbacks().invoke(QUESTION, {"callbacks": [handler]})

    rows = rows_of(handler)
    [root] = rows.roots
    assert (root["metadata"]["status"], root["metrics"]["fallbacks"]) == ("success", 2)
    assert root["metrics"]["llm_calls"] == 3
    assert [row["metadata"]["status"] for row in rows.chats] == ["error", "error", "success"]
    assert root["metrics"]["prompt_tokens"] == 12


def test_fallbacks_that_all_fail_are_an_error(handler, rows_of):
    app = FakeChat(fails=True).with_fallbacks([FakeChat(fails=True)])
    with pytest.raises(ValueError, match="the model is out"):
        app.invoke("Hello", {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "error"
    assert root["metrics"]["fallbacks"] == 1


def test_attempts_are_counted_and_the_row_is_a_success(handler, rows_of):
    retry().invoke(QUESTION, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["metrics"]["retries"]) == ("success", 1)


def test_attempts_at_a_model_are_counted_once_each(handler, rows_of):
    app = sequence(fails=True).with_retry(stop_after_attempt=4, wait_exponential_jitter=False)
    with pytest.raises(ValueError, match="the model is out"):
        app.invoke(QUESTION, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["metrics"]["retries"]) == ("error", 3)


def test_a_retriever_that_fails_is_an_error(make_handler, rows_of):
    class Lost(Shelf):
        def _get_relevant_documents(self, query, *, run_manager):
            raise LookupError("no shelf")

    handler = make_handler(capture=("root", "retriever"))
    with pytest.raises(LookupError):
        (RunnableLambda(str) | Lost()).invoke("shoes", {"callbacks": [handler]})

    assert {row["metadata"]["error_type"] for row in rows_of(handler)} == {"LookupError"}


def test_a_keyboard_interrupt_is_an_error_row(handler, rows_of):
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RunnableLambda(stop).invoke("x", {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert root["metadata"]["error_type"] == "KeyboardInterrupt"


def test_the_candidates_of_one_call_are_all_kept_and_its_tokens_counted_once(handler, rows_of):
    FakeChat(n=2).invoke("Hello", {"callbacks": [handler]})

    [row] = rows_of(handler)
    assert len(row["metadata"]["candidates"]) == 2
    assert row["metrics"]["prompt_tokens"] == 12


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_no_construct_leaves_open_runs(construct, handler, rows_of):
    make, asked = CONSTRUCTS[construct]
    for _ in range(3):
        make().invoke(asked, {"callbacks": [handler]})

    assert len(rows_of(handler).roots) == 3
    assert handler.stats.open_runs == 0
