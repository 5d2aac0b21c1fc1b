"""Tables: columns that fit a narrow terminal, and more of them in a wide one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rich import box
from rich.table import Table
from rich.text import Text

from respan_langchain.cli.formatting import (
    count,
    line,
    money,
    plain,
    seconds,
    short_id,
    status_of,
    words,
)
from respan_langchain.client.models import Log

WIDE: Final = 110
"""Columns from which on a terminal has room for everything."""
LONGEST_NAME: Final = {False: 12, True: 30}
"""Letters of a run's name, by whether the terminal is wide."""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    justify: Literal["left", "right"] = "left"
    share: int | None = None
    """Which part of the width that is left goes to it; None for as much as it needs."""
    longest: int | None = None
    style: str = ""


def number(name: str) -> Column:
    """Make a column of numbers."""
    return Column(name, justify="right")


def table(columns: Sequence[Column], *, wide: bool = True) -> Table:
    """Draw an empty table."""
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1 if wide else 0))
    for column in columns:
        drawn.add_column(
            column.name,
            justify=column.justify,
            ratio=column.share,
            max_width=column.longest,
            style=column.style,
            no_wrap=True,
            overflow="ellipsis",
        )
    drawn.expand = any(column.share is not None for column in columns)
    return drawn


def table_of_logs(logs: Iterable[Log], width: int, *, as_traces: bool = False) -> Table:
    """Draw rows of a dataset.

    Args:
        logs: The rows.
        width: Columns of the terminal.
        as_traces: Names in place of ids, the calls of a trace below its root.
    """
    wide = width >= WIDE
    named = as_traces or wide
    head = [
        *([] if as_traces else [Column("id", style="dim")]),
        Column("kind"),
        *([Column("name", longest=LONGEST_NAME[wide])] if named else []),
        Column("input", share=1),
        Column("output", share=1),
        *map(number, ("tokens", "cost", "time")),
        Column("status"),
    ]
    drawn = table(head, wide=wide)
    for log in logs:
        inner = as_traces and is_inner(log)
        first = [line(log.log_type), *([_name(log, inner=inner)] if named else [])]
        drawn.add_row(
            *([] if as_traces else [short_id(log)]),
            *first,
            line(log.input),
            _answer(log),
            count(log.total_tokens),
            money(log.cost),
            seconds(log.latency),
            status_of(log, wide=wide),
            style="dim" if inner else "",
        )
    return drawn


def is_inner(log: Log) -> bool:
    """Tell whether a row is a call within another run that is a row too."""
    return "span_parent_id" in (log.metadata or {})


def facts(pairs: Iterable[tuple[str, Any]]) -> Table:
    """Draw names and values below each other."""
    drawn = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    drawn.add_column(style="dim", no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in pairs:
        drawn.add_row(name, value if isinstance(value, Text) else Text(plain(words(value))))
    return drawn


def _name(log: Log, *, inner: bool) -> Text:
    name = plain(log.span_name or "")
    return Text(f"└ {name}" if inner else name)


def _answer(log: Log) -> Text:
    shown = line(log.output if log.status != "error" else log.error_message)
    if log.status == "error":
        shown.stylize("red")
    return shown
