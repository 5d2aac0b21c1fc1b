"""Tables that fit any terminal: in a narrow one, columns are left out from the right."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from respan_langchain._display import format_cost, format_count, format_duration
from respan_langchain.cli.formatting import (
    escape_controls,
    format_status,
    preview,
    preview_line,
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


def render_table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    width: int,
    *,
    styles: Sequence[str] | None = None,
    has_header: bool = True,
) -> Table:
    """Draw a table in at most `width` characters; the most important columns come first.

    `styles` has a style for each row.
    """
    gap = 3 if width >= WIDE_TERMINAL else 1
    shown = _fitting_columns(columns, rows, width, gap)
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        padding=(0, gap // 2),
        show_header=has_header,
        expand=any(columns[index].min_width is not None for index in shown),
    )
    for index in shown:
        _add_column(table, columns[index])
    for number, row in enumerate(rows):
        table.add_row(*(row[index] for index in shown), style=styles[number] if styles else "")
    return table


def render_records(
    records: Sequence[Record],
    columns: Sequence[tuple[Column, Callable[[Record], Cell]]],
    width: int,
) -> Table:
    """Draw a table with a line for each record, each column with what it shows of a record."""
    rows = [[get_cell(record) for _, get_cell in columns] for record in records]
    return render_table([column for column, _ in columns], rows, width)


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
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int, gap: int
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


def _needed_width(column: Column, index: int, rows: Sequence[Sequence[Cell]]) -> int:
    if column.min_width is not None:
        return column.min_width
    cells = [column.name, *(str(row[index]) for row in rows)]
    widest = max(cell_len(cell) for cell in cells)
    return widest if column.max_width is None else min(widest, column.max_width)


def render_logs(
    logs: Sequence[Log], width: int, *, as_traces: bool = False, has_header: bool = True
) -> Table:
    """Draw logs of a dataset.

    `as_traces` shows run names instead of ids, with the calls of a trace below its root.
    """
    is_wide = width >= WIDE_TERMINAL
    name = Column("name", max_width=MAX_RUN_NAME[is_wide], is_kept=as_traces)
    columns = [
        *([] if as_traces else [Column("id", style="dim", is_kept=True)]),
        Column("kind"),
        *([name] if as_traces or is_wide else []),
        Column("input", min_width=12, is_kept=True),
        Column("output", min_width=12, is_kept=True),
        *map(number_column, ("tokens", "cost", "time")),
        Column("status"),
    ]
    rows: list[list[Cell]] = []
    for log in logs:
        is_indented = as_traces and is_child(log)
        rows.append([
            *([] if as_traces else [short_id(log.unique_id)]),
            preview_line(log.log_type),
            *([_run_name(log, is_indented=is_indented)] if as_traces or is_wide else []),
            preview_line(log.input),
            _output_cell(log),
            format_count(log.total_tokens),
            format_cost(log.cost),
            format_duration(log.latency),
            format_status(log, wide=is_wide),
        ])  # fmt: skip
    styles = ["dim" if as_traces and is_child(log) else "" for log in logs]
    return render_table(columns, rows, width, styles=styles, has_header=has_header)


def is_child(log: Log) -> bool:
    """Whether a log is a call within another run that is a log, too."""
    return "span_parent_id" in (log.metadata or {})


def render_pairs(pairs: Iterable[tuple[str, Any]]) -> Table:
    """Draw names and values below each other."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        cell = value if isinstance(value, Text) else Text(escape_controls(preview(value)))
        table.add_row(name, cell)
    return table


def _run_name(log: Log, *, is_indented: bool) -> Text:
    name = escape_controls(log.span_name or "")
    return Text(f"└ {name}" if is_indented else name, no_wrap=True, overflow="ellipsis")


def _output_cell(log: Log) -> Text:
    if log.status != "error":
        return preview_line(log.output)
    cell = preview_line(log.error_message)
    cell.stylize("red")
    return cell
