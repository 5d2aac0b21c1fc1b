"""`handler.feedback`: it is on the right row, whenever it is given."""

import json
import threading
from uuid import uuid4

import httpx
import pytest
from langchain_core.runnables import RunnableLambda
from support.models import FakeChat

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.errors import ConfigurationError
from respan_langchain.rules import Rules, everything, keep

ECHO = RunnableLambda(lambda said: said)


def ask(handler, **config):
    run_id = uuid4()
    ECHO.invoke("hi", {"callbacks": [handler], "run_id": run_id, **config})
    return run_id


def ratings(row):
    scores = row["metadata"].get("scores", [])
    return [(one["name"], one.get("score"), one.get("comment")) for one in scores]


@pytest.fixture
def slow_handler(make_handler):
    """A handler whose rows wait until a flush."""
    return make_handler(flush_interval=3600.0)


def test_feedback_on_a_row_that_waits_is_merged_into_it(slow_handler, rows_of):
    run_id = ask(slow_handler)
    slow_handler.feedback(run_id, score=0, comment="wrong policy", expected_output="14 days")
    slow_handler.process_pending()
    slow_handler.feedback(str(run_id), score=1.0, name="judge")

    assert slow_handler.flush()

    (row,) = rows_of(slow_handler).roots
    assert ratings(row) == [("feedback", 0.0, "wrong policy"), ("judge", 1.0, None)]
    assert (row["input"], row["output"], row["expected_output"]) == ("hi", "hi", "14 days")
    assert slow_handler.stats.feedback == {"applied": 2}
    assert slow_handler.stats.captured == 1


def test_feedback_on_a_stored_row_changes_it(handler, rows_of):
    run_id = ask(handler)
    handler.flush()
    handler.feedback(run_id, score=1, comment="good")

    assert handler.flush()

    (row,) = rows_of(handler).roots
    assert ratings(row) == [("feedback", 1.0, "good")]
    assert row["metadata"]["run_id"] == str(run_id)
    assert handler.stats.feedback == {"applied": 1}


def test_feedback_that_is_given_before_the_run_ends_is_on_its_row(slow_handler, rows_of):
    run_id = uuid4()

    def rate(said):
        slow_handler.feedback(run_id, score=0.5)
        slow_handler.process_pending()
        assert slow_handler.stats.feedback == {"waiting": 1}
        return said

    RunnableLambda(rate).invoke("hi", {"callbacks": [slow_handler], "run_id": run_id})
    slow_handler.flush()

    assert ratings(rows_of(slow_handler).roots[0]) == [("feedback", 0.5, None)]


def test_feedback_on_a_model_call_is_on_the_row_of_that_call(slow_handler, rows_of):
    run_id = uuid4()
    config = {"callbacks": [slow_handler], "run_id": run_id}
    chain = RunnableLambda(lambda said: FakeChat().invoke(said, config))
    chain.invoke("hi", {"callbacks": [slow_handler]})
    slow_handler.feedback(run_id, expected_output={"role": "assistant", "content": "Hello!"})
    slow_handler.flush()

    rows = rows_of(slow_handler)
    assert rows.chats[0]["expected_output"] == {"role": "assistant", "content": "Hello!"}
    assert rows.roots[0]["expected_output"] is None


def test_a_row_with_an_identifier_of_its_own_is_found_by_either(handler, rows_of):
    call = {"metadata": {"respan": {"custom_identifier": "ticket-7"}}}
    run_id = ask(handler, **call)
    handler.flush()
    handler.feedback(run_id, score=1.0)
    handler.feedback("ticket-7", score=0.0, name="other")

    assert handler.flush()

    assert ratings(rows_of(handler).roots[0]) == [("feedback", 1.0, None), ("other", 0.0, None)]


def test_feedback_on_a_row_of_another_dataset_is_sent_there(handler, rows_of):
    run_id = ask(handler, metadata={"respan": {"dataset": "elsewhere"}})
    handler.flush()
    handler.feedback(run_id, score=1.0)

    assert handler.flush()

    assert ratings(rows_of(handler, dataset="elsewhere").roots[0]) == [("feedback", 1.0, None)]


def test_feedback_on_a_row_that_a_rule_sends_elsewhere_is_sent_there(make_handler, rows_of):
    handler = make_handler(rules=Rules(keep(everything, to="elsewhere")))
    run_id = ask(handler)
    handler.flush()
    handler.feedback(run_id, score=1.0)

    assert handler.flush()

    assert ratings(rows_of(handler, dataset="elsewhere").roots[0]) == [("feedback", 1.0, None)]


def test_feedback_on_a_run_without_a_row_waits_and_delays_no_flush(make_handler):
    handler = make_handler(sample_rate=0.0)
    run_id = ask(handler)
    handler.feedback(run_id, score=1.0)

    assert handler.flush(60.0)

    assert handler.stats.feedback == {"waiting": 1}
    assert handler.forget(run=run_id).memory == 1
    assert handler.stats.feedback == {"expired": 1}


def test_feedback_after_the_shutdown_is_counted(handler):
    run_id = ask(handler)
    handler.shutdown()
    handler.feedback(run_id, score=1.0)

    assert handler.stats.feedback == {"expired": 1}


def test_secrets_in_feedback_are_redacted(slow_handler, rows_of):
    key = "sk-proj-" + "a1B2c3D4" * 6
    slow_handler.feedback(ask(slow_handler), comment=f"my key {key}", expected_output=key)
    slow_handler.flush()

    assert key not in str(rows_of(slow_handler))


def test_without_content_feedback_is_a_score_alone(make_handler, rows_of):
    handler = make_handler(content=False)
    handler.feedback(ask(handler), score=1.0, comment="secret", expected_output="secret")
    handler.flush()

    (row,) = rows_of(handler).roots
    assert ratings(row) == [("feedback", 1.0, None)]
    assert row["expected_output"] is None


@pytest.mark.parametrize("given", [{}, {"score": float("nan")}], ids=["nothing", "nan"])
def test_feedback_that_says_nothing_raises_where_it_is_given(given, handler):
    with pytest.raises(ConfigurationError, match="score"):
        handler.feedback(uuid4(), **given)


def test_feedback_makes_no_request_on_the_thread_that_gives_it():
    run_id = str(uuid4())
    log = {"unique_id": "u1", "metadata": {"custom_identifier": run_id, "page": "returns"}}
    answers = {
        "/api/datasets/list/": {"results": [{"id": "d1", "name": "d"}]},
        "/api/datasets/d1/logs/list/": {"results": [log]},
        "/api/datasets/d1/logs/u1/": log,
    }
    requests = []

    def respond(request):
        requests.append((request.method, threading.get_ident(), request.content))
        return httpx.Response(200, json=answers[request.url.path])

    with httpx.Client(transport=httpx.MockTransport(respond)) as client:
        handler = RespanDatasetCallbackHandler("d", api_key="k", http_client=client)
        handler.feedback(run_id, score=1.0)
        assert handler.shutdown()

    method, _, body = requests[-1]
    changed = json.loads(body)["metadata"]
    assert (method, changed["page"], changed["scores"][0]["score"]) == ("PATCH", "returns", 1.0)
    assert threading.get_ident() not in {thread for _, thread, _ in requests}
