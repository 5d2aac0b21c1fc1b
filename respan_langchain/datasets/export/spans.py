"""What all formats of spans have in common: ids, times, roles and evaluations of a row. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, TypeAlias

from respan_langchain.client.requests import omit_none
from respan_langchain.datasets.export.rows import json_text

LogFields: TypeAlias = Mapping[str, Any]
LABELS: Final = {True: "pass", False: "fail"}
ROLES: Final = {"developer": "system", "none": "user"}
"""Roles that the conventions do not have."""


def span_role(message: Mapping[str, Any]) -> str:
    """Return the role of a message, as the conventions call it."""
    return ROLES.get(str(message["role"]), str(message["role"]))


def span_ids(metadata: Mapping[str, Any], trace: str, span: str, parent: str) -> dict[str, Any]:
    """Return the ids under these names; a root has no parent."""
    own = metadata.get("span_unique_id") or metadata.get("custom_identifier") or json_text(metadata)
    above = metadata.get("span_parent_id")
    return omit_none(
        {
            trace: _hex_id(str(metadata.get("trace_unique_id") or own), 32),
            span: _hex_id(str(own), 16),
            parent: None if above is None else _hex_id(str(above), 16),
        }
    )


def _hex_id(text: str, length: int) -> str:
    """Return the end of a run's id, or a hash of any other text, as so many hexadecimal digits."""
    if len(text) == 32 and set(text) <= set("0123456789abcdef"):
        return text[-length:]
    return blake2b(text.encode("utf-8", "replace"), digest_size=length // 2).hexdigest()


def read_times(row: LogFields) -> tuple[datetime | None, datetime | None]:
    """Return start and end; one that is missing follows from the other and the latency."""
    metrics = row["metrics"]
    start, end = _time(metrics.get("start_time")), _time(metrics.get("timestamp"))
    latency = timedelta(seconds=float(metrics.get("latency") or 0.0))
    if start is None and end is not None:
        start = end - latency
    if end is None and start is not None:
        end = start + latency
    return start, end


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def read_evaluations(row: LogFields) -> list[dict[str, Any]]:
    """Return OpenTelemetry's attributes of each score, of evaluators and of people's feedback."""
    scores, feedback = row.get("scores") or [], row["metadata"].get("scores")
    found = [*(scores.values() if isinstance(scores, Mapping) else scores)]
    found += feedback if isinstance(feedback, list) else []
    evaluations = [_evaluation(score) for score in found if isinstance(score, Mapping)]
    # The platform may return the feedback in the metadata as scores, too.
    return [*{each["gen_ai.evaluation.name"]: each for each in evaluations}.values()]


def _evaluation(score: Mapping[str, Any]) -> dict[str, Any]:
    passed, value = score.get("passed"), score.get("score")
    evaluation = {
        "name": str(score.get("name") or score.get("evaluator_slug")),
        "score.value": float(value) if isinstance(value, int | float) else None,
        "score.label": None if passed is None else LABELS[bool(passed)],
        "explanation": score.get("comment"),
    }
    return {f"gen_ai.evaluation.{name}": each for name, each in omit_none(evaluation).items()}
