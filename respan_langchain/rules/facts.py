"""What rules know about a finished trace: facts read from its rows.

Live and stored traces are read in the same way, so `curate` decides as the handler did. A live
trace has no rows yet: what a fact needs is built when a condition asks for it, since most traces
are not kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]
"""A row with the platform's keys; `metadata` and `metrics` are read."""


@dataclass(frozen=True)
class TraceFacts:
    """A finished trace, as conditions see it."""

    conversation: str
    """The id of the thread if the call named one, else of the trace: rates go by it."""
    status: str
    """Of the root: success, error, interrupted, drained, abandoned, cancelled or incomplete."""
    read_root: Callable[[], Row] = field(repr=False)
    """Returns the root's row with what needs no other run: identity, times, the app's metadata."""
    read_rows: Callable[[], Sequence[Row]] = field(repr=False)
    """Returns the rows of the trace with their numbers, the root's first."""

    @cached_property
    def root(self) -> Row:
        """The root's row, without the numbers of the runs below it."""
        return self.read_root()

    @cached_property
    def rows(self) -> Sequence[Row]:
        """The rows of the trace, the root's first."""
        return self.read_rows()

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The root's metadata, the app's included."""
        found: Mapping[str, Any] = self.root["metadata"]
        return found

    @property
    def tags(self) -> Sequence[str]:
        """The root's tags."""
        return self.metadata.get("tags") or ()

    @property
    def seconds(self) -> float | None:
        """How long the trace ran; None if its end is unknown."""
        found: float | None = self.root["metrics"].get("latency")
        return found

    @property
    def decisions(self) -> Sequence[Mapping[str, Any]]:
        """What people decided at its interrupts."""
        return [each for each in self.metadata.get("decisions") or () if isinstance(each, Mapping)]

    @property
    def cost(self) -> float | None:
        """USD; None if unknown."""
        return self._number("cost")

    @property
    def tokens(self) -> float | None:
        """Tokens of all model calls; None if unknown."""
        return self._number("total_tokens")

    @property
    def tool_errors(self) -> float:
        """Tools that failed or answered with an error."""
        return self._number("tool_errors") or 0

    @property
    def handled_errors(self) -> float:
        """Failed nodes of a graph that went on."""
        return self._number("handled_errors") or 0

    @property
    def retries(self) -> float:
        """Calls that were repeated after a failure."""
        return self._number("retries") or 0

    @property
    def fallbacks(self) -> float:
        """Calls that were replaced by another after a failure."""
        return self._number("fallbacks") or 0

    @property
    def tools(self) -> Sequence[str]:
        """The names of its tool calls, in order; none without `trajectory` and `content`."""
        steps = self.rows[0]["metadata"].get("trajectory") or ()
        return [str(step.get("tool")) for step in steps if isinstance(step, Mapping)]

    def values(self, key: str) -> list[Any]:
        """Return the values of a metadata key in all rows that have it."""
        return [row["metadata"][key] for row in self.rows if key in row["metadata"]]

    def _number(self, name: str) -> float | None:
        found: float | None = self.rows[0]["metrics"].get(name)
        return found


def facts_of_rows(rows: Sequence[Row]) -> TraceFacts:
    """Return the facts of a stored trace; its rows, the root's first."""
    root = rows[0]
    metadata = root["metadata"]
    conversation = (
        metadata.get("thread_identifier")
        or metadata.get("session_identifier")
        or metadata.get("trace_unique_id")
        or metadata.get("custom_identifier")
    )
    status = str(metadata.get("status"))
    return TraceFacts(str(conversation), status, lambda: root, lambda: rows)
