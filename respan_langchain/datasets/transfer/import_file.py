"""Rows out of files: JSON lines and CSV, as exported here or with columns of other names.

What cannot become a row is told with its line; the others go on.
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

from respan_langchain._cell_format import from_text
from respan_langchain.datasets.export.columns import COUNTS, NUMBERS
from respan_langchain.datasets.transfer.transfer_row import TransferRow
from respan_langchain.errors import ConfigurationError

CONTENTS: Final = ("input", "output", "expected_output")
PARTS: Final = (*CONTENTS, "metadata", "metrics")
ADDED: Final = frozenset({
    "unique_id", "id", "scores", "created_at", "updated_at", "timestamp", "start_time",
    "total_request_tokens", *COUNTS, *NUMBERS,
})  # fmt: skip
"""What the platform adds to a row, and what stands in its metrics anyway."""
ImportFormat = Literal["jsonl", "csv"]
csv.field_size_limit(sys.maxsize if sys.maxsize < 2**31 else 2**31 - 1)


@dataclass(frozen=True)
class ImportColumns:
    """Where a row's contents stand: a column, or a path into it such as `item.input`."""

    input: str = "input"
    output: str = "output"
    expected_output: str = "expected_output"


@dataclass
class ImportFile:
    """A file of rows."""

    path: str
    """A path, or `-` for the standard input."""
    kind: ImportFormat
    columns: ImportColumns = field(default_factory=ImportColumns)
    problems: list[str] = field(default_factory=list)
    """What could not become a row, in words."""
    _read: set[str] = field(default_factory=set, init=False, repr=False)
    """The rows so far, by their source ids."""

    def rows(self) -> Iterator[TransferRow]:
        """Read row after row.

        Raises:
            ConfigurationError: The file cannot be read.
        """
        seen: Counter[str] = Counter()
        with _open(self.path) as file:
            read = _read_csv(file) if self.kind == "csv" else _read_jsonl(file)
            for number, said in read:
                row = said if isinstance(said, str) else self._row(said)
                if isinstance(row, str):
                    self.problems.append(f"line {number}: {row}")
                    continue
                moving = _build_transfer_row(row, seen)
                self._read.add(moving.source_id)
                yield moving

    def existing_ids(self, source_ids: Collection[str]) -> set[str]:
        """Tell which rows have been in the file so far; those of other files are none of it."""
        return self._read & set(source_ids)

    def _row(self, said: Mapping[str, Any]) -> dict[str, Any] | str:
        """Lay out a row, or say what is wrong with it."""
        row: dict[str, Any] = {}
        for name in CONTENTS:
            value = _get_path(said, getattr(self.columns, name))
            if value is not None:
                row[name] = value if isinstance(value, str | dict | list) else json.dumps(value)
        if "input" not in row:
            there = ", ".join(map(str, said)) or "no fields"
            return f"there is no {self.columns.input!r}; there are {there}"
        for name in ("metadata", "metrics"):
            part = said.get(name)
            if part is not None and not isinstance(part, dict):
                return f"{name} is no object"
            row[name] = dict(part or {})
        used = {path.partition(".")[0] for path in vars(self.columns).values()} | {*PARTS, *ADDED}
        for name, value in said.items():
            if name not in used and value is not None:
                row["metadata"].setdefault(name, value)
        return row


def detect_format(path: str, said: str | None) -> ImportFormat:
    """Tell a file's kind by its name, unless it was said.

    Raises:
        ConfigurationError: There is no such kind.
    """
    match said or Path(path).suffix.lower().removeprefix("."):
        case "csv":
            return "csv"
        case kind if kind != "jsonl" and said is not None:
            raise ConfigurationError(f"{kind!r} is no format to import: there are jsonl and csv.")
        case _:
            return "jsonl"


def _build_transfer_row(row: dict[str, Any], seen: Counter[str]) -> TransferRow:
    """Name a row by what is in it, and by how many like it came before."""
    digest = blake2b(
        json.dumps(row, sort_keys=True, default=str).encode("utf-8", "replace"), digest_size=12
    ).hexdigest()
    source_id = f"import-{digest}-{seen[digest]}"
    seen[digest] += 1
    identifier = str(row["metadata"].setdefault("custom_identifier", source_id))
    mark = row["metadata"].get("span_unique_id")
    return TransferRow(source_id, identifier, str(mark) if mark else None, row)


def _read_jsonl(file: IO[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            yield number, "is no JSON"
            continue
        yield number, said if isinstance(said, dict) else "is no object"


def _read_csv(file: IO[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    reader = csv.DictReader(file)
    for said in reader:
        if None in said:
            yield reader.line_num, "has more cells than the head"
            continue
        yield reader.line_num, {name: from_text(cell or "") for name, cell in said.items()}


def _get_path(said: Mapping[str, Any], path: str) -> Any:
    if path in said:
        return said[path]
    found: Any = said
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


@contextmanager
def _open(path: str) -> Iterator[IO[str]]:
    if path == "-":
        yield sys.stdin
        return
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            yield file
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigurationError(f"{path} cannot be read: {problem}") from problem
