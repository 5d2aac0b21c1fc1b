"""`validated`: root rows whose output is not what a pydantic model says."""

import pytest
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel, field_validator
from support.constructs import QUESTION, sequence

from respan_langchain import ConfigurationError, validated

PRIVATE = "Mrs. Smith of 4 Privet Drive"


class Order(BaseModel):
    """What the app returns."""

    number: int
    items: list[str] = []

    @field_validator("items")
    @classmethod
    def check_items(cls, items):
        if PRIVATE in items:
            raise ValueError(f"{PRIVATE} is no item")
        return items


def returns(output):
    return RunnableLambda(lambda _: output)


@pytest.fixture
def captured(make_handler, rows_of):
    """Captures one call whose output is validated, and returns the rows."""

    def capture(app, given="hi", **options):
        handler = make_handler(map_row=validated(Order, **options))
        app.invoke(given, {"callbacks": [handler]})
        return rows_of(handler)

    return capture


@pytest.mark.parametrize("output", [{"number": 7}, '{"number": 7, "items": ["a"]}'])
def test_a_valid_output_is_not_marked(output, captured):
    [row] = captured(returns(output))

    assert "invalid" not in row["metadata"]


@pytest.mark.parametrize(
    ("output", "path", "error"),
    [
        ({"number": PRIVATE}, "number", "int_parsing"),
        ({"number": 1, "items": [PRIVATE]}, "items", "value_error"),
        ({"items": []}, "number", "missing"),
        ("no JSON", "", "json_invalid"),
        (None, "", "model_type"),
    ],
    ids=["value", "validator", "missing", "text", "none"],
)
def test_an_invalid_output_is_marked_without_its_values(output, path, error, captured):
    [row] = captured(returns(output))

    assert row["metadata"]["invalid"] == [{"path": path, "error": error}]


def test_only_the_first_errors_are_listed(captured):
    [row] = captured(returns({"number": 1, "items": list(range(1_000))}))

    assert len(row["metadata"]["invalid"]) == 10


def test_a_rejected_row_is_not_sent_and_counted(make_handler, rows_of, caplog):
    handler = make_handler(map_row=validated(Order, on_invalid="reject"))
    for output in ({"number": PRIVATE}, {"number": 1}):
        returns(output).invoke("hi", {"callbacks": [handler]})

    [row] = rows_of(handler, may_fail=True)
    assert row["output"] == {"number": 1}
    [(cause, count)] = handler.stats.internal_errors.items()
    assert ("validate_output raised ValidationError" in cause, count) == (True, 1)
    assert PRIVATE not in caplog.text


def test_rows_of_model_calls_are_not_validated(captured):
    rows = captured(sequence(), QUESTION)

    assert "invalid" in rows.roots[0]["metadata"]
    assert "invalid" not in rows.chats[0]["metadata"]


def test_a_call_that_failed_is_not_validated(make_handler, rows_of):
    handler = make_handler(map_row=validated(Order, on_invalid="reject"))
    with pytest.raises(ValueError, match="out"):
        sequence(fails=True).invoke(QUESTION, {"callbacks": [handler]})

    assert {row["metadata"]["status"] for row in rows_of(handler)} == {"error"}


@pytest.mark.parametrize(
    ("model", "on_invalid", "problem"),
    [(dict, "mark", "expected a pydantic model"), (Order, "drop", 'expected "mark" or "reject"')],
)
def test_a_wrong_argument_is_an_error(model, on_invalid, problem):
    with pytest.raises(ConfigurationError, match=problem):
        validated(model, on_invalid=on_invalid)
