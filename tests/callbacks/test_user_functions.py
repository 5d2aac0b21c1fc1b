"""Functions that the app gives: one that fails costs what it was asked for, and is said once."""

import json

import pytest
from support.constructs import QUESTION, sequence


def misspelt(text):
    return text.repalce("a", "b")


def forgetful(text):
    text.upper()


def deaf():
    return ""


def lost(*_):
    raise LookupError("hunter2")


@pytest.mark.parametrize(
    ("arguments", "named", "did"),
    [
        ({"redact": misspelt}, "redact: {}.misspelt", "raised AttributeError"),
        ({"redact": ["secrets", forgetful]}, "redact: {}.forgetful", "returned NoneType"),
        ({"redact": deaf}, "redact: {}.deaf", "raised TypeError"),
        ({"prices": lost}, "prices: {}.lost", "raised LookupError"),
        ({"on_row": lost}, "on_row: {}.lost", "raised LookupError"),
    ],
    ids=["raises", "gives nothing", "takes nothing", "prices", "on_row"],
)
def test_a_user_function_that_fails_is_counted_and_logged_once(
    arguments, named, did, make_handler, caplog
):
    fault = f"{named.format(__name__)} {did}"
    handler = make_handler(**arguments)
    for _ in range(3):
        sequence().invoke(QUESTION, {"callbacks": [handler]})

    assert handler.flush(timeout=20)
    assert handler.stats.delivered == 6
    [(cause, count)] = handler.stats.internal_errors.items()
    assert (cause, count >= 3) == (fault, True)
    [message] = [each.getMessage() for each in caplog.records if "respan" in each.name]
    assert message.startswith(f"respan_langchain: {fault}")
    assert QUESTION["question"] not in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("redactor", [misspelt, forgetful, deaf])
def test_a_redactor_that_fails_sends_no_content(redactor, make_handler):
    bodies = []
    handler = make_handler(redact=redactor, on_row=bodies.append)
    sequence().invoke(QUESTION, {"callbacks": [handler]})
    handler.flush(timeout=20)

    assert len(bodies) == 2
    assert QUESTION["question"].encode() not in b"".join(bodies)


def test_a_price_function_that_fails_leaves_the_cost_unknown(make_handler):
    bodies = []
    handler = make_handler(prices=lost, on_row=bodies.append)
    sequence().invoke(QUESTION, {"callbacks": [handler]})
    handler.flush(timeout=20)

    for row in map(json.loads, bodies):
        assert row["metadata"]["cost_status"] == "unknown"
        assert "cost" not in row["metrics"]


def test_a_callable_without_a_name_is_named_by_its_class(make_handler):
    from functools import partial

    handler = make_handler(redact=partial(lost, 1))
    sequence().invoke(QUESTION, {"callbacks": [handler]})
    handler.flush(timeout=20)

    [cause] = handler.stats.internal_errors
    assert cause == "redact: functools.partial raised LookupError"
