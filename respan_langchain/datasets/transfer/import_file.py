"""Reads rows from JSON lines and CSV files, as exported or with columns of other names.

A line that is not a valid row is recorded with its reason and skipped.
"""

import csv
import json
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, Final, Literal

from respan_langchain.datasets.cell_format import from_text
from respan_langchain.datasets.export.rows import CONTENTS, COUNTS, NUMBERS
from respan_langchain.datasets.transfer.transfer_row import TransferRow
from respan_langchain.errors import ConfigurationError

PARTS: Final = (*CONTENTS, "metadata", "metrics")
ADDED: Final = frozenset({
    "unique_id", "id", "scores", "created_at", "updated_at", "timestamp", "start_time",
    "total_request_tokens", *COUNTS, *NUMBERS,
})  # fmt: skip
"""Columns that the platform adds to a row, and those that repeat its metrics."""
ImportFormat = Literal["jsonl", "csv"]
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


class InvalidLineError(Exception):
    """Why a line is not a valid row."""


@dataclass(frozen=True)
class ImportColumns:
    """Where the contents of a row are: a column, or a path into one such as `item.input`."""

    input: str = "input"
    output: str = "output"
    expected_output: str = "expected_output"


@dataclass
class ImportFile:
    """A file of rows, as the source of a transfer."""

    path: str
    """A path, or `-` for the standard input."""
    kind: ImportFormat
    columns: ImportColumns = field(default_factory=ImportColumns)
    problems: list[str] = field(default_factory=list)
    """The invalid lines, each with its reason."""
    key: tuple[str, ...] = field(default=("import",), init=False)
    """Rows are identified by their content, so all files share one progress file of a dataset."""
    description: str = field(default="imported files", init=False)
    _ids_read: set[str] = field(default_factory=set, init=False, repr=False)

    def rows(self) -> Iterator[TransferRow]:
        """Iterate over the valid rows.

        Raises:
            ConfigurationError: The file cannot be read.
        """
        occurrences: Counter[str] = Counter()
        with _open(self.path) as file:
            for number, line in _read_lines(file, self.kind):
                try:
                    content = self._build_content(_parse_line(line))
                except InvalidLineError as problem:
                    self.problems.append(f"line {number}: {problem}")
                    continue
                row = _build_transfer_row(content, occurrences)
                self._ids_read.add(row.source_id)
                yield row

    def existing_ids(self, source_ids: Collection[str]) -> set[str]:
        """Return which of these ids were in the file so far."""
        return self._ids_read & set(source_ids)

    def _build_content(self, line: Mapping[str, Any]) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for name in CONTENTS:
            value = _get_path(line, getattr(self.columns, name))
            if value is not None:
                content[name] = value if isinstance(value, str | dict | list) else json.dumps(value)
        if "input" not in content:
            names = ", ".join(map(str, line)) or "no fields"
            raise InvalidLineError(f"no field {self.columns.input!r}; the line has {names}")
        for name in ("metadata", "metrics"):
            part = line.get(name)
            if part is not None and not isinstance(part, dict):
                raise InvalidLineError(f"{name} is not an object")
            content[name] = dict(part or {})
        self._add_other_columns(line, content["metadata"])
        return content

    def _add_other_columns(self, line: Mapping[str, Any], metadata: dict[str, Any]) -> None:
        """Keep columns that a row has no field for in its metadata."""
        columns = {path.partition(".")[0] for path in vars(self.columns).values()}
        for name, value in line.items():
            if name not in columns | {*PARTS, *ADDED} and value is not None:
                metadata.setdefault(name, value)


def detect_format(path: str, file_format: str | None) -> ImportFormat:
    """Return the given format, or the one of the file's ending.

    Raises:
        ConfigurationError: The given format is unknown.
    """
    match file_format or Path(path).suffix.lower().removeprefix("."):
        case "csv":
            return "csv"
        case name if name != "jsonl" and file_format is not None:
            raise ConfigurationError(f"cannot import the format {name!r}; use jsonl or csv")
        case _:
            return "jsonl"


def _build_transfer_row(content: dict[str, Any], occurrences: Counter[str]) -> TransferRow:
    """Identify a row by a digest of its content and by how many equal rows came before."""
    digest = blake2b(
        json.dumps(content, sort_keys=True, default=str).encode("utf-8", "replace"), digest_size=12
    ).hexdigest()
    source_id = f"import-{digest}-{occurrences[digest]}"
    occurrences[digest] += 1
    metadata = content["metadata"]
    if "custom_identifier" not in metadata:  # no row that a dataset has exported
        metadata["custom_identifier"] = source_id
        metadata.setdefault("source", "import")
    identifier, span_id = str(metadata["custom_identifier"]), metadata.get("span_unique_id")
    return TransferRow(source_id, identifier, str(span_id) if span_id else None, content)


def _read_lines(file: IO[str], kind: ImportFormat) -> Iterator[tuple[int, str | dict[str, Any]]]:
    """Yield each line's number, and its JSON or its cells by column."""
    if kind == "csv":
        reader = csv.DictReader(file)
        yield from ((reader.line_num, cells) for cells in reader)
    else:
        yield from ((number, line) for number, line in enumerate(file, start=1) if line.strip())


def _parse_line(line: str | dict[str, Any]) -> dict[str, Any]:
    if isinstance(line, dict):
        if None in line:
            raise InvalidLineError("more cells than the header")
        return {name: from_text(cell or "") for name, cell in line.items()}
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise InvalidLineError("not JSON") from None
    if not isinstance(value, dict):
        raise InvalidLineError("not a JSON object")
    return value


def _get_path(line: Mapping[str, Any], path: str) -> Any:
    """Return the value of a column of this name, or else of a path such as `item.input`."""
    if path in line:
        return line[path]
    value: Any = line
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


@contextmanager
def _open(path: str) -> Iterator[IO[str]]:
    if path == "-":
        yield sys.stdin
        return
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            yield file
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"{path} cannot be read: {reason}") from error
