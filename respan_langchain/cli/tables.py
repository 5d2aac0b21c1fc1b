"""Tables that fit any terminal: in a narrow one, columns are left out from the right.

Cells that are no `Text` of rich are shown as they are, without markup and control characters.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeVar

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from respan_langchain._display import format_cost, format_count, format_duration
from respan_langchain.cli.formatting import (
    escape_controls,
    format_status,
    preview,
    preview_line,
    safe_text,
    short_id,
)
from respan_langchain.client.models import Log

WIDE_TERMINAL: Final = 110
"""Terminal columns from which on columns are further apart, and no word is abbreviated."""
MAX_RUN_NAME: Final = {False: 12, True: 30}
"""Characters of a run's name, by whether the terminal is wide."""

Cell = str | Text
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    justify: Literal["left", "right"] = "left"
    min_width: int | None = None
    """Makes the column flexible: it gets a share of the width that is left, at least this much."""
    max_width: int | None = None
    is_kept: bool = False
    """Whether it stays in a narrow terminal; its cells wrap there."""
    wraps: bool = False
    """Whether a flexible column continues a long cell on the next line instead of cutting it."""
    style: str = ""


def number_column(name: str) -> Column:
    """Make a right-aligned column."""
    return Column(name, justify="right")


@dataclass(frozen=True, slots=True)
class FittingTable:
    """A table as wide as rich lets it be; the most important columns come first."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    styles: Sequence[str] = ()
    """A style for each row, where they have one."""
    has_header: bool = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the columns that fit."""
        gap = 3 if options.max_width >= WIDE_TERMINAL else 1
        rows = [
            [cell if isinstance(cell, Text) else safe_text(cell) for cell in row]
            for row in self.rows
        ]
        shown = _fitting_columns(self.columns, rows, options.max_width, gap)
        table = Table(
            box=box.SIMPLE_HEAD,
            pad_edge=False,
            show_edge=False,
            padding=(0, gap // 2),
            show_header=self.has_header,
            expand=any(self.columns[index].min_width is not None for index in shown),
        )
        for index in shown:
            _add_column(table, self.columns[index])
        for number, row in enumerate(rows):
            style = self.styles[number] if self.styles else ""
            table.add_row(*(row[index] for index in shown), style=style)
        yield table


def table_of(
    records: Sequence[Record], columns: Sequence[tuple[Column, Callable[[Record], Cell]]]
) -> FittingTable:
    """Make a table with a line for each record, each column with what it shows of a record."""
    rows = [[get_cell(record) for _, get_cell in columns] for record in records]
    return FittingTable([column for column, _ in columns], rows)


def _add_column(table: Table, column: Column) -> None:
    is_flexible = column.min_width is not None
    wraps = column.wraps or (column.is_kept and not is_flexible)
    table.add_column(
        column.name,
        justify=column.justify,
        ratio=1 if is_flexible else None,
        max_width=column.max_width,
        style=column.style,
        no_wrap=not wraps,
        overflow="fold" if wraps else "ellipsis",
    )


def _fitting_columns(
    columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int, gap: int
) -> list[int]:
    """Choose the columns that fit, by index; columns are left out from the right."""
    shown = list(range(len(columns)))
    needed = [_needed_width(column, index, rows) for index, column in enumerate(columns)]
    for index in reversed(range(len(columns))):
        if sum(needed[each] + gap for each in shown) - gap <= width:
            break
        if not columns[index].is_kept:
            shown.remove(index)
    return shown


def _needed_width(column: Column, index: int, rows: Sequence[Sequence[Text]]) -> int:
    if column.min_width is not None:
        return column.min_width
    widest = max([cell_len(column.name), *(row[index].cell_len for row in rows)])
    return widest if column.max_width is None else min(widest, column.max_width)


def render_logs(
    logs: Sequence[Log], width: int, *, as_traces: bool = False, has_header: bool = True
) -> FittingTable:
    """Draw logs of a dataset; in a terminal of `width` columns, a wide one shows more of each.

    `as_traces` shows run names instead of ids, with the calls of a trace below its root.
    """
    is_wide = width >= WIDE_TERMINAL
    identity = Column("id", style="dim", is_kept=True)
    name = Column("name", max_width=MAX_RUN_NAME[is_wide], is_kept=as_traces)
    columns: list[tuple[Column, Callable[[Log], Cell]]] = [
        (Column("kind"), lambda log: preview_line(log.log_type)),
        (Column("input", min_width=12, is_kept=True), lambda log: preview_line(log.input)),
        (Column("output", min_width=12, is_kept=True), _output_cell),
        (number_column("tokens"), lambda log: format_count(log.total_tokens)),
        (number_column("cost"), lambda log: format_cost(log.cost)),
        (number_column("time"), lambda log: format_duration(log.latency)),
        (Column("status"), lambda log: format_status(log, wide=is_wide)),
    ]
    if as_traces or is_wide:
        columns.insert(1, (name, lambda log: _run_name(log, as_traces=as_traces)))
    if not as_traces:
        columns.insert(0, (identity, lambda log: short_id(log.unique_id)))
    styles = ["dim" if as_traces and is_child(log) else "" for log in logs]
    return replace(table_of(logs, columns), styles=styles, has_header=has_header)


def is_child(log: Log) -> bool:
    """Whether a log is a call within another run that is a log, too."""
    return "span_parent_id" in (log.metadata or {})


def render_pairs(pairs: Iterable[tuple[str, Any]]) -> Table:
    """Draw names and values below each other."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(name, value if isinstance(value, Text) else safe_text(preview(value)))
    return table


def _run_name(log: Log, *, as_traces: bool) -> Text:
    name = escape_controls(log.span_name or "")
    is_indented = as_traces and is_child(log)
    return Text(f"└ {name}" if is_indented else name, no_wrap=True, overflow="ellipsis")


def _output_cell(log: Log) -> Text:
    if log.status != "error":
        return preview_line(log.output)
    cell = preview_line(log.error_message)
    cell.stylize("red")
    return cell
