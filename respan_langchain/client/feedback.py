"""Feedback on a row that exists: a score, a comment, an expected output. Pure.

Feedback has the form of a row, with what it adds: `expected_output`, and one entry of
`metadata.scores`. A row has one entry for each name, the latest one, so feedback that is applied
twice, or in another order, gives the same row. What rules learn of a row later comes in the same
way, as other keys of its metadata.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from respan_langchain._arguments import check_number, check_text, wrong_argument
from respan_langchain.errors import ConfigurationError

DEFAULT_NAME: Final = "feedback"


def build_feedback(
    identifier: str,
    *,
    score: float | None = None,
    comment: str | None = None,
    expected_output: Any = None,
    name: str,
    given_at: float,
) -> dict[str, Any]:
    """Return feedback on the row with this custom identifier.

    `given_at` is in seconds since 1970. Of two entries of one name, the later one counts.
    """
    # Always with microseconds, so that the order of the texts is the order in time.
    moment = datetime.fromtimestamp(given_at, UTC).isoformat(timespec="microseconds")
    entry: dict[str, Any] = {"name": name, "given_at": moment}
    if score is not None:
        entry["score"] = float(score)
    if comment is not None:
        entry["comment"] = comment
    feedback: dict[str, Any] = {"metadata": {"custom_identifier": identifier, "scores": [entry]}}
    if expected_output is not None:
        feedback["expected_output"] = expected_output
    return feedback


def check_feedback(
    score: float | None, comment: str | None, expected_output: Any, name: str
) -> None:
    """Raise a `ConfigurationError` when nothing is given, or something else than feedback."""
    if score is None and comment is None and expected_output is None:
        raise ConfigurationError("feedback: give a score, a comment or an expected_output")
    if score is not None:
        check_number("score", score)
    if comment is not None and not isinstance(comment, str):
        raise wrong_argument("comment", "text", comment)
    check_text("name", name, "who or what rates")


def merge_feedback(row: Mapping[str, Any], feedback: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a row that feedback changes; empty when it was applied before."""
    if "scores" in feedback["metadata"]:
        return _merge_score(row, feedback)
    metadata = row.get("metadata") or {}
    changed = {**metadata, **_marks_of_rules(metadata, feedback["metadata"])}
    return {} if changed == metadata else {"metadata": changed}


def _marks_of_rules(known: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata that is added; a count that arrives late does not lower a later one."""
    marks = {key: value for key, value in given.items() if key != "custom_identifier"}
    if "seen_count" in marks and isinstance(known.get("seen_count"), int):
        marks["seen_count"] = max(marks["seen_count"], known["seen_count"])
    return marks


def _merge_score(row: Mapping[str, Any], feedback: Mapping[str, Any]) -> dict[str, Any]:
    metadata = row.get("metadata") or {}
    (entry,) = feedback["metadata"]["scores"]
    scores = _read_scores(metadata.get("scores"))
    known = scores.get(entry["name"], {})
    is_latest = known.get("given_at", "") <= entry["given_at"]
    merged = {**known, **entry} if is_latest else {**entry, **known}
    changes: dict[str, Any] = {}
    if merged != known:
        scores[entry["name"]] = merged
        changes["metadata"] = {**metadata, "scores": list(scores.values())}
    current, expected = row.get("expected_output"), feedback.get("expected_output")
    if expected is not None and expected != current and (is_latest or current is None):
        changes["expected_output"] = expected
    return changes


def merge_encoded(row: bytes, feedback: bytes) -> bytes:
    """Return a row as JSON with feedback merged into it."""
    fields = orjson.loads(row)
    return orjson.dumps({**fields, **merge_feedback(fields, orjson.loads(feedback))})


def _read_scores(value: object) -> dict[str, dict[str, Any]]:
    """Read `metadata.scores` by name; the platform may return it as a string."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    entries = value if isinstance(value, list) else []
    return {
        str(entry["name"]): entry
        for entry in entries
        if isinstance(entry, dict) and "name" in entry
    }
