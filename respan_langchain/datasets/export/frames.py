"""Logs for pandas, Parquet and Hugging Face; each library is imported when it is used.

A pandas frame keeps contents as Python objects. The two others need one type for each column, so
contents that are not text are JSON there.
"""

import importlib
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final
from uuid import uuid4

from respan_langchain.client.models import Log
from respan_langchain.datasets.export.files import OutputPath, open_output
from respan_langchain.datasets.export.messages import MESSAGE_FIELDS, build_conversation
from respan_langchain.datasets.export.rows import (
    COLUMNS,
    CONTENTS,
    COUNTS,
    NUMBERS,
    TEXTS,
    to_columns,
    to_row,
    to_text_columns,
)
from respan_langchain.errors import MissingExtraError

ROW_GROUP_SIZE: Final = 5_000
"""Rows of one group of a Parquet file, which is held in memory."""


def pandas_frame(logs: Iterable[Log]) -> Any:
    """Build a DataFrame; tokens are nullable integers, so unknown is not 0."""
    pandas = import_optional("pandas")
    frame = pandas.DataFrame([to_columns(log) for log in logs], columns=list(COLUMNS))
    texts = [name for name in TEXTS if name not in CONTENTS]
    types = {
        **dict.fromkeys(texts, "string"),
        **dict.fromkeys(COUNTS, "Int64"),
        **dict.fromkeys(NUMBERS, "Float64"),
    }
    frame = frame.astype(types)
    frame["timestamp"] = pandas.to_datetime(frame["timestamp"], utc=True)
    return frame


def write_parquet(logs: Iterable[Log], target: OutputPath) -> int:
    """Write a Parquet file group by group; return the number of rows."""
    arrow, parquet = import_optional("pyarrow"), import_optional("pyarrow.parquet")
    schema = _schema(arrow)
    written = 0
    with open_output(target, "wb") as file, parquet.ParquetWriter(file, schema) as writer:
        rows = map(to_text_columns, logs)
        while group := list(islice(rows, ROW_GROUP_SIZE)):
            writer.write_table(arrow.Table.from_pylist(group, schema=schema))
            written += len(group)
    return written


def hugging_face_dataset(logs: Iterable[Log]) -> Any:
    """Build a `datasets.Dataset`; its column `messages` has the conversation of each row."""
    datasets, arrow = import_optional("datasets"), import_optional("pyarrow")
    message = arrow.struct([(name, arrow.string()) for name in MESSAGE_FIELDS])
    schema = _schema(arrow).append(arrow.field("messages", arrow.list_(message)))
    rows = [{**to_text_columns(log), "messages": build_conversation(to_row(log))} for log in logs]
    table = arrow.Table.from_pylist(rows, schema=schema)
    # Without a fingerprint, datasets pickles the table, which fails with pyarrow 26 and dill 0.4.
    return datasets.Dataset(table, fingerprint=uuid4().hex)


def _schema(arrow: Any) -> Any:
    kinds = {
        **dict.fromkeys(COLUMNS, arrow.string()),
        **dict.fromkeys(COUNTS, arrow.int64()),
        **dict.fromkeys(NUMBERS, arrow.float64()),
        "timestamp": arrow.timestamp("us", tz="UTC"),
    }
    return arrow.schema(list(kinds.items()))


def import_optional(module: str) -> Any:
    """Import an optional package.

    Raises:
        MissingExtraError: It is not installed; the message says how to install it.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as problem:
        raise MissingExtraError(
            f"This needs {package}, which is not installed: pip install {package}"
        ) from problem
