"""What a person thinks of a row: the output that should have been, a score, a comment."""

import sqlite3
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson

from respan_langchain._display import content_text
from respan_langchain.embedded.http import HttpError
from respan_langchain.embedded.store import datasets_table, logs_table, scores_table
from respan_langchain.embedded.store.log_columns import encode_json
from respan_langchain.embedded.store.scores_table import HUMAN_EVALUATOR, Score
from respan_langchain.embedded.store.store import Store
from respan_langchain.server.html import Html, element, log_link
from respan_langchain.server.preview import parse_stored, pretty

MAX_COPY_CHARS = 20_000
"""Characters of an output that can be taken over."""


def review_form(dataset_id: str, row: sqlite3.Row, scores: list[sqlite3.Row]) -> Html:
    """Make the form."""
    mine = next((one for one in scores if one["evaluator"] == HUMAN_EVALUATOR), None)
    expected = parse_stored(row["expected_output"])
    score = mine["score"] if mine else None
    return element(
        "form",
        element("h2", "Review"),
        _expected_output_field(expected, row),
        element("fieldset", element("legend", "Score"), *_score_choices(score), class_="marks"),
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


def _expected_output_field(expected: Any, row: sqlite3.Row) -> Html:
    is_text = expected is None or isinstance(expected, str)
    written = (expected or "") if is_text else pretty(expected)
    output = content_text(parse_stored(row["output"])) if row["output"] is not None else ""
    label = "Expected output" if is_text else "Expected output (JSON)"
    area = element(
        "textarea", written, name="expected_output", rows="5", dir="auto", data_key="edit",
        placeholder="What the output should have been",
    )  # fmt: skip
    kind = element("input", type="hidden", name="kind", value="text" if is_text else "json")
    use = element(
        "button", "Take over the output", type="button", class_="link",
        data_fill=output[:MAX_COPY_CHARS],
    ) if output and len(output) <= MAX_COPY_CHARS and is_text else None  # fmt: skip
    return element("div", element("label", label, area), kind, use, class_="expected")


def _score_choices(score: float | None) -> list[Html]:
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
    said = _parse_form(body)
    expected, score = _parse_expected_output(said), _parse_score(said)
    comment = said.get("comment", "").strip()
    with store.writing() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        row = logs_table.get(connection, dataset, unique_id)
        logs_table.set_expected_output(connection, row["seq"], expected)
        if score is None and not comment:
            scores_table.delete(connection, row["seq"], HUMAN_EVALUATOR)
        else:
            passed = None if score is None else score >= 0.5
            scores_table.upsert(
                connection, [Score(row["seq"], HUMAN_EVALUATOR, score, passed, comment)]
            )
        datasets_table.touch(connection, dataset)


def _parse_form(body: bytes) -> dict[str, str]:
    try:
        found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20)
    except (UnicodeDecodeError, ValueError) as error:
        raise HttpError(422, "The form is malformed.") from error
    # Browsers send line breaks as CR LF, and only those of a form.
    return {name: values[-1].replace("\r\n", "\n") for name, values in found.items()}


def _parse_expected_output(form: Mapping[str, str]) -> str | None:
    written = form.get("expected_output", "")
    if not written.strip():
        return None
    if form.get("kind") != "json":
        return encode_json(written)
    try:
        value = orjson.loads(written)
        if isinstance(value, str | dict | list):
            return encode_json(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise HttpError.for_field("expected_output", f"is not JSON: {error}") from error
    raise HttpError.for_field("expected_output", "must be a string, an object or an array")


def _parse_score(form: Mapping[str, str]) -> float | None:
    written = form.get("score", "")
    if written not in {"", "0", "0.5", "1"}:
        raise HttpError.for_field("score", "must be 0, 0.5 or 1")
    return float(written) if written else None
