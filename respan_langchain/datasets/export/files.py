"""Writes logs to files that their owner alone can read, and that appear once they are complete."""

import csv
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import IO, Any, Literal

from respan_langchain.client.models import Log
from respan_langchain.datasets.export.presets import Preset, to_preset
from respan_langchain.datasets.export.rows import COLUMNS, json_text, to_csv_cells
from respan_langchain.errors import ConfigurationError

OutputPath = str | PathLike[str]
"""A path, or `-` for the standard output."""
Mode = Literal["w", "wb"]


def write_jsonl(logs: Iterable[Log], target: OutputPath, *, preset: Preset | None = None) -> int:
    """Write JSON lines; return the number of rows."""
    written = 0
    with open_output(target) as file:
        for log in logs:
            file.write(json_text(to_preset(preset, log)) + "\n")
            written += 1
    return written


def write_json(logs: Iterable[Log], target: OutputPath, *, preset: Preset | None = None) -> int:
    """Write one JSON array; return the number of rows."""
    written = 0
    with open_output(target) as file:
        file.write("[")
        for log in logs:
            file.write(",\n" if written else "\n")
            file.write(json_text(to_preset(preset, log)))
            written += 1
        file.write("\n]\n")
    return written


def write_csv(logs: Iterable[Log], target: OutputPath) -> int:
    """Write CSV; return the number of rows."""
    written = 0
    with open_output(target) as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for log in logs:
            writer.writerow(to_csv_cells(log))
            written += 1
    return written


@contextmanager
def open_output(target: OutputPath, mode: Mode = "w") -> Iterator[IO[Any]]:
    """Open a file for writing; it appears under its name when the block ends without an error.

    Symbolic links of this user and of root are followed; a pipe or a device is written to directly.

    Raises:
        ConfigurationError: The file cannot be written, or a link on its path is someone else's.
    """
    if str(target) == "-":
        yield sys.stdout if mode == "w" else sys.stdout.buffer
        sys.stdout.flush()
        return
    path = Path(target)
    try:
        _refuse_foreign_links(path.absolute())
        is_special = path.exists() and not path.is_file()
        with _open(path, mode) if is_special else _write_atomically(path, mode) as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as problem:
        reason = problem.strerror or problem
        raise ConfigurationError(f"{path} cannot be written: {reason}") from problem


@contextmanager
def _write_atomically(path: Path, mode: Mode) -> Iterator[IO[Any]]:
    path = Path(os.path.realpath(path))
    # Readable by its owner alone, under a name that nobody can have guessed.
    descriptor, part = tempfile.mkstemp(prefix=".respan-", suffix=".part", dir=path.parent)
    try:
        with _open(descriptor, mode) as file:
            yield file
        Path(part).replace(path)
    finally:
        Path(part).unlink(missing_ok=True)


def _open(file: Path | int, mode: Mode) -> IO[Any]:
    if mode == "wb":
        return open(file, "wb")  # noqa: PTH123  # a path, or a descriptor
    return open(file, "w", encoding="utf-8", newline="", errors="replace")  # noqa: PTH123


def _refuse_foreign_links(path: Path) -> None:
    """Raise for a symbolic link of another user, which could lead the rows anywhere."""
    if os.name != "posix":
        return
    with suppress(FileNotFoundError):
        path.stat()  # raises for links that lead in a circle
    for part in (path, *path.parents):
        if part.is_symlink():
            if part.lstat().st_uid not in {0, os.geteuid()}:
                raise ConfigurationError(f"{path}: {part} is a link that belongs to another user")
            _refuse_foreign_links(part.parent / part.readlink())
