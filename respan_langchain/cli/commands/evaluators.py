"""`evaluators`: what `evaluate --evaluator` accepts on a local platform."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import typer
from rich.console import RenderableType

from respan_langchain.cli.command import add_command, new_group
from respan_langchain.cli.context import EXIT_OK, CliContext
from respan_langchain.cli.tables import Cell, Column, render_table


@dataclass(frozen=True, slots=True)
class EvaluatorHelp:
    """An evaluator as it is typed, and what it checks."""

    name: str
    description: str


EVALUATORS: Final = (
    EvaluatorHelp("exact_match", "the output equals the expected output"),
    EvaluatorHelp("contains[:TEXT]", "the output contains TEXT, else the expected output"),
    EvaluatorHelp("json_equality", "output and expected output are the same JSON value"),
    EvaluatorHelp("regex[:PATTERN]", "the output matches PATTERN, else the expected output"),
    EvaluatorHelp("latency_limit:SECONDS", "the run took at most this long"),
    EvaluatorHelp("cost_limit:USD", "the run cost at most this much"),
    EvaluatorHelp("python:MODULE:FUNCTION", "your function says so; needs serve --allow-python"),
)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = new_group("List the evaluators of a local platform.", examples=["evaluators list"])
    add_command(group, "list", list_all, examples=["evaluators list"])
    app.add_typer(group, name="evaluators")


def list_all(ctx: CliContext) -> int:
    """List the built-in evaluators of a local platform."""
    ctx.output_list(EVALUATORS, lambda: _render(EVALUATORS, ctx.out.width))
    return EXIT_OK


def _render(evaluators: Sequence[EvaluatorHelp], width: int) -> RenderableType:
    columns = [
        Column("evaluator", is_kept=True),
        Column("passes if", min_width=12, is_kept=True, wraps=True),
    ]
    rows: list[list[Cell]] = [[each.name, each.description] for each in evaluators]
    return render_table(columns, rows, width)
