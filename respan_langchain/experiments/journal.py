"""The journal of a replay: one line of JSON for each finished trial, so that a replay can resume.

A replay that was killed may leave half a line at the end; it is cut off, and its trial runs again.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from respan_langchain.errors import ConfigurationError
from respan_langchain.experiments.results import Trial


@dataclass(frozen=True, slots=True)
class Journal:
    """The trials of a replay that have finished before, and the file of further ones, if any."""

    trials: Sequence[Trial] = ()
    file: BinaryIO | None = None

    def add(self, trial: Trial) -> None:
        """Append a trial that has finished."""
        if self.file is not None:
            _write(self.file, _encode(asdict(trial)))


@contextmanager
def open_journal(
    path: str | os.PathLike[str] | None, about: Mapping[str, Any]
) -> Iterator[Journal]:
    """Open or create the journal of a replay; without a path nothing is stored.

    `about` has the dataset, runnable and scorers, which must be the same when a replay resumes.

    Raises:
        ConfigurationError: The file is the journal of another replay, or no journal.
    """
    if path is None:
        yield Journal()
        return
    place, expected = Path(path), orjson.loads(orjson.dumps(about))
    head = _encode({"replay": expected})
    # Only its owner can read it, since it holds answers.
    descriptor = os.open(place, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        content = place.read_bytes()
        kept = content[: content.rfind(b"\n") + 1]
        # Read before anything is cut off: a file that is no journal of this replay stays as it is.
        found, trials = _read_trials(kept or head, place)
        if found != expected:
            raise ConfigurationError(
                f"{path} is the journal of another replay: name another file, or delete it"
            )
        if not kept and not head.startswith(content):
            raise _not_a_journal(place)
        file.truncate(len(kept))
        if not kept:
            _write(file, head)
        yield Journal(trials, file)


def read_journal(path: str | os.PathLike[str]) -> list[Trial]:
    """Read the trials of another replay, to compare with.

    Raises:
        ConfigurationError: The file is no journal.
    """
    place = Path(path)
    try:
        return _read_trials(place.read_bytes(), place)[1]
    except OSError as error:
        raise ConfigurationError(f"baseline {place}: {error.strerror}") from error


def _read_trials(content: bytes, path: Path) -> tuple[Any, list[Trial]]:
    """Read the description of a replay, and its trials."""
    try:
        head, *lines = [orjson.loads(line) for line in content.splitlines()]
        return head["replay"], [Trial(**line) for line in lines]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise _not_a_journal(path) from error


def _not_a_journal(path: Path) -> ConfigurationError:
    return ConfigurationError(f"{path} is not the journal of a replay")


def _encode(line: Mapping[str, Any]) -> bytes:
    return orjson.dumps(line, default=str) + b"\n"


def _write(file: BinaryIO, line: bytes) -> None:
    file.write(line)
    file.flush()
