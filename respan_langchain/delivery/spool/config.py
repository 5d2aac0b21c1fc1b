"""Settings of the spool."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from respan_langchain.delivery.limits import MEBIBYTE


@dataclass(frozen=True, slots=True)
class SpoolConfig:
    """Where the spool is, which rows it holds, and its limits."""

    directory: Path
    """One for each destination: a process sends adopted rows to its own destination."""
    level: Literal["spill", "durable"] = "spill"
    max_bytes: int = 256 * MEBIBYTE
    """Bodies on disk at most, for each process; the oldest dead letters are deleted first."""
    max_age: float = 7 * 86_400.0
    """Seconds after which a row on disk is dropped, and counted."""
