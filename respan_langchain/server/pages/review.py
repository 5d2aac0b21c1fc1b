"""The review form of a row: the expected output, a score and a comment by a person."""

import sqlite3
import time
from collections.abc import Mapping
from typing import Any

import orjson

from respan_langchain._display import content_text
from respan_langchain.embedded.http import HttpError
from respan_langchain.embedded.store import datasets_table, logs_table, scores_table
from respan_langchain.embedded.store.log_columns import encode_json
from respan_langchain.embedded.store.scores_table import HUMAN_EVALUATOR, Score
from respan_langchain.server.formatting import format_age
from respan_langchain.server.html import (
    Html,
    element,
    join,
    log_link,
    time_element,
    visible_text,
)
from respan_langchain.server.page_request import PageRequest
from respan_langchain.server.preview import parse_stored, pretty

MAX_COPY_CHARS = 20_000
"""An output up to this many characters can be copied into the expected output."""
MAX_AUTHOR_CHARS = 100

CHOICES = (("1", "Good", "1"), ("0.5", "So-so", "2"), ("0", "Bad", "3"), ("", "None", "0"))
"""The values of the score, their names and their keys."""


def review_form(
    dataset_id: str, row: sqlite3.Row, scores: list[sqlite3.Row], *, queue_query: str | None = None
) -> Html:
    """Build the form; with the query of a review queue, saving leads to the queue's next row."""
    review = next((score for score in scores if score["evaluator"] == HUMAN_EVALUATOR), None)
    in_queue = queue_query is not None
    return element(
        "form.review",
        element("div.review-head", element("h2", "Review"), _byline(review)),
        _expected_output_field(row),
        _score_field(review["score"] if review else None),
        _comment_field(review["comment"] if review else ""),
        _author_field(review["author"] if review else ""),
        _reviewed_field(is_reviewed=review is not None) if in_queue else None,
        element(
            "button.primary",
            "Save and next" if in_queue else "Save",
            element("kbd", "Ctrl Enter") if in_queue else None,
            type="submit",
            data_key="save",
        ),
        method="post",
        action=log_link(dataset_id, row["unique_id"], "review", queue_query or ""),
        data_review=None if in_queue else True,
        data_queue=in_queue,
        data_draft=row["unique_id"],
    )


def _byline(review: sqlite3.Row | None) -> Html | None:
    if review is None:
        return None
    age = time_element(review["created_at"], format_age(review["created_at"], time.time()))
    by = join(" by ", visible_text(review["author"])) if review["author"] else None
    return element("p.hint", "Reviewed", by, ", ", age)


def _expected_output_field(row: sqlite3.Row) -> Html:
    expected = parse_stored(row["expected_output"])
    is_text = expected is None or isinstance(expected, str)
    area = element(
        "textarea",
        (expected or "") if is_text else pretty(expected),
        name="expected_output",
        rows="5",
        dir="auto",
        data_key="edit",
        placeholder="What the output should have been",
    )
    label = "Expected output" if is_text else "Expected output (JSON)"
    kind = element("input", type="hidden", name="kind", value="text" if is_text else "json")
    copy = _copy_button(row) if is_text else None
    return element("div.expected", element("label", label, area), kind, copy)


def _copy_button(row: sqlite3.Row) -> Html | None:
    output = content_text(parse_stored(row["output"])) if row["output"] is not None else ""
    if not output or len(output) > MAX_COPY_CHARS:
        return None
    return element(
        "button.link", "Copy from the output", type="button", data_fill=output,
        data_key="copy-output",
    )  # fmt: skip


def _score_field(score: float | None) -> Html:
    choices = [
        element(
            "label",
            element(
                "input",
                type="radio",
                name="score",
                value=value,
                checked=(score is None) if value == "" else score == float(value),
            ),
            element("span", name, element("kbd", key)),
        )
        for value, name, key in CHOICES
    ]
    return element("fieldset.marks", element("legend", "Score"), *choices)


def _comment_field(comment: str) -> Html:
    area = element("textarea", comment, name="comment", rows="2", dir="auto", data_key="comment")
    return element("label", "Comment", area)


def _author_field(author: str) -> Html:
    field = element(
        "input",
        name="author",
        value=author,
        maxlength=MAX_AUTHOR_CHARS,
        autocomplete="name",
        data_remember="author",
    )
    return element("label.author", "Your name", field)


def _reviewed_field(*, is_reviewed: bool) -> Html:
    """Mark the row as reviewed even if the form is empty; undo removes the mark."""
    return element(
        "input", type="hidden", name="reviewed", value="1", data_before="1" if is_reviewed else ""
    )


def save_review(asked: PageRequest) -> None:
    """Store a review; an empty expected output is cleared, and an empty review is deleted.

    Raises:
        HttpError: 400, when a field is not valid.
    """
    form = asked.form
    expected, score = _parse_expected_output(form), _parse_score(form)
    comment = form.get("comment", "").strip()
    author = form.get("author", "").strip()[:MAX_AUTHOR_CHARS]
    is_empty = score is None and not comment and not form.get("reviewed")
    with asked.store.writing() as connection:
        dataset = datasets_table.get_seq(connection, asked.dataset_id)
        row = logs_table.get(connection, dataset, asked.unique_id)
        logs_table.set_content(connection, row["seq"], "expected_output", expected)
        if is_empty:
            scores_table.delete(connection, row["seq"], HUMAN_EVALUATOR)
        else:
            passed = None if score is None else score >= 0.5
            review = Score(row["seq"], HUMAN_EVALUATOR, score, passed, comment, author)
            scores_table.upsert(connection, [review])
        datasets_table.touch(connection, dataset)


def _parse_expected_output(form: Mapping[str, str]) -> str | None:
    text = form.get("expected_output", "")
    if not text.strip():
        return None
    if form.get("kind") != "json":
        return encode_json(text)
    try:
        value: Any = orjson.loads(text)
        if isinstance(value, str | dict | list):
            return encode_json(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise HttpError.for_field("expected_output", f"is not JSON: {error}") from error
    raise HttpError.for_field("expected_output", "must be a string, an object or an array")


def _parse_score(form: Mapping[str, str]) -> float | None:
    text = form.get("score", "")
    if text not in {"", "0", "0.5", "1"}:
        raise HttpError.for_field("score", "must be 0, 0.5 or 1")
    return float(text) if text else None
