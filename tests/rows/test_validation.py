"""`validated`: root rows whose output is not what a pydantic model or a JSON schema says."""

import subprocess
import sys
from uuid import uuid4

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

    def capture(app, given="hi", schema=Order, **options):
        handler = make_handler(map_row=validated(schema, **options))
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
    assert (cause, count) == ("map_row: respan_langchain.validated raised InvalidOutputError", 1)
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
    [
        (dict, "mark", "expected a pydantic model"),
        ({"type": "text"}, "mark", "no JSON schema: 'text' is not valid"),
        (Order, "drop", 'expected "mark" or "reject"'),
    ],
)
def test_a_wrong_argument_is_an_error(model, on_invalid, problem):
    with pytest.raises(ConfigurationError, match=problem):
        validated(model, on_invalid=on_invalid)


SCHEMA = {
    "type": "object",
    "properties": {"number": {"type": "integer"}, "items": {"items": {"maxLength": 5}}},
    "required": ["number"],
}


@pytest.mark.parametrize("output", [{"number": 7}, '{"number": 7, "items": ["a"]}'])
def test_an_output_that_satisfies_a_json_schema_is_not_marked(output, captured):
    [row] = captured(returns(output), schema=SCHEMA)

    assert "invalid" not in row["metadata"]


@pytest.mark.parametrize(
    ("output", "path", "error"),
    [
        ({"number": PRIVATE}, "number", "type"),
        ({"number": 1, "items": [PRIVATE]}, "items.0", "maxLength"),
        ({"items": []}, "", "required"),
        (PRIVATE, "", "json_invalid"),
        (None, "", "type"),
    ],
    ids=["type", "length", "required", "text", "none"],
)
def test_an_output_that_a_json_schema_refuses_is_marked_without_its_values(
    output, path, error, captured
):
    [row] = captured(returns(output), schema=SCHEMA)

    assert row["metadata"]["invalid"] == [{"path": path, "error": error}]


def test_a_json_schema_fetches_no_references(make_handler, rows_of):
    schema = {"$ref": "http://127.0.0.1:9/schema.json"}
    handler = make_handler(map_row=validated(schema))
    returns({"number": 1}).invoke("hi", {"callbacks": [handler]})

    assert rows_of(handler, may_fail=True) == []
    assert "validated raised" in next(iter(handler.stats.internal_errors))


def test_invalid_rows_go_to_another_dataset_and_their_model_calls_do_not(make_handler, rows_of):
    handler = make_handler(map_row=validated(Order, to="quarantine"))
    run_id = uuid4()
    sequence().invoke(QUESTION, {"callbacks": [handler], "run_id": run_id})
    returns({"number": 1}).invoke("hi", {"callbacks": [handler]})
    handler.feedback(run_id, score=0.0)

    [invalid] = rows_of(handler, dataset="quarantine")
    assert invalid["metadata"]["invalid"]
    assert invalid["metadata"]["scores"][0]["score"] == 0.0
    kept = rows_of(handler)
    assert (len(kept.roots), len(kept.chats)) == (1, 1)


def test_a_rejected_row_goes_nowhere():
    with pytest.raises(ConfigurationError, match="to: a row is not sent"):
        validated(Order, on_invalid="reject", to="quarantine")


def test_without_jsonschema_the_error_names_the_extra():
    code = (
        "import sys; sys.modules['jsonschema'] = None\n"
        "from respan_langchain import validated, ConfigurationError\n"
        "try: validated({})\n"
        "except ConfigurationError as error: print(error)"
    )

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "respan-langchain[schema]" in shown.stdout
