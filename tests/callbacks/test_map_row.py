"""`map_row`: rows that the app's function changes, multiplies or leaves out."""

from decimal import Decimal
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableLambda
from support.constructs import QUESTION, sequence

ECHO = RunnableLambda(lambda said: said)


def split(row):
    return [{**row, "input": part} for part in row["input"]]


@pytest.fixture
def captured(make_handler, rows_of):
    """Captures one call through a function, and returns the rows."""

    def capture(map_row, call=ECHO, given="hi", custom_identifier=None, **options):
        handler = make_handler(map_row=map_row, **options)
        named = {"respan": {"custom_identifier": custom_identifier}}
        call.invoke(given, {"callbacks": [handler], "metadata": named if custom_identifier else {}})
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
    rows = captured(split, given="abc")

    identifier = rows[0]["metadata"]["run_id"]
    assert [(row["input"], row["custom_identifier"]) for row in rows] == [
        ("a", identifier),
        ("b", f"{identifier}-2"),
        ("c", f"{identifier}-3"),
    ]


def test_a_long_identifier_has_room_for_the_number_of_its_row(captured):
    rows = captured(split, given="ab", custom_identifier="x" * 254)

    assert [row["custom_identifier"] for row in rows] == ["x" * 254, "x" * 252 + "-2"]


def test_feedback_on_a_run_is_on_the_first_of_its_rows(make_handler, rows_of):
    handler, run_id = make_handler(map_row=split), uuid4()
    ECHO.invoke("ab", {"callbacks": [handler], "run_id": run_id})
    handler.feedback(run_id, score=1)
    handler.feedback(f"{run_id}-2", score=0)

    rows = rows_of(handler)

    assert [row["metadata"]["scores"][0]["score"] for row in rows] == [1.0, 0.0]


def test_feedback_finds_a_row_by_its_identifier_in_another_dataset(make_handler, rows_of):
    def sort(row):
        return [row, {**row, "dataset": "others"}]

    handler, run_id = make_handler(map_row=sort), uuid4()
    ECHO.invoke("hi", {"callbacks": [handler], "run_id": run_id})
    handler.flush()
    handler.feedback(f"{run_id}-2", score=0)

    [row] = rows_of(handler, dataset="others")

    assert [score["score"] for score in row["metadata"]["scores"]] == [0.0]


def test_forget_removes_all_rows_that_a_function_made_of_a_trace(make_handler, rows_of):
    def strip(row):
        return [{"input": row["input"]}, {"input": row["output"]}]

    handler, run_id = make_handler(map_row=strip), uuid4()
    sequence().invoke(QUESTION, {"callbacks": [handler], "run_id": run_id})
    assert len(rows_of(handler)) == 4

    receipt = handler.forget(run=run_id)

    assert (receipt.total, rows_of(handler)) == (4, [])


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
