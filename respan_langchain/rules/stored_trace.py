"""The facts of a trace that a platform has stored, for `curate`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from respan_langchain.rules.facts import RowFields, TraceFacts, TraceStructure, read_provenance


@dataclass(frozen=True, slots=True)
class StoredTrace:
    """A trace that a platform has stored: its rows, the root's first."""

    rows: Sequence[RowFields]

    @property
    def root(self) -> RowFields:
        """The root's row."""
        return self.rows[0]

    @property
    def measured(self) -> RowFields:
        """The root's row."""
        return self.rows[0]

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The numbers of the root's row."""
        found: Mapping[str, Any] = self.root["metrics"]
        return found

    @property
    def tokens(self) -> float | None:
        """Tokens of all model calls."""
        return self.metrics.get("total_tokens")

    @property
    def cost(self) -> float | None:
        """USD of all model calls."""
        return self.metrics.get("cost")

    @property
    def answers(self) -> Sequence[Mapping[str, Any]]:
        """The metadata of its rows."""
        return [row["metadata"] for row in self.rows]

    @property
    def structure(self) -> TraceStructure:
        """Its tools and errors."""
        steps = self.root["metadata"].get("trajectory") or ()
        return TraceStructure(
            {str(row["metadata"].get("status")) for row in self.rows},
            [str(step.get("tool")) for step in steps if isinstance(step, Mapping)],
            self.metrics.get("tool_errors") or 0,
        )

    @property
    def input(self) -> object:
        """The root's input."""
        found: object = self.root.get("input")
        return found

    @property
    def output(self) -> object:
        """The root's output."""
        found: object = self.root.get("output")
        return found

    @property
    def row_id(self) -> str | None:
        """The identifier of the root's row."""
        found: str | None = self.root["metadata"].get("custom_identifier")
        return found

    @property
    def dataset(self) -> str | None:
        """No call of now names one."""
        return None


def facts_of_rows(rows: Sequence[RowFields]) -> TraceFacts:
    """Return the facts of a stored trace; its rows, the root's first."""
    metadata = rows[0]["metadata"]
    names = ("thread_identifier", "session_identifier", "trace_unique_id", "custom_identifier")
    conversation = next((metadata[name] for name in names if metadata.get(name)), "")
    return TraceFacts(
        str(conversation),
        str(metadata.get("status")),
        StoredTrace(rows),
        read_provenance(metadata),
    )
