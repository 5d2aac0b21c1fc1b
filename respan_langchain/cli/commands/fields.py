"""`fields`: the fields of a log, for `--fields` and `--where`."""

import typer
from rich.console import RenderableType

from respan_langchain.cli.command import add_command, new_group
from respan_langchain.cli.context import EXIT_OK, CliContext
from respan_langchain.cli.log_fields import LogField, list_fields
from respan_langchain.cli.tables import Cell, Column, render_table


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = new_group("List the fields of a log.", examples=["fields list"])
    add_command(group, "list", list_all, examples=["fields list"])
    app.add_typer(group, name="fields")


def list_all(ctx: CliContext) -> int:
    """List the fields that --fields and --where accept."""
    fields = list_fields()
    ctx.output_list(fields, lambda: _render(fields, ctx.out.width))
    return EXIT_OK


def _render(fields: list[LogField], width: int) -> RenderableType:
    columns = [
        Column("field", is_kept=True),
        Column("description", min_width=12, is_kept=True, wraps=True),
        Column("--where"),
    ]
    rows: list[list[Cell]] = [
        [
            each.name,
            each.description,
            "yes" if each.can_filter else "",
        ]
        for each in fields
    ]
    return render_table(columns, rows, width)
