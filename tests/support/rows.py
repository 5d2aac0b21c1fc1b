"""Rows made comparable: without what hangs on the clock, on ids, or on the order of threads."""

import json
from collections.abc import Iterable
from typing import Any

METRICS = (
    "prompt_tokens", "completion_tokens", "total_tokens", "cost", "llm_calls",
    "tool_calls", "tool_errors", "retries", "fallbacks",
)  # fmt: skip
METADATA = (
    "log_type", "span_name", "span_workflow_name", "status", "status_code", "model", "error_type",
    "tags", "trajectory", "retrieved_documents", "interrupts", "tool_call_id",
)  # fmt: skip


def picture(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What every way of running a thing must tell alike, sorted."""
    rows = list(rows)
    names = {row["metadata"]["span_unique_id"]: row["metadata"]["span_name"] for row in rows}
    seen = [_essence(row, names) for row in rows]
    return sorted(seen, key=lambda row: json.dumps(row, sort_keys=True))


def roots(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if "span_parent_id" not in row["metadata"]]


def below_root(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is under a chain; a root that is no chain counts itself."""
    return [
        row
        for row in rows
        if "span_parent_id" in row["metadata"] or row["metadata"]["log_type"] != "workflow"
    ]


def _essence(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    metadata, metrics = row["metadata"], row["metrics"]
    above = metadata.get("span_parent_id")
    return {
        "input": row["input"],
        "output": row.get("output"),
        "parent": None if above is None else names.get(above, "a run without a row"),
        **{name: metadata[name] for name in METADATA if name in metadata},
        **{name: metrics[name] for name in METRICS if name in metrics},
    }
