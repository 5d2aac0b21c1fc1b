"""The fields of a log that commands can select, filter by and sort by."""

import csv
import datetime as dt
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from rich.text import Text

from respan_langchain._display import UNKNOWN, format_cost, format_count, format_duration
from respan_langchain.cli.formatting import preview_line, short_id
from respan_langchain.cli.tables import Column, number_column
from respan_langchain.client.models import Log
from respan_langchain.datasets.cell_format import to_csv_cell, to_text
from respan_langchain.errors import ConfigurationError

NESTED: Final = ("metadata.", "metrics.")
CONTENTS: Final = frozenset({
    "input", "output", "expected_output", "error_message", "metadata", "metrics", "scores",
})  # fmt: skip
MIN_CONTENT_WIDTH: Final = 10
"""Columns of the terminal that a content gets at least."""
NUMBER_FORMATS: Final[Mapping[str, Callable[[Any], str]]] = {
    "prompt_tokens": format_count,
    "completion_tokens": format_count,
    "total_tokens": format_count,
    "cost": format_cost,
    "latency": format_duration,
    "time_to_first_token": format_duration,
}
SHORT_NAMES: Final[Mapping[str, str]] = {
    "id": "unique_id",
    "kind": "log_type",
    "name": "span_name",
    "tokens": "total_tokens",
    "time": "latency",
    "error": "error_message",
    "expected": "expected_output",
}
"""Short names of some fields, several from the tables; options take these, too."""
DESCRIPTIONS: Final[Mapping[str, str]] = {
    "unique_id": "id of the log on the platform",
    "custom_identifier": "run id",
    "trace_unique_id": "trace that the run belongs to",
    "log_type": "chat, workflow, agent, tool, ...",
    "span_name": "name of the run",
    "span_workflow_name": "name of the workflow",
    "model": "model that answered",
    "status": "success, error, interrupted or incomplete",
    "status_code": "HTTP status, 200 for success",
    "error_message": "why the run failed",
    "input": "what the run received",
    "output": "what it returned",
    "expected_output": "reference answer",
    "prompt_tokens": "input tokens",
    "completion_tokens": "output tokens",
    "total_tokens": "input and output tokens",
    "cost": "USD",
    "latency": "seconds",
    "time_to_first_token": "seconds",
    "start_time": "when the run began",
    "timestamp": "when the run ended",
    "customer_identifier": "customer",
    "group_identifier": "group of logs",
    "thread_identifier": "conversation",
    "metadata": "all metadata; metadata.KEY for one key",
    "metrics": "all metrics; metrics.KEY for one key",
    "scores": "scores of evaluators and people",
}


def parse_fields(text: str) -> list[str]:
    """Parse `--fields`: names between commas.

    Raises:
        ConfigurationError: A field is unknown.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    names = [SHORT_NAMES.get(name, name) for name in names]
    for name in names:
        if name not in DESCRIPTIONS and not name.startswith(NESTED):
            raise ConfigurationError(
                f"--fields {name}: unknown field. Fields: {', '.join(DESCRIPTIONS)}, and "
                "metadata.KEY or metrics.KEY."
            )
    return names


def get_field(log: Log, name: str) -> Any:
    """Return a field's value; None if the log has none.

    >>> get_field(Log(metadata={"page": "returns"}), "metadata.page")
    'returns'
    """
    parent, _, key = name.partition(".")
    value = getattr(log, parent, None)
    if key:
        return value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def select_fields(log: Log, names: Sequence[str]) -> dict[str, Any]:
    """Return the named fields of a log."""
    return {name: get_field(log, name) for name in names}


def field_column(name: str, *, is_kept: bool) -> Column:
    """Make the column of a field; contents share the width that numbers and names leave."""
    if name == "unique_id":
        return Column("id", is_kept=is_kept, style="dim")
    if name in NUMBER_FORMATS:
        return number_column(name)
    is_content = name in CONTENTS or name.startswith(NESTED)
    return Column(name, is_kept=is_kept, min_width=MIN_CONTENT_WIDTH if is_content else None)


def render_field(log: Log, name: str) -> Text:
    """Format a field for a table."""
    value = get_field(log, name)
    if name == "unique_id":
        return Text(short_id(value))
    if name == "scores":
        return preview_line(_format_scores(value))
    format_number = NUMBER_FORMATS.get(name)
    return preview_line(value) if format_number is None else Text(format_number(value))


def _format_scores(scores: Any) -> Any:
    """Write scores in one line; None where there are none.

    >>> _format_scores({"human": {"score": 0.5}, "contains:a": {"score": 1.0}})
    'human 0.5, contains:a 1'
    """
    if not isinstance(scores, Mapping):
        return scores or None
    shown = []
    for name, score in scores.items():
        value = score.get("score") if isinstance(score, Mapping) else score
        shown.append(f"{name} {f'{value:.3g}' if isinstance(value, int | float) else UNKNOWN}")
    return ", ".join(shown) or None


def write_csv(logs: Iterable[Log], names: Sequence[str]) -> None:
    """Write the named fields of logs as CSV to the standard output."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for log in logs:
        writer.writerow([_csv_cell(get_field(log, name)) for name in names])


def _csv_cell(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else to_csv_cell(to_text(value))
