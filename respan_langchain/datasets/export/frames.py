"""Rows for pandas, Parquet and Hugging Face; each is imported when it is asked for.

In pandas contents stay Python's; the two others want one type a column, so contents that are not
text stand as JSON.
"""

import importlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from respan_langchain.client.models import Log
from respan_langchain.datasets.export.columns import (
    COLUMNS,
    COUNTS,
    MOMENTS,
    NUMBERS,
    to_columns,
    to_text_columns,
)
from respan_langchain.datasets.export.files import Target, open_output
from respan_langchain.errors import MissingExtraError

ROW_GROUP_SIZE: Final = 5_000
"""Rows of one group of a Parquet file: what is held in memory at once."""


def pandas_frame(logs: Iterable[Log]) -> Any:
    """Make a DataFrame; tokens are nullable integers, so that unknown stays apart from 0."""
    pandas = import_optional("pandas")
    frame = pandas.DataFrame([to_columns(log) for log in logs], columns=list(COLUMNS))
    kinds = {**dict.fromkeys(COUNTS, "Int64"), **dict.fromkeys(NUMBERS, "Float64")}
    frame = frame.astype(kinds)
    for name in MOMENTS:
        frame[name] = pandas.to_datetime(frame[name], utc=True)
    return frame


def write_parquet(logs: Iterable[Log], target: Target) -> int:
    """Write a Parquet file, group by group; return how many rows it has."""
    arrow, parquet = import_optional("pyarrow"), import_optional("pyarrow.parquet")
    schema = _schema(arrow)
    written = 0
    with open_output(target, "wb") as file, parquet.ParquetWriter(file, schema) as writer:
        rows = _texts(logs)
        while group := list(islice(rows, ROW_GROUP_SIZE)):
            writer.write_table(arrow.Table.from_pylist(group, schema=schema))
            written += len(group)
    return written


def hugging_face_dataset(logs: Iterable[Log]) -> Any:
    """Make a `datasets.Dataset`."""
    datasets, arrow = import_optional("datasets"), import_optional("pyarrow")
    table = arrow.Table.from_pylist(list(_texts(logs)), schema=_schema(arrow))
    return datasets.Dataset(table)


def _texts(logs: Iterable[Log]) -> Iterator[dict[str, Any]]:
    return (to_text_columns(log) for log in logs)


def _schema(arrow: Any) -> Any:
    kinds = {
        **dict.fromkeys(COLUMNS, arrow.string()),
        **dict.fromkeys(COUNTS, arrow.int64()),
        **dict.fromkeys(NUMBERS, arrow.float64()),
        **dict.fromkeys(MOMENTS, arrow.timestamp("us", tz="UTC")),
    }
    return arrow.schema(list(kinds.items()))


def import_optional(module: str) -> Any:
    """Import something optional.

    Raises:
        MissingExtraError: It is not installed; the message says what to install.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as problem:
        raise MissingExtraError(
            f"This needs {package}, which is not installed: pip install {package}"
        ) from problem
