"""How a log is shown in Python: a short repr, and HTML tables for notebooks. Pure."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from respan_langchain._display import format_cost, format_count, format_duration, preview_text
from respan_langchain._notebook_html import render_pairs, render_table, shorten

if TYPE_CHECKING:
    from respan_langchain.client.models import Log

COLUMNS: Final = ("kind", "name", "input", "output", "tokens", "cost", "time", "status")
MAX_REPR_LENGTH: Final = 60
"""Characters of one content in a repr."""


class LogList(list["Log"]):
    """Logs that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        return render_logs(self)


def describe_log(log: "Log") -> str:
    """Return the repr of a log: identity, contents in short, and figures with their units."""
    names = ("unique_id", "log_type", "span_name", "status")
    parts = [f"{name}={value!r}" for name in names if (value := getattr(log, name)) is not None]
    parts += [
        f"{name}={shorten(preview_text(value), MAX_REPR_LENGTH)!r}"
        for name in ("input", "output", "expected_output", "error_message")
        if (value := getattr(log, name)) is not None
    ]
    parts += [f"{name}={text}" for name, text in _figures(log)]
    return f"Log({', '.join(parts)})"


def render_log(log: "Log") -> str:
    """Render one log for a notebook."""
    return render_pairs([
        ("id", log.unique_id),
        ("kind", log.log_type),
        ("name", log.span_name),
        ("status", log.status),
        ("input", log.input),
        ("output", log.output),
        ("expected output", log.expected_output),
        ("error", log.error_message),
        *_figures(log),
    ])  # fmt: skip


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
    if log.total_tokens is not None:
        yield "total_tokens", format_count(log.total_tokens)
    if log.cost is not None:
        yield "cost", format_cost(log.cost)
    if log.latency is not None:
        yield "latency", format_duration(log.latency)
