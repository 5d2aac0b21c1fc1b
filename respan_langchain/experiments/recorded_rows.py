"""Rows as a replay reads them, and which of them can be replayed.

Pure. A row is skipped, with its reason, when what was recorded is not what the app received: it was
cut, redacted or left out, or the call resumed an interrupted one. The answers to two different
inputs cannot be compared. Capture marks most such rows; what replaces content names the others.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from respan_langchain.client.models import Log
from respan_langchain.datasets.stored_traces import is_root, trace_id
from respan_langchain.experiments.calls import Call, read_calls, read_retrievals
from respan_langchain.rules.facts import NOT_PRODUCTION, read_provenance

_MARKERS: Final = (
    (re.compile(r"\[truncated \d+ (?:bytes|values)\]"), "was truncated"),
    (re.compile(r"\[redacted(?::[\w-]+)?\]"), "was redacted"),
    (re.compile(r"\[omitted: "), "was left out"),
)
_MODEL_LOGS: Final = ("chat", "completion")


@dataclass(frozen=True, slots=True)
class RecordedRow:
    """One root row of a dataset."""

    id: str
    input: Any
    output: Any
    expected: Any
    """The expected output that a person gave; None without one."""
    calls: Sequence[Call]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    cost: float | None = None
    """USD; None if unknown."""
    latency: float | None = None
    """Seconds; None if unknown."""
    failed: bool = False
    error: str | None = None
    """`Type: message` of what it raised; None unless it failed."""
    model_calls: Sequence["RecordedRow"] = ()
    """Rows of the model calls under it, in order; empty unless models are recorded."""
    expected_model_calls: int = 0
    """How many model calls it made, as far as known."""

    @property
    def reference(self) -> Any:
        """The answer that a replayed one is compared with."""
        return self.output if self.expected is None else self.expected

    @property
    def weight(self) -> float:
        """How many production calls this row represents: 1 / its sampling probability."""
        sampling = self.metadata.get("sampling")
        probability = sampling.get("probability") if isinstance(sampling, Mapping) else None
        if not isinstance(probability, int | float) or not 0 < probability <= 1:
            return 1.0
        return 1 / probability


def read_row(log: Log) -> RecordedRow:
    """Read a log of a dataset."""
    metadata = log.metadata or {}
    failed = (metadata.get("status") or log.status) == "error"
    return RecordedRow(
        id=log.custom_identifier or log.unique_id or "",
        input=log.input,
        output=log.output,
        expected=log.expected_output,
        calls=(*read_calls(metadata.get("trajectory")), *read_retrievals(metadata)),
        metadata=metadata,
        cost=None if log.cost is None else float(log.cost),
        latency=log.latency,
        failed=failed,
        error=f"{metadata.get('error_type') or 'Exception'}: {log.error_message or ''}"
        if failed
        else None,
    )


def read_rows_with_models(logs: Iterable[Log]) -> list[RecordedRow]:
    """Read root rows, each with the rows of the model calls under it."""
    logs = list(logs)
    by_trace: dict[str, list[Log]] = defaultdict(list)
    for log in sorted(logs, key=lambda log: log.timestamp or datetime.min.replace(tzinfo=UTC)):
        if (log.metadata or {}).get("log_type") in _MODEL_LOGS:
            by_trace[trace_id(log)].append(log)
    return [
        replace(
            read_row(root),
            model_calls=tuple(map(read_row, by_trace[trace_id(root)])),
            expected_model_calls=int((root.metrics or {}).get("llm_calls") or 0),
        )
        for root in filter(is_root, logs)
    ]


def skip_reason(row: RecordedRow) -> str | None:
    """Return why a row cannot be replayed; None when it can."""
    metadata = row.metadata
    if (source := read_provenance(metadata)) in NOT_PRODUCTION:
        return f"recorded by {source}"
    if metadata.get("replayable") is False:
        return str(metadata.get("replayable_reason") or "marked as not replayable")
    if metadata.get("resumed_run_ids"):
        return "was interrupted and resumed"
    if metadata.get("status") in ("interrupted", "abandoned", "incomplete"):
        return f"ended as {metadata['status']}"
    if row.input is None:
        return "input was not captured"
    if replaced := _replaced(row.input):
        return f"input {replaced}"
    replaced = _replaced([[call.arguments, call.output] for call in row.calls])
    return f"a tool call {replaced}" if replaced else None


def model_skip_reason(row: RecordedRow) -> str | None:
    """Return why the model calls under a row cannot answer; None when they can."""
    if row.metadata.get("log_type") == "completion":
        # LangChain reports no run of a completion that its cache answers: no answer is captured.
        return "a completion model without a chain"
    if len(row.model_calls) < row.expected_model_calls:
        return "model calls were not captured"
    for call in row.model_calls:
        if reason := skip_reason(call):
            return f"a model's {reason}"
        if replaced := _replaced(call.output):
            return f"a model's output {replaced}"
    return None


def _replaced(value: Any) -> str | None:
    """Find content that was replaced, at any depth, and return by what."""
    if isinstance(value, str):
        return next((reason for marker, reason in _MARKERS if marker.search(value)), None)
    if isinstance(value, Mapping):
        if "sha256" in value and "bytes" in value:
            return "has lost its media"
        value = list(value.values())
    if isinstance(value, list):
        return next((reason for each in value if (reason := _replaced(each))), None)
    return None
