"""How logs and their totals are shown in Python, in notebooks and in the terminal. Pure.

A total names of how many logs it is, where not all of them have a value.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from respan_langchain._display import (
    UNKNOWN,
    format_cost,
    format_count,
    format_duration,
    preview_text,
    render_pairs,
    render_table,
    shorten,
)

if TYPE_CHECKING:
    from respan_langchain.client.models import Log, Summary

COLUMNS: Final = ("kind", "name", "input", "output", "tokens", "cost", "time", "status")
LABELS: Final = {
    "unique_id": "id", "log_type": "kind", "span_name": "name", "status": "status",
    "input": "input", "output": "output", "expected_output": "expected output",
    "error_message": "error",
}  # fmt: skip
"""What a notebook calls the fields of a log."""
CONTENTS: Final = frozenset({"input", "output", "expected_output", "error_message"})
FIGURES: Final = {"total_tokens": format_count, "cost": format_cost, "latency": format_duration}
MAX_REPR_LENGTH: Final = 60
"""Characters of one content in a repr."""


class LogList(list["Log"]):
    """Logs that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        return render_logs(self)


def describe_log(log: "Log") -> str:
    """Return the repr of a log: identity, contents in short, and figures with their units."""
    parts = [
        f"{name}={shorten(preview_text(value), MAX_REPR_LENGTH) if name in CONTENTS else value!r}"
        for name in LABELS
        if (value := getattr(log, name)) is not None
    ]
    parts += [f"{name}={text}" for name, text in _figures(log)]
    return f"Log({', '.join(parts)})"


def render_log(log: "Log") -> str:
    """Render one log for a notebook."""
    fields = [(label, getattr(log, name)) for name, label in LABELS.items()]
    return render_pairs([*fields, *_figures(log)])


def render_logs(logs: Iterable["Log"]) -> str:
    """Render logs for a notebook, one in a line; a failed one shows its error as output."""
    return render_table(COLUMNS, map(_cells, logs))


def _cells(log: "Log") -> list[Any]:
    return [
        log.log_type,
        log.span_name,
        log.input,
        log.error_message if log.status == "error" else log.output,
        format_count(log.total_tokens),
        format_cost(log.cost),
        format_duration(log.latency),
        log.status,
    ]


def _figures(log: "Log") -> Iterator[tuple[str, str]]:
    for name, show in FIGURES.items():
        value = getattr(log, name)
        if value is not None:
            yield name, show(value)


def describe_summary(summary: "Summary") -> str:
    """Return the repr of totals."""
    figures = ", ".join(f"{name}={text}" for name, text in summary_figures(summary))
    return f"Summary(logs={format_count(summary.number_of_requests)}, {figures})"


def render_summary(summary: "Summary") -> str:
    """Render totals for a notebook."""
    logs = "logs", format_count(summary.number_of_requests)
    return render_pairs([logs, *summary_figures(summary)])


def summary_figures(summary: "Summary", unit: str = "logs") -> Iterator[tuple[str, str]]:
    """Yield tokens, cost and latency; `unit` is what the totals are over."""
    totals = (
        ("tokens", _format_tokens(summary), summary.number_with_tokens),
        ("cost", format_cost(summary.total_cost), summary.number_with_cost),
        ("latency", _format_latency(summary), summary.number_with_latency),
    )
    for name, total, known in totals:
        yield name, _format_total(total, known, summary.number_of_requests, unit)


def _format_total(total: str, known: int | None, count: int | None, unit: str) -> str:
    """Format a total; `known` logs have a value, None if the platform does not count them."""
    if known is None or known == count:
        return total
    if known == 0:
        return UNKNOWN
    return f"{total}, of {format_count(known)} of {format_count(count)} {unit}"


def _format_tokens(summary: "Summary") -> str:
    tokens_in = format_count(summary.total_prompt_tokens)
    tokens_out = format_count(summary.total_completion_tokens)
    return f"{format_count(summary.total_tokens)} ({tokens_in} in, {tokens_out} out)"


def _format_latency(summary: "Summary") -> str:
    mean = f"{format_duration(summary.avg_latency)} mean"
    if not summary.avg_ttft:  # a platform may report 0 where no log was streamed
        return mean
    return f"{mean}, first token after {format_duration(summary.avg_ttft)}"
