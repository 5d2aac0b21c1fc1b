"""What a person thinks of a row: the output that should have been, a score, a comment."""

import sqlite3
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson

from respan_langchain.embedded.endpoints.evaluators import text_of
from respan_langchain.embedded.endpoints.log_validation import encoded
from respan_langchain.embedded.http import RefusedError
from respan_langchain.embedded.store import datasets_table, logs_table, scores_table
from respan_langchain.embedded.store.scores_table import HUMAN, Score
from respan_langchain.embedded.store.store import Store
from respan_langchain.server.html import Html, element, log_link
from respan_langchain.server.preview import loaded, pretty

LONGEST = 20_000
"""Characters of an output that can be taken over."""


def review_form(dataset_id: str, row: sqlite3.Row, scores: list[dict[str, Any]]) -> Html:
    """Make the form."""
    mine = next((one for one in scores if one["evaluator_slug"] == HUMAN), None)
    expected = loaded(row["expected_output"])
    score = mine["score"] if mine else None
    return element(
        "form",
        element("h2", "Review"),
        _expected(expected, row),
        element("fieldset", element("legend", "Score"), *_marks(score), class_="marks"),
        element(
            "label",
            "Comment",
            element(
                "textarea", mine["comment"] if mine else "", name="comment", rows="2", dir="auto"
            ),
        ),
        element("button", "Save", type="submit", class_="primary"),
        method="post",
        action=log_link(dataset_id, row["unique_id"], "review"),
        class_="review",
        data_review=True,
    )


def _expected(expected: Any, row: sqlite3.Row) -> Html:
    is_text = expected is None or isinstance(expected, str)
    written = (expected or "") if is_text else pretty(expected)
    output = text_of(loaded(row["output"])) if row["output"] is not None else ""
    label = "Expected output" if is_text else "Expected output (JSON)"
    area = element(
        "textarea", written, name="expected_output", rows="5", dir="auto", data_key="edit",
        placeholder="What the output should have been",
    )  # fmt: skip
    kind = element("input", type="hidden", name="kind", value="text" if is_text else "json")
    use = element(
        "button", "Take over the output", type="button", class_="link",
        data_fill=output[:LONGEST],
    ) if output and len(output) <= LONGEST and is_text else None  # fmt: skip
    return element("div", element("label", label, area), kind, use, class_="expected")


def _marks(score: float | None) -> list[Html]:
    marks = [("1", "Good"), ("0.5", "So-so"), ("0", "Bad"), ("", "None")]
    return [
        element(
            "label",
            element(
                "input",
                type="radio",
                name="score",
                value=value,
                checked=(score is None) if value == "" else score == float(value),
            ),
            element("span", name),
        )
        for value, name in marks
    ]


def save(store: Store, dataset_id: str, unique_id: str, body: bytes) -> None:
    """Keep what a person wrote; an empty expected output takes it back.

    Raises:
        RefusedError: 400, when it cannot be kept as it is.
    """
    said = _form(body)
    expected, score = _expected_in(said), _score_in(said)
    comment = said.get("comment", "").strip()
    with store.writing() as connection:
        dataset = datasets_table.find_seq(connection, dataset_id)
        row = logs_table.find(connection, dataset, unique_id)
        logs_table.expect(connection, row["seq"], expected)
        if score is None and not comment:
            scores_table.withdraw(connection, row["seq"], HUMAN)
        else:
            passed = None if score is None else score >= 0.5
            scores_table.put(connection, [Score(row["seq"], HUMAN, score, passed, comment)])
        datasets_table.touch(connection, dataset)


def _form(body: bytes) -> dict[str, str]:
    try:
        found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20)
    except (UnicodeDecodeError, ValueError) as error:
        raise RefusedError(422, "The form is malformed.") from error
    # Browsers send line breaks as CR LF, and only those of a form.
    return {name: values[-1].replace("\r\n", "\n") for name, values in found.items()}


def _expected_in(said: Mapping[str, str]) -> str | None:
    written = said.get("expected_output", "")
    if not written.strip():
        return None
    if said.get("kind") != "json":
        return encoded(written)
    try:
        value = orjson.loads(written)
        if isinstance(value, str | dict | list):
            return encoded(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise RefusedError.of_field("expected_output", f"is not JSON: {error}") from error
    raise RefusedError.of_field("expected_output", "must be a string, an object or an array")


def _score_in(said: Mapping[str, str]) -> float | None:
    written = said.get("score", "")
    if written not in {"", "0", "0.5", "1"}:
        raise RefusedError.of_field("score", "must be 0, 0.5 or 1")
    return float(written) if written else None
