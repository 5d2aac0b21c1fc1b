"""Exports of the filtered rows: streamed from the store, with the columns of `datasets/export`."""

import csv
import io
import re
import sqlite3
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast, get_args

import orjson

from respan_langchain.client.models import Log
from respan_langchain.datasets.export.frames import write_parquet
from respan_langchain.datasets.export.presets import Preset, to_preset
from respan_langchain.datasets.export.rows import COLUMNS, ExactLog, json_text, to_csv_cells
from respan_langchain.embedded.endpoints.serialize import serialize_log, serialize_score
from respan_langchain.embedded.http import HttpError, Response
from respan_langchain.embedded.store import datasets_table, logs_table, scores_table
from respan_langchain.embedded.store.fields import SqlCondition
from respan_langchain.embedded.store.filters import all_of
from respan_langchain.embedded.store.store import Store
from respan_langchain.server.layout import SECURITY_HEADERS
from respan_langchain.server.query import View

BATCH_SIZE = 200
"""Rows that are read at once."""
CHUNK_SIZE = 64 * 1024
"""Bytes of a Parquet file that are sent at once."""
CONTENT_TYPES = {
    ".jsonl": "application/x-ndjson",
    ".csv": "text/csv; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}
PRESETS: tuple[Preset, ...] = get_args(Preset)

Batches = Iterator[list[bytes]]
"""Serialized logs, in the API's JSON."""


def export(
    store: Store, dataset_id: str, view: View, suffix: str, preset: str | None = None
) -> Response:
    """Build the response of an export, the oldest row first; rows are read while it is sent.

    `suffix` is one of `CONTENT_TYPES`. Without a `preset`, JSON lines have the form of the API.
    """
    if suffix == ".parquet" and not can_write_parquet():
        raise HttpError(501, "Parquet needs pyarrow: pip install pyarrow")
    if preset is not None and preset not in PRESETS:
        raise HttpError.for_field("preset", f"must be one of {', '.join(PRESETS)}")
    with store.reading() as connection:
        dataset = datasets_table.get(connection, dataset_id)
        newest = logs_table.get_last_seq(connection)
        condition = all_of([view.condition(newest), SqlCondition("seq <= ?", (newest,))])
    batches = _read_batches(store, dataset["seq"], condition)
    headers = SECURITY_HEADERS | {
        "content-type": CONTENT_TYPES[suffix],
        "content-disposition": f'attachment; filename="{_file_name(dataset, preset)}{suffix}"',
    }
    return Response(200, headers=headers, chunks=_write(batches, suffix, preset))


def can_write_parquet() -> bool:
    """Whether the package that writes Parquet is installed."""
    return find_spec("pyarrow") is not None


def _file_name(dataset: sqlite3.Row, preset: str | None) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", dataset["name"]).strip("-.") or "dataset"
    return name if preset is None else f"{name}.{preset}"


def _read_batches(store: Store, dataset: int, condition: SqlCondition) -> Batches:
    done = 0
    while True:
        following = all_of([condition, SqlCondition("seq > ?", (done,))])
        with store.reading() as connection:
            rows = logs_table.list_page(
                connection, dataset, following, order="seq ASC", limit=BATCH_SIZE
            )
            scores = scores_table.list_for_logs(connection, [row["seq"] for row in rows])
        if not rows:
            return
        yield [_serialize(row, scores.get(row["seq"], [])) for row in rows]
        done = rows[-1]["seq"]


def _serialize(row: sqlite3.Row, scores: list[sqlite3.Row]) -> bytes:
    return orjson.dumps(
        serialize_log(row) | {"scores": [serialize_score(score) for score in scores]}
    )


def _write(batches: Batches, suffix: str, preset: str | None) -> Iterator[bytes]:
    if suffix == ".csv":
        return _write_csv(batches)
    if suffix == ".parquet":
        return _write_parquet(batches)
    if preset is None:
        return _write_jsonl(batches)
    return _write_preset(batches, cast("Preset", preset))


def _write_jsonl(batches: Batches) -> Iterator[bytes]:
    for logs in batches:
        yield b"".join(log + b"\n" for log in logs)


def _write_preset(batches: Batches, preset: Preset) -> Iterator[bytes]:
    for logs in batches:
        lines = [json_text(to_preset(preset, _parse_log(log))) for log in logs]
        yield "".join(f"{line}\n" for line in lines).encode(errors="replace")


def _write_csv(batches: Batches) -> Iterator[bytes]:
    # The byte order mark tells spreadsheets that this is UTF-8.
    yield "\ufeff".encode() + _csv_lines([list(COLUMNS)])
    for logs in batches:
        yield _csv_lines([list(to_csv_cells(_parse_log(log)).values()) for log in logs])


def _write_parquet(batches: Batches) -> Iterator[bytes]:
    logs = (_parse_log(log) for batch in batches for log in batch)
    with TemporaryDirectory(prefix="respan-") as folder:
        path = Path(folder) / "rows.parquet"
        write_parquet(logs, path)
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_SIZE):
                yield chunk


def _csv_lines(rows: list[list[object]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode(errors="replace")


def _parse_log(log: bytes) -> Log:
    return ExactLog.model_validate_json(log)
