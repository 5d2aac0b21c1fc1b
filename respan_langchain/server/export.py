"""What is filtered, as a file: JSONL with whole rows, or CSV for a spreadsheet."""

import csv
import io
import re
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from respan_langchain._cell_format import to_csv_cell, to_text
from respan_langchain.embedded.endpoints.serialize import serialize_log, serialize_score
from respan_langchain.embedded.http import Response
from respan_langchain.embedded.store import datasets_table, logs_table, scores_table
from respan_langchain.embedded.store.fields import Condition
from respan_langchain.embedded.store.filters import all_of
from respan_langchain.embedded.store.store import Store
from respan_langchain.embedded.store.timestamps import format_timestamp
from respan_langchain.server.layout import SECURITY_HEADERS
from respan_langchain.server.preview import parse_stored
from respan_langchain.server.query import View

BATCH_SIZE = 200
"""Rows that are read at once."""
CSV_COLUMNS = (
    "unique_id", "timestamp", "log_type", "span_name", "model", "status", "status_code",
    "input", "output", "expected_output", "prompt_tokens", "completion_tokens", "total_tokens",
    "cost", "latency", "time_to_first_token", "error_message", "custom_identifier",
    "thread_identifier", "customer_identifier", "metadata",
)  # fmt: skip
TYPES = {".jsonl": "application/x-ndjson", ".csv": "text/csv; charset=utf-8"}


def export(store: Store, dataset_id: str, view: View, suffix: str) -> Response:
    """Answer with a file, read from the store as it is sent; the oldest row first."""
    with store.reading() as connection:
        dataset = datasets_table.get(connection, dataset_id)
        newest = logs_table.get_last_seq(connection)
        condition = all_of([view.condition(newest), Condition("seq <= ?", (newest,))])
    portions = _read_batches(store, dataset["seq"], condition)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", dataset["name"]).strip("-.") or "dataset"
    headers = SECURITY_HEADERS | {
        "content-type": TYPES[suffix],
        "content-disposition": f'attachment; filename="{name}{suffix}"',
    }
    return Response(200, headers=headers, chunks=WRITERS[suffix](portions))


Rows = list[tuple[sqlite3.Row, list[sqlite3.Row]]]
"""Logs, each with its scores."""


def _read_batches(store: Store, dataset: int, condition: Condition) -> Iterator[Rows]:
    done = 0
    while True:
        following = all_of([condition, Condition("seq > ?", (done,))])
        with store.reading() as connection:
            rows = logs_table.list_page(
                connection, dataset, following, order="seq ASC", limit=BATCH_SIZE
            )
            scores = scores_table.list_for_logs(connection, [row["seq"] for row in rows])
        if not rows:
            return
        yield [(row, scores.get(row["seq"], [])) for row in rows]
        done = rows[-1]["seq"]


def _as_jsonl(portions: Iterator[Rows]) -> Iterator[bytes]:
    for rows in portions:
        yield b"".join(
            orjson.dumps(
                serialize_log(row) | {"scores": [serialize_score(score) for score in scores]},
                option=orjson.OPT_APPEND_NEWLINE,
            )
            for row, scores in rows
        )


def _as_csv(portions: Iterator[Rows]) -> Iterator[bytes]:
    # The mark tells spreadsheets that this is UTF-8.
    yield "\ufeff".encode() + _csv([list(CSV_COLUMNS)])
    for rows in portions:
        yield _csv([[_cell(row, name) for name in CSV_COLUMNS] for row, _ in rows])


def _csv(lines: list[list[Any]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(lines)
    return file.getvalue().encode()


def _cell(row: sqlite3.Row, name: str) -> Any:
    if name == "timestamp":
        return format_timestamp(row["happened_at"])
    value = row[name]
    if name in {"input", "output", "expected_output"}:
        content = parse_stored(value)
        value = to_text(content) if isinstance(content, str) else value
    return to_csv_cell(value)


WRITERS: dict[str, Callable[[Iterator[Rows]], Iterator[bytes]]] = {
    ".jsonl": _as_jsonl,
    ".csv": _as_csv,
}
