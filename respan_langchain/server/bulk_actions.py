"""What a form does with the rows that are marked: add to a dataset, tag, score, delete."""

import sqlite3
from collections.abc import Callable

import orjson

from respan_langchain.embedded.endpoints.datasets import parse_name
from respan_langchain.embedded.http import HttpError, Response
from respan_langchain.embedded.store import bulk, datasets_table, logs_table, scores_table
from respan_langchain.embedded.store.fields import SqlCondition
from respan_langchain.embedded.store.filters import all_of
from respan_langchain.embedded.store.log_columns import encode_json
from respan_langchain.embedded.store.scores_table import HUMAN_EVALUATOR, Score, upsert
from respan_langchain.embedded.store.store import Store
from respan_langchain.server.html import dataset_link
from respan_langchain.server.page_request import PageRequest

MAX_MARKED = 500
MAX_TAG_CHARS = 100


def carry_out(asked: PageRequest) -> Response:
    """Carry out the action of a form on its rows, then show the dataset again.

    Raises:
        HttpError: 400, when the form is not valid; nothing was changed then.
    """
    fields = asked.repeated_fields
    marked = list(dict.fromkeys(fields.get("row", [])))
    if not 1 <= len(marked) <= MAX_MARKED:
        raise HttpError(400, f"Mark 1 to {MAX_MARKED} rows.")
    form = {name: values[-1] for name, values in fields.items()}
    action = ACTIONS.get(form.get("action", ""))
    if action is None:
        raise HttpError.for_field("action", f"must be one of {', '.join(ACTIONS)}")
    with asked.store.reading() as connection:
        dataset = datasets_table.get_seq(connection, asked.dataset_id)
    action(asked.store, dataset, marked, form)
    return Response(303, headers={"location": dataset_link(asked.dataset_id)})


Form = dict[str, str]


def _add(store: Store, dataset: int, marked: list[str], form: Form) -> None:
    """Copy the rows, with their expected outputs, into a dataset that is created if needed."""
    name = parse_name("target", form.get("target", ""))
    with store.writing() as connection:
        target = datasets_table.find_or_insert(connection, name)
        if target == dataset:
            raise HttpError.for_field("target", "is the dataset of these rows")
        datasets_table.touch(connection, target)
    own = SqlCondition("logs.dataset = ?", (dataset,))
    bulk.copy_matching(store, target, all_of([own, _are(marked)]), 100.0)


def _tag(store: Store, dataset: int, marked: list[str], form: Form) -> None:
    """Add a tag to the rows' `metadata.tags`."""
    tag = form.get("tag", "").strip()
    if not 1 <= len(tag) <= MAX_TAG_CHARS:
        raise HttpError.for_field("tag", f"must have 1 to {MAX_TAG_CHARS} characters")
    with store.writing() as connection:
        for unique_id in marked:
            row = logs_table.get(connection, dataset, unique_id)
            metadata = orjson.loads(row["metadata"] or b"{}")
            tags = metadata.get("tags")
            kept = tags if isinstance(tags, list) else []
            metadata["tags"] = list(dict.fromkeys([*map(str, kept), tag]))
            logs_table.set_content(connection, row["seq"], "metadata", encode_json(metadata))
        datasets_table.touch(connection, dataset)


def _score(store: Store, dataset: int, marked: list[str], form: Form) -> None:
    """Give the rows a score by a person; comments that they have are kept."""
    text = form.get("score", "")
    if text not in {"0", "0.5", "1"}:
        raise HttpError.for_field("score", "must be 0, 0.5 or 1")
    value, author = float(text), form.get("author", "").strip()[:MAX_TAG_CHARS]
    with store.writing() as connection:
        rows = [logs_table.get(connection, dataset, unique_id) for unique_id in marked]
        comments = _read_comments(connection, rows)
        upsert(
            connection,
            [
                Score(row["seq"], HUMAN_EVALUATOR, value, value >= 0.5,
                      comments.get(row["seq"], ""), author)
                for row in rows
            ],
        )  # fmt: skip
        datasets_table.touch(connection, dataset)


def _read_comments(connection: sqlite3.Connection, rows: list[sqlite3.Row]) -> dict[int, str]:
    found = scores_table.list_for_logs(connection, [row["seq"] for row in rows])
    return {
        seq: one["comment"]
        for seq, scores in found.items()
        for one in scores
        if one["evaluator"] == HUMAN_EVALUATOR
    }


def _delete(store: Store, dataset: int, marked: list[str], _: Form) -> None:
    bulk.delete_matching(store, dataset, _are(marked))


def _are(marked: list[str]) -> SqlCondition:
    return SqlCondition(
        "logs.unique_id IN (SELECT value FROM json_each(?))", (orjson.dumps(marked).decode(),)
    )


ACTIONS: dict[str, Callable[[Store, int, list[str], Form], None]] = {
    "add": _add, "tag": _tag, "score": _score, "delete": _delete,
}  # fmt: skip
