"""Applies rules to stored rows, and copies the rows of kept traces to their datasets.

The rules decide about all traces first; that alone is the dry run. Then the rows are copied as
`push` copies them: after a kill the same command resumes, and no row is sent twice.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from respan_langchain.client.client import DatasetClient
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.datasets.export.rows import to_row
from respan_langchain.datasets.lookup import find_dataset
from respan_langchain.datasets.stored_traces import TraceGroups
from respan_langchain.datasets.transfer.copy import (
    DatasetSource,
    ProgressCallback,
    transfer_rows,
)
from respan_langchain.datasets.transfer.transfer import TransferCounts
from respan_langchain.datasets.transfer.transfer_row import TransferRow
from respan_langchain.errors import ConfigurationError
from respan_langchain.rows.corrections import add_labels, match_decisions
from respan_langchain.rules.budget import Use
from respan_langchain.rules.decision import SamplingDecision
from respan_langchain.rules.engine import RuleEngine
from respan_langchain.rules.facts import RowFields, StoredTrace
from respan_langchain.rules.rule import Rules
from respan_langchain.settings.settings import Settings
from respan_langchain.stats import RuleCounts
from respan_langchain.tracing.interrupt_decisions import Decision
from respan_langchain.tracing.totals import RequestedCall


@dataclass(frozen=True, slots=True)
class KeptTrace:
    """What is added to the rows of a trace that is copied."""

    sampling: Mapping[str, Any]
    decided: Mapping[str, Decision]
    """What people decided, by the ids of tool calls; empty unless the rule corrects."""
    marks: dict[str, Any]
    """Added to the metadata of the root's row; more is known once later traces are decided about.
    """


@dataclass(frozen=True, slots=True)
class CurationPlan:
    """What rules decided about the rows of a dataset."""

    rules: Mapping[str, RuleCounts]
    """Traces that each rule saw and kept."""
    copies: Mapping[str, Mapping[str, KeptTrace]]
    """The rows that are copied: by the name of the dataset, then by the row's id."""
    rows_without_root: int
    """Rows about which nothing is decided, as the root of their trace is not in the dataset."""


def plan_curation(
    source: Dataset,
    rules: Rules,
    *,
    name: str | None,
    on_error: Callable[[str, Exception], None],
) -> CurationPlan:
    """Decide about the traces of a dataset, as a handler with these rules does live.

    Args:
        source: The dataset.
        rules: The rules.
        name: Where rules without `to=` send their rows; None leaves these where they are.
        on_error: Called when a condition raises; its rule then does not match.

    Raises:
        ConfigurationError: The rules copy nothing, or would copy rows to where they are.
    """
    _check_destinations(source, rules, name)
    engine = RuleEngine(rules, on_error)
    groups = TraceGroups(source.sorted_by("timestamp"))
    copies: dict[str, dict[str, KeptTrace]] = {}
    marks: dict[str | None, dict[str, Any]] = {}
    for logs in groups:
        rows = [to_row(log) for log in logs]
        facts = StoredTrace(rows)
        decision = engine.decide(facts)
        if not decision.is_kept:
            continue
        kept = _kept_trace(decision, rows)
        marks[facts.row_id] = kept.marks
        engine.charge(Use(len(rows), sum(len(orjson.dumps(row)) for row in rows), facts.cost or 0))
        if (target := decision.dataset or name) is not None:
            copies.setdefault(target, {}).update({str(log.unique_id): kept for log in logs})
    engine.show_counts()
    for change in engine.take_changes():
        marks[change.row.id].update(change.metadata)
    return CurationPlan(engine.counts, copies, groups.rows_without_root)


def curate(
    source: Dataset,
    client: DatasetClient,
    settings: Settings,
    plan: CurationPlan,
    on_progress: ProgressCallback = lambda _: None,
) -> dict[str, TransferCounts]:
    """Copy the rows of a plan; return what was done, by the name of the dataset.

    `client` and `settings` are those of the source's platform.

    Raises:
        RespanError: The transfer stopped; called again, it resumes.
    """
    done: dict[str, TransferCounts] = {}
    for name, kept in plan.copies.items():
        target = find_dataset(client, settings, name, create=True)
        rows = CuratedSource(source, settings, kept)
        done[name] = transfer_rows(rows, client, settings, target.id, on_progress)
    return done


class CuratedSource(DatasetSource):
    """The rows of kept traces as the source of a transfer."""

    def __init__(self, source: Dataset, settings: Settings, kept: Mapping[str, KeptTrace]) -> None:
        super().__init__(source, settings)
        self.key = (source.id,)
        self.description = f"rules over {source.name}"
        self._kept = kept

    def rows(self) -> Iterator[TransferRow]:
        """Iterate over the rows, the oldest first."""
        for row in super().rows():
            kept = self._kept.get(row.source_id)
            if kept is not None:
                yield replace(row, content=_add_rule_metadata(row.content, kept))


def _check_destinations(source: Dataset, rules: Rules, name: str | None) -> None:
    targets = {rule.to or name for rule in rules.rules}
    if targets == {None}:
        raise ConfigurationError("No rule has to=..., so nothing would be copied; pass --as NAME.")
    if source.name in targets:
        raise ConfigurationError(f"{source.name} is both source and destination.")


def _kept_trace(decision: SamplingDecision, rows: Sequence[RowFields]) -> KeptTrace:
    decided = _decisions_by_call(rows) if decision.corrects else {}
    sampling = {**decision.sampling, **_probability(decision, rows[0])}
    return KeptTrace(sampling, decided, {**decision.marks})


def _probability(decision: SamplingDecision, root: RowFields) -> dict[str, float]:
    """Return the probability with which a row came into its dataset and is copied from there."""
    earlier = root["metadata"].get("sampling")
    known = earlier.get("probability") if isinstance(earlier, Mapping) else None
    before = known if isinstance(known, int | float) else 1.0
    return {"probability": before * float(decision.sampling["probability"])}


def _decisions_by_call(rows: Sequence[RowFields]) -> dict[str, Decision]:
    root, *others = rows
    in_order = sorted(others, key=lambda row: str(row["metrics"].get("start_time")))
    requested = {call.call_id: call for row in in_order for call in _requested_calls(row)}
    return match_decisions(root["metadata"].get("decisions") or [], requested)


def _requested_calls(row: RowFields) -> Iterator[RequestedCall]:
    """Iterate over the calls of an answer; broken arguments are text, as they are live."""
    output = row.get("output")
    for call in (output.get("tool_calls") or []) if isinstance(output, Mapping) else ():
        if not isinstance(call, Mapping):
            continue
        call_id, function = call.get("id"), call.get("function")
        if isinstance(call_id, str) and isinstance(function, Mapping):
            arguments = _read_arguments(function.get("arguments"))
            yield RequestedCall(call_id, function.get("name"), arguments)


def _read_arguments(arguments: Any) -> object:
    try:
        return orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return arguments


def _add_rule_metadata(content: Mapping[str, Any], kept: KeptTrace) -> Mapping[str, Any]:
    metadata = {**content["metadata"], "sampling": kept.sampling}
    if "span_parent_id" not in metadata:
        metadata |= kept.marks
    row: Any = {**content, "metadata": metadata}
    add_labels(row, kept.decided)
    described: Mapping[str, Any] = row
    return described
