"""Tables: columns that fit a narrow terminal, and more of them in a wide one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rich import box
from rich.table import Table
from rich.text import Text

from respan_langchain.cli.formatting import (
    escape_controls,
    format_cost,
    format_count,
    format_duration,
    format_status,
    preview,
    preview_line,
    short_id,
)
from respan_langchain.client.models import Log

WIDE_TERMINAL: Final = 110
"""Columns from which on a terminal has room for everything."""
MAX_NAME_LENGTH: Final = {False: 12, True: 30}
"""Letters of a run's name, by whether the terminal is wide."""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    justify: Literal["left", "right"] = "left"
    ratio: int | None = None
    """Which part of the width that is left goes to it; None for as much as it needs."""
    max_width: int | None = None
    style: str = ""


def number_column(name: str) -> Column:
    """Make a column of numbers."""
    return Column(name, justify="right")


def new_table(columns: Sequence[Column], *, wide: bool = True) -> Table:
    """Draw an empty table."""
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1 if wide else 0))
    for column in columns:
        drawn.add_column(
            column.name,
            justify=column.justify,
            ratio=column.ratio,
            max_width=column.max_width,
            style=column.style,
            no_wrap=True,
            overflow="ellipsis",
        )
    drawn.expand = any(column.ratio is not None for column in columns)
    return drawn


def render_logs(logs: Iterable[Log], width: int, *, as_traces: bool = False) -> Table:
    """Draw rows of a dataset.

    Args:
        logs: The rows.
        width: Columns of the terminal.
        as_traces: Names in place of ids, the calls of a trace below its root.
    """
    wide = width >= WIDE_TERMINAL
    named = as_traces or wide
    head = [
        *([] if as_traces else [Column("id", style="dim")]),
        Column("kind"),
        *([Column("name", max_width=MAX_NAME_LENGTH[wide])] if named else []),
        Column("input", ratio=1),
        Column("output", ratio=1),
        *map(number_column, ("tokens", "cost", "time")),
        Column("status"),
    ]
    drawn = new_table(head, wide=wide)
    for log in logs:
        inner = as_traces and is_child(log)
        first = [preview_line(log.log_type), *([_name(log, inner=inner)] if named else [])]
        drawn.add_row(
            *([] if as_traces else [short_id(log)]),
            *first,
            preview_line(log.input),
            _answer(log),
            format_count(log.total_tokens),
            format_cost(log.cost),
            format_duration(log.latency),
            format_status(log, wide=wide),
            style="dim" if inner else "",
        )
    return drawn


def is_child(log: Log) -> bool:
    """Tell whether a row is a call within another run that is a row too."""
    return "span_parent_id" in (log.metadata or {})


def render_pairs(pairs: Iterable[tuple[str, Any]]) -> Table:
    """Draw names and values below each other."""
    drawn = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    drawn.add_column(style="dim", no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in pairs:
        drawn.add_row(
            name, value if isinstance(value, Text) else Text(escape_controls(preview(value)))
        )
    return drawn


def _name(log: Log, *, inner: bool) -> Text:
    name = escape_controls(log.span_name or "")
    return Text(f"└ {name}" if inner else name)


def _answer(log: Log) -> Text:
    shown = preview_line(log.output if log.status != "error" else log.error_message)
    if log.status == "error":
        shown.stylize("red")
    return shown
