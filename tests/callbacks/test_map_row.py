"""`map_row`: rows that the app's function changes, multiplies or leaves out."""

from decimal import Decimal

import pytest
from langchain_core.runnables import RunnableLambda
from support.constructs import QUESTION, sequence

ECHO = RunnableLambda(lambda said: said)


@pytest.fixture
def captured(make_handler, rows_of):
    """Captures one call through a function, and returns the rows."""

    def capture(map_row, call=ECHO, given="hi", **options):
        handler = make_handler(map_row=map_row, **options)
        call.invoke(given, {"callbacks": [handler]})
        return rows_of(handler)

    return capture


def test_a_function_changes_a_row(captured):
    def shorten(row):
        row["metadata"]["price"] = Decimal("0.5")
        return {**row, "input": {"question": row["input"]}, "expected_output": 7}

    [row] = captured(shorten)

    assert row["input"] == {"question": "hi"}
    assert (row["output"], row["expected_output"]) == ("hi", "7")
    assert float(row["metadata"]["price"]) == 0.5
    assert row["metadata"]["span_name"] == "RunnableLambda"


def test_a_function_makes_several_rows_of_one(captured):
    rows = captured(lambda row: [{**row, "input": part} for part in "ab"])

    assert [row["input"] for row in rows] == ["a", "b"]
    assert len({row["custom_identifier"] for row in rows}) == 1


def test_a_function_leaves_rows_out(captured):
    def keep_chats(row):
        return row if row["metadata"]["log_type"] == "chat" else None

    rows = captured(keep_chats, sequence(), QUESTION)

    assert [row["metadata"]["log_type"] for row in rows] == ["chat"]


def test_a_function_sends_a_row_to_another_dataset(make_handler, rows_of):
    def sort(row):
        return {**row, "dataset": "chats"} if row["metadata"]["log_type"] == "chat" else row

    handler = make_handler(map_row=sort)
    sequence().invoke(QUESTION, {"callbacks": [handler]})

    assert [row["metadata"]["log_type"] for row in rows_of(handler, dataset="chats")] == ["chat"]
    assert len(rows_of(handler)) == 1


def test_what_a_function_adds_is_redacted(captured):
    key = "sk-proj-" + "a1B2c3D4" * 6

    [row] = captured(lambda row: {**row, "output": f"my key {key}"})

    assert key not in str(row)


def test_a_row_stays_findable_whatever_a_function_returns(captured):
    [row] = captured(lambda row: {"input": row["input"], "metadata": {"team": "x"}})

    assert row["custom_identifier"]
    assert row["metadata"]["team"] == "x"


def test_a_function_changes_only_its_own_row(captured):
    def spoil(row):
        if row["metadata"]["log_type"] == "chat":
            row["metadata"]["team"]["name"] = "spoilt"
        return row

    rows = captured(spoil, sequence(), QUESTION, metadata={"team": {"name": "x"}})

    assert rows.chats[0]["metadata"]["team"] == {"name": "spoilt"}
    assert rows.roots[0]["metadata"]["team"] == {"name": "x"}


def spelled(row):
    return row["inptu"]


@pytest.mark.parametrize(
    ("function", "did"),
    [
        (spelled, "raised KeyError"),
        (lambda row: "row", "raised TypeError"),
        (lambda row: {**row, "answer": 1}, "raised TypeError"),
        (lambda row: {**row, "metadata": "x"}, "raised TypeError"),
        (lambda row: 7, "raised TypeError"),
    ],
    ids=["raises", "text", "unknown-field", "metadata", "number"],
)
def test_a_row_whose_function_fails_is_counted_and_not_sent(function, did, make_handler, rows_of):
    handler = make_handler(map_row=function)
    ECHO.invoke("hi", {"callbacks": [handler]})

    assert rows_of(handler, may_fail=True) == []
    [(cause, count)] = handler.stats.internal_errors.items()
    assert cause.startswith("map_row: ")
    assert (cause.endswith(did), count) == (True, 1)
