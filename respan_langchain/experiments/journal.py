"""The journal of a replay: one line of JSON for each finished trial, so that a replay can resume.

A replay that was killed may leave half a line at the end; it is cut off, and its trial runs again.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Self

import orjson

from respan_langchain.errors import ConfigurationError
from respan_langchain.experiments.results import Trial


class Journal:
    """The finished trials of one replay; without a path nothing is stored."""

    def __init__(self, path: str | os.PathLike[str] | None, about: Mapping[str, Any]) -> None:
        """Open or create the journal of a replay.

        `about` has the dataset, runnable and scorers, which must be the same when a replay resumes.

        Raises:
            ConfigurationError: The file is the journal of another replay, or no journal.
        """
        self._path = None if path is None else Path(path)
        self._about = orjson.loads(orjson.dumps(about))
        self._trials: list[Trial] = []
        self._file: BinaryIO | None = None
        if self._path is not None:
            self._trials = self._load(self._path)
            self._file = _open_private(self._path)
            if self._path.stat().st_size == 0:
                self._write({"replay": self._about})

    def read(self) -> Iterator[Trial]:
        """Return the trials that have finished."""
        return iter(list(self._trials))

    def add(self, trial: Trial) -> None:
        """Append a trial that has finished."""
        self._trials.append(trial)
        self._write(trial.to_json())

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._file is not None:
            self._file.write(orjson.dumps(line, default=str) + b"\n")
            self._file.flush()

    def _load(self, path: Path) -> list[Trial]:
        if not path.exists() or path.stat().st_size == 0:
            return []
        whole = path.read_bytes()
        kept = whole[: whole.rfind(b"\n") + 1]
        if len(kept) < len(whole):
            os.truncate(path, len(kept))
        if not kept:
            return []
        about, trials = read_trials(kept, path)
        if about != self._about:
            raise ConfigurationError(
                f"{path} is the journal of another replay: name another file, or delete it"
            )
        return trials


def read_journal(path: str | os.PathLike[str]) -> list[Trial]:
    """Read the trials of another replay, to compare with.

    Raises:
        ConfigurationError: The file is no journal.
    """
    place = Path(path)
    try:
        return read_trials(place.read_bytes(), place)[1]
    except OSError as error:
        raise ConfigurationError(f"baseline {place}: {error.strerror}") from error


def read_trials(content: bytes, path: Path) -> tuple[Any, list[Trial]]:
    """Read the description of a replay, and its trials."""
    try:
        head, *lines = [orjson.loads(line) for line in content.splitlines()]
        return head["replay"], [Trial.from_json(line) for line in lines]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{path} is not the journal of a replay") from error


def _open_private(path: Path) -> BinaryIO:
    """Open a file for appending; only its owner can read it, since it holds answers."""
    return os.fdopen(os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600), "ab")
