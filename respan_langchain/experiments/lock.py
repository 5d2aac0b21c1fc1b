"""`respan.lock`: which rows a project tests against, and the scores that were accepted, in git.

A TOML file: dataset, and for each row its id, a hash of its input and expected output, and scores.
It holds no content, so it can be committed where prompts must not be.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from respan_langchain.errors import ConfigurationError
from respan_langchain.experiments.calls import canonical
from respan_langchain.experiments.recorded_rows import RecordedRow
from respan_langchain.experiments.results import Trial, mean_scores

DEFAULT_PATH: Final = "respan.lock"
VERSION: Final = 1
HEADER: Final = "# Rows that this project is tested against, written by `respan-langchain lock`."
"""The first line; by it a lock file is known that git could not merge."""
_HASH_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class LockedRow:
    """One row of a lock file."""

    hash: str
    """Hash of input and expected output."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """Accepted scores by scorer; the mean of the repeats."""


@dataclass(frozen=True, slots=True)
class Lock:
    """The contents of a lock file."""

    dataset: str
    dataset_id: str
    rows: Mapping[str, LockedRow]
    """By row id."""
    with_expected: bool = False
    """Whether only rows with an expected output were chosen."""


@dataclass(frozen=True, slots=True)
class LockDiff:
    """The difference between a lock and a dataset, or between two locks."""

    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    changed: Sequence[str] = ()
    """Rows whose input or expected output has changed."""
    scores: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By row: `scorer before -> after`."""

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(self.added or self.removed or self.changed or self.scores)


def lock_rows(
    dataset: str,
    dataset_id: str,
    rows: Iterable[RecordedRow],
    trials: Iterable[Trial] = (),
    *,
    with_expected: bool = False,
) -> Lock:
    """Lock these rows, with the mean scores of the trials as accepted scores."""
    by_row: dict[str, list[Trial]] = {}
    for trial in trials:
        by_row.setdefault(trial.row_id, []).append(trial)
    return Lock(
        dataset,
        dataset_id,
        {row.id: LockedRow(hash_row(row), mean_scores(by_row.get(row.id, ()))) for row in rows},
        with_expected,
    )


def hash_row(row: RecordedRow) -> str:
    """Hash the input and the expected output of a row."""
    text = canonical([row.input, row.expected])
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]


def compare_locks(before: Lock, after: Lock) -> LockDiff:
    """Compare two locks; scores are compared where both have them."""
    both = [row for row in before.rows if row in after.rows]
    return LockDiff(
        added=[row for row in after.rows if row not in before.rows],
        removed=[row for row in before.rows if row not in after.rows],
        changed=[row for row in both if before.rows[row].hash != after.rows[row].hash],
        scores={
            row: changes
            for row in both
            if (changes := _score_changes(before.rows[row].scores, after.rows[row].scores))
        },
    )


def baseline_of(lock: Lock) -> list[Trial]:
    """Return the accepted scores as the baseline of a replay."""
    return [Trial(row, 0, "answered", scores=locked.scores) for row, locked in lock.rows.items()]


def read_lock(path: str | Path = DEFAULT_PATH) -> Lock:
    """Read a lock file.

    Raises:
        ConfigurationError: It cannot be read, or is no lock file of this version.
    """
    try:
        with Path(path).open("rb") as file:
            content = tomllib.load(file)
    except OSError as error:
        raise ConfigurationError(
            f"lock file {path}: {error.strerror}; `respan-langchain lock DATASET` writes one"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not TOML: {error}") from error
    if content.get("version") != VERSION:
        raise ConfigurationError(f"{path}: version {content.get('version')!r} is not {VERSION}")
    return Lock(
        dataset=str(content.get("dataset", "")),
        dataset_id=str(content.get("dataset_id", "")),
        rows={
            str(row["id"]): LockedRow(str(row["hash"]), dict(row.get("scores", {})))
            for row in content.get("rows", [])
        },
        with_expected=bool(content.get("with_expected")),
    )


def write_lock(lock: Lock, path: str | Path = DEFAULT_PATH) -> None:
    """Write a lock file; rows in the order of their ids, so that a diff shows what changed.

    Raises:
        ConfigurationError: The file exists and is no lock file.
    """
    refuse_other_file(path)
    lines = [
        HEADER,
        f"version = {VERSION}",
        f"dataset = {_quoted(lock.dataset)}",
        f"dataset_id = {_quoted(lock.dataset_id)}",
        *(["with_expected = true"] if lock.with_expected else []),
    ]
    for row, locked in sorted(lock.rows.items()):
        lines += ["", "[[rows]]", f"id = {_quoted(row)}", f"hash = {_quoted(locked.hash)}"]
        if locked.scores:
            scores = ", ".join(
                f"{_quoted(name)} = {v}" for name, v in sorted(locked.scores.items())
            )
            lines.append(f"scores = {{ {scores} }}")
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def refuse_other_file(path: str | Path) -> None:
    """Raise a ConfigurationError for a file that a lock file must not replace."""
    place = Path(path)
    content = place.read_bytes() if place.is_file() else b""
    if content and HEADER.encode() not in content and not _can_be_read(place):
        raise ConfigurationError(f"{path} is not a lock file: name another file, or delete it")


def _can_be_read(path: Path) -> bool:
    try:
        return read_lock(path).dataset != ""
    except ConfigurationError:
        return False


def _score_changes(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    return [
        f"{name} {before[name]:g} -> {after[name]:g}"
        for name in before
        if name in after and before[name] != after[name]
    ]


def _quoted(text: Any) -> str:
    """Return a TOML basic string, whose escapes are those of JSON."""
    return orjson.dumps(str(text)).decode()
