"""`map_row`: a function of the app that changes a row, makes several of it, or none. Pure."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import wraps
from typing import Any, Final, NamedTuple, TypeAlias, cast

from respan_langchain._arguments import check_dataset_name
from respan_langchain.client.subject import RUN_KEYS
from respan_langchain.rows.content import allowed_value
from respan_langchain.rows.schema import Row
from respan_langchain.serialization.json_value import json_value
from respan_langchain.tracing.call_settings import MAX_IDENTIFIER

MapRow: TypeAlias = Callable[
    [dict[str, Any]], Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
]
CONTENT: Final = ("input", "output", "expected_output")
FIELDS: Final = {*CONTENT, "metadata", "metrics", "dataset"}


class MappedRow(NamedTuple):
    """A row that the app made."""

    row: Row
    dataset: str | None
    """The name of another dataset that it goes to."""


def row_mapping(function: MapRow) -> Callable[[Row], list[MappedRow]]:
    """Return the app's function as one from a row to rows.

    It is called with a copy of the row, and returns a row, a list of rows, or None for no row.
    """

    @wraps(function)
    def mapping(row: Row) -> list[MappedRow]:
        # The values of a row may be those of other rows, too.
        result = function(deepcopy({**row}))
        if result is None:
            return []
        mapped = [result] if isinstance(result, Mapping) else result
        return [_read(each, row, number) for number, each in enumerate(mapped, start=1)]

    return mapping


def _read(mapped: Any, row: Row, number: int) -> MappedRow:
    """Return one of the rows that the app made of a row, as JSON values.

    Feedback and transfers find it by its `custom_identifier`, `forget` by the ids of its run.

    Raises:
        TypeError: It is no row.
        ConfigurationError: Its `dataset` is no name.
    """
    fields = json_value(mapped)
    if not isinstance(fields, dict) or not fields.keys() <= FIELDS:
        raise TypeError(
            "a row has input, output, expected_output, metadata, metrics and dataset only"
        )
    content = {
        name: allowed_value(fields[name]) for name in CONTENT if fields.get(name) is not None
    }
    metadata, metrics = fields.get("metadata", {}), fields.get("metrics", {})
    if not isinstance(metadata, dict) or not isinstance(metrics, dict):
        raise TypeError("metadata and metrics of a row are mappings")
    metadata |= {key: row["metadata"][key] for key in RUN_KEYS}
    if number > 1:
        metadata["custom_identifier"] = _number(str(metadata["custom_identifier"]), number)
    mapped_row = cast("Row", {"input": "", **content, "metadata": metadata, "metrics": metrics})
    dataset = fields.get("dataset")
    return MappedRow(
        mapped_row, None if dataset is None else check_dataset_name("dataset", dataset)
    )


def _number(identifier: str, number: int) -> str:
    suffix = f"-{number}"
    return identifier[: MAX_IDENTIFIER - len(suffix)] + suffix
