"""What rules know about a finished trace: facts read from its rows.

Live and stored traces are read in the same way, so `curate` decides as the handler did. A live
trace has no rows yet: what a fact needs is built when a condition asks for it, since most traces
are not kept.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Protocol, TypeAlias

RowFields: TypeAlias = Mapping[str, Any]
"""A row with the platform's keys; `metadata` and `metrics` are read."""
NovelBy: TypeAlias = Literal["trajectory", "input", "trajectory+input"]
"""What a trace's signature is made of; copies have the same."""
NOT_PRODUCTION: Final = frozenset({"replay", "experiment"})
"""Values of `metadata.source` whose traces are not the app's traffic; rules leave them out."""
MEASURED: Final = frozenset({
    "model", "models", "model_requested", "provider_id", "finish_reason", "refused", "cost_status",
    "cost_source", "usage_missing",
})  # fmt: skip
"""Metadata of a root that is known once the runs below it are counted."""


@dataclass(frozen=True, slots=True)
class TraceStructure:
    """What is known of a trace before its tokens and its cost are."""

    statuses: Collection[str]
    """How its runs ended that become rows, the root included."""
    tools: Sequence[str]
    """The names of its tool calls, in order; none without `trajectory` and `content`."""
    tool_errors: float
    """Tools that failed or answered with an error."""


class TraceSource(Protocol):
    """Where the facts of a trace come from; each part is read when a condition first needs it."""

    @property
    def root(self) -> RowFields:
        """The root's row with what needs no other run: identity, times, the app's metadata."""
        ...

    @property
    def structure(self) -> TraceStructure:
        """Its tools and errors."""
        ...

    @property
    def metrics(self) -> Mapping[str, Any]:
        """Of the root's row: its times, and how often failures were handled."""
        ...

    @property
    def answers(self) -> Sequence[Mapping[str, Any]]:
        """What is known of the answers of the model calls that become rows."""
        ...

    @property
    def tokens(self) -> float | None:
        """Tokens of all model calls; None if unknown."""
        ...

    @property
    def cost(self) -> float | None:
        """USD of all model calls; None if unknown."""
        ...

    @property
    def measured(self) -> RowFields:
        """The root's row with the sums over the trace."""
        ...

    @property
    def rows(self) -> Sequence[RowFields]:
        """The rows of the trace with their numbers, the root's first."""
        ...

    @property
    def input(self) -> object:
        """The root's input, as JSON shows it."""
        ...

    @property
    def output(self) -> object:
        """The root's output, as JSON shows it."""
        ...

    @property
    def row_id(self) -> str | None:
        """The `custom_identifier` of the root's row; None if the root becomes none."""
        ...

    @property
    def dataset(self) -> str | None:
        """The dataset that the call names, whatever the rules say."""
        ...


@dataclass(frozen=True, slots=True)
class TraceFacts:
    """A finished trace, as conditions see it."""

    conversation: str
    """The id of the thread if the call named one, else of the trace: rates go by it."""
    status: str
    """Of the root: success, error, interrupted, drained, abandoned or incomplete."""
    source: TraceSource = field(repr=False)
    provenance: str | None = None
    """The root's `metadata.source`; None is production."""
    times_seen: Mapping[NovelBy, int] = field(default_factory=dict)
    """How many earlier traces had the same signature, by what the signature is made of."""

    @property
    def root(self) -> RowFields:
        """The root's row, without the numbers of the runs below it."""
        return self.source.root

    @property
    def rows(self) -> Sequence[RowFields]:
        """The rows of the trace, the root's first."""
        return self.source.rows

    @property
    def input(self) -> object:
        """The root's input."""
        return self.source.input

    @property
    def output(self) -> object:
        """The root's output; None without one."""
        return self.source.output

    @property
    def id(self) -> str:
        """The trace's id."""
        return str(self.metadata.get("trace_unique_id") or self.metadata.get("custom_identifier"))

    @property
    def name(self) -> str:
        """The root's name."""
        return str(self.metadata.get("span_name"))

    @property
    def ended(self) -> float:
        """When it ended, in seconds since 1970; when it started, if its end is unknown."""
        metrics = self.source.metrics
        at = metrics.get("timestamp") or metrics.get("start_time")
        return datetime.fromisoformat(at).timestamp() if at else 0.0

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
        found: float | None = self.source.metrics.get("latency")
        return found

    @property
    def decisions(self) -> Sequence[Mapping[str, Any]]:
        """What people decided at its interrupts."""
        return [each for each in self.metadata.get("decisions") or () if isinstance(each, Mapping)]

    @property
    def cost(self) -> float | None:
        """USD; None if unknown."""
        return self.source.cost

    @property
    def tokens(self) -> float | None:
        """Tokens of all model calls; None if unknown."""
        return self.source.tokens

    @property
    def answers(self) -> Sequence[Mapping[str, Any]]:
        """What is known of the model's answers, such as `finish_reason` and `refused`."""
        return self.source.answers

    @property
    def tool_errors(self) -> float:
        """Tools that failed or answered with an error."""
        return self.source.structure.tool_errors

    @property
    def handled_errors(self) -> float:
        """Failed nodes of a graph that went on."""
        return self._count("handled_errors")

    @property
    def retries(self) -> float:
        """Calls that were repeated after a failure."""
        return self._count("retries")

    @property
    def fallbacks(self) -> float:
        """Calls that were replaced by another after a failure."""
        return self._count("fallbacks")

    @property
    def tools(self) -> Sequence[str]:
        """The names of its tool calls, in order; none without `trajectory` and `content`."""
        return self.source.structure.tools

    @property
    def statuses(self) -> Collection[str]:
        """How its runs ended that become rows, the root included."""
        return self.source.structure.statuses

    @property
    def row_id(self) -> str | None:
        """The `custom_identifier` of the root's row; None if the root becomes none."""
        return self.source.row_id

    @property
    def dataset(self) -> str | None:
        """The dataset that the call names, whatever the rules say."""
        return self.source.dataset

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
        row = self.source.measured if key in MEASURED else self.root
        return row["metadata"].get(key)

    def _count(self, name: str) -> float:
        found: float = self.source.metrics.get(name, 0)
        return found


def read_provenance(*places: Mapping[str, Any]) -> str | None:
    """Return the `source` of the first metadata that has one; None if it is no text."""
    given = (place.get("source") for place in places)
    found = next((source for source in given if source is not None), None)
    return found if isinstance(found, str) else None
