"""What rules know about a finished trace: facts that its rows show.

A stored trace is read from its rows. A live one has none yet: `pipeline/ended_trace.py` reads the
same facts from its runs, so `curate` decides as the handler did.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

RowFields: TypeAlias = Mapping[str, Any]
"""A row with the platform's keys; `metadata` and `metrics` are read."""
NovelBy: TypeAlias = Literal["trajectory", "input", "trajectory+input"]
"""What a trace's signature is made of; copies have the same."""
NOT_PRODUCTION: Final = frozenset({"replay", "experiment"})
"""Values of `metadata.source` whose traces are not the app's traffic; rules leave them out."""


class TraceFacts(ABC):
    """A finished trace, as conditions see it."""

    times_seen: Mapping[NovelBy, int] = MappingProxyType({})
    """How many earlier traces had the same signature, by what the signature is made of.

    The engine sets it where a condition compares signatures.
    """

    @property
    @abstractmethod
    def rows(self) -> Sequence[RowFields]:
        """The rows of the trace, the root's first."""

    @cached_property
    def root(self) -> RowFields:
        """The root's row; of a live trace without the numbers of the runs below it."""
        return self.rows[0]

    @property
    def conversation(self) -> str:
        """The id of the thread if the call named one, else of the trace: rates go by it."""
        names = ("thread_identifier", "session_identifier", "trace_unique_id", "custom_identifier")
        return str(next((self.metadata[name] for name in names if self.metadata.get(name)), ""))

    @property
    def id(self) -> str:
        """The trace's id."""
        return str(self.metadata.get("trace_unique_id") or self.metadata.get("custom_identifier"))

    @property
    def name(self) -> str:
        """The root's name."""
        return str(self.metadata.get("span_name"))

    @property
    def status(self) -> str:
        """Of the root: success, error, interrupted, drained, abandoned or incomplete."""
        return str(self.metadata.get("status"))

    @property
    def provenance(self) -> str | None:
        """The root's `metadata.source`; None is production."""
        return read_provenance(self.metadata)

    @cached_property
    def input(self) -> object:
        """The root's input."""
        return self.root.get("input")

    @cached_property
    def output(self) -> object:
        """The root's output; None without one."""
        return self.root.get("output")

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
    def ended(self) -> float:
        """When it ended, in seconds since 1970; when it started, if its end is unknown."""
        metrics = self._metrics
        at = metrics.get("timestamp") or metrics.get("start_time")
        return datetime.fromisoformat(at).timestamp() if at else 0.0

    @property
    def seconds(self) -> float | None:
        """How long the trace ran; None if its end is unknown."""
        return self._metrics.get("latency")

    @property
    def was_interrupted(self) -> bool:
        """Whether the graph stopped to wait for a person, also if it was resumed."""
        return self.status == "interrupted" or bool(self.metadata.get("resumed_run_ids"))

    @property
    def decisions(self) -> Sequence[Mapping[str, Any]]:
        """What people decided at its interrupts."""
        return [each for each in self.metadata.get("decisions") or () if isinstance(each, Mapping)]

    @property
    def cost(self) -> float | None:
        """USD; None if unknown."""
        return self._metrics.get("cost")

    @property
    def tokens(self) -> float | None:
        """Tokens of all model calls; None if unknown."""
        return self._metrics.get("total_tokens")

    @property
    def refused(self) -> bool:
        """Whether a model, in a call that becomes a row, declined to answer."""
        return any(row["metadata"].get("refused") is True for row in self.rows)

    @property
    def finish_reasons(self) -> Sequence[str]:
        """Why the answers of models ended, in the calls that become rows."""
        found = (row["metadata"].get("finish_reason") for row in self.rows)
        return [str(reason) for reason in found if reason is not None]

    @property
    def has_error(self) -> bool:
        """Whether anything in it failed, also where the app handled it."""
        statuses = {row["metadata"].get("status") for row in self.rows}
        return "error" in statuses or self.handled_errors > 0 or self.tool_errors > 0

    @property
    def tool_errors(self) -> float:
        """Tools that failed or answered with an error."""
        return self._number("tool_errors")

    @property
    def handled_errors(self) -> float:
        """Failed nodes of a graph that went on."""
        return self._number("handled_errors")

    @property
    def retries(self) -> float:
        """Calls that were repeated after a failure."""
        return self._number("retries")

    @property
    def fallbacks(self) -> float:
        """Calls that were replaced by another after a failure."""
        return self._number("fallbacks")

    @property
    def tools(self) -> Sequence[str]:
        """The names of its tool calls, in order; none without `trajectory` and `content`."""
        steps = self.metadata.get("trajectory") or ()
        return [str(step.get("tool")) for step in steps if isinstance(step, Mapping)]

    @property
    def row_id(self) -> str | None:
        """The `custom_identifier` of the root's row; None if the root becomes none."""
        found: str | None = self.metadata.get("custom_identifier")
        return found

    @property
    def dataset(self) -> str | None:
        """The dataset that the call names, whatever the rules say; a stored trace's names none."""
        return None

    @property
    def seen_count(self) -> int:
        """How many traces it stands for: a stored row may have counted copies of it."""
        count = self.metadata.get("seen_count")
        return count if isinstance(count, int) else 1

    def has_whole(self, part: str) -> bool:
        """Whether the input or the output of the root was neither left out nor cut."""
        return not any(
            str(path).startswith(part)
            for key in ("omitted", "truncated")
            for path in self.metadata.get(key) or ()
        )

    def get(self, key: str) -> Any:
        """Return a value of the root's metadata, measured or the app's; None without one."""
        return self.metadata.get(key)

    @property
    def _metrics(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.root["metrics"]
        return found

    def _number(self, name: str) -> float:
        found: float = self._metrics.get(name) or 0
        return found


class StoredTrace(TraceFacts):
    """A trace that a platform has stored."""

    def __init__(self, rows: Sequence[RowFields]) -> None:
        """Take its rows, the root's first."""
        self._rows = rows

    @property
    def rows(self) -> Sequence[RowFields]:
        """Its rows, the root's first."""
        return self._rows


def read_provenance(*places: Mapping[str, Any]) -> str | None:
    """Return the `source` of the first metadata that has one; None if it is no text."""
    given = (place.get("source") for place in places)
    found = next((source for source in given if source is not None), None)
    return found if isinstance(found, str) else None
