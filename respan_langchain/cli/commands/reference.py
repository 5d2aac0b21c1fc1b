"""`evaluators list` and `fields list`: what other commands accept."""

from dataclasses import dataclass
from typing import Final

import typer

from respan_langchain.cli.command import add_command, new_group
from respan_langchain.cli.context import EXIT_OK, CliContext
from respan_langchain.cli.log_fields import list_fields
from respan_langchain.cli.tables import Column, render_records


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
    evaluators = new_group("List the evaluators of a local platform.", examples=["evaluators list"])
    add_command(evaluators, "list", list_evaluators, examples=["evaluators list"])
    app.add_typer(evaluators, name="evaluators")
    fields = new_group("List the fields of a log.", examples=["fields list"])
    add_command(fields, "list", list_log_fields, examples=["fields list"])
    app.add_typer(fields, name="fields")


def list_evaluators(ctx: CliContext) -> int:
    """List the built-in evaluators of a local platform."""
    columns = [
        (Column("evaluator", is_kept=True), lambda each: each.name),
        (_wrapping("passes if"), lambda each: each.description),
    ]
    ctx.output_list(EVALUATORS, lambda: render_records(EVALUATORS, columns, ctx.out.width))
    return EXIT_OK


def list_log_fields(ctx: CliContext) -> int:
    """List the fields that --fields and --where accept."""
    fields = list_fields()
    columns = [
        (Column("field", is_kept=True), lambda each: each.name),
        (_wrapping("description"), lambda each: each.description),
        (Column("--where"), lambda each: "yes" if each.can_filter else ""),
    ]
    ctx.output_list(fields, lambda: render_records(fields, columns, ctx.out.width))
    return EXIT_OK


def _wrapping(name: str) -> Column:
    return Column(name, min_width=12, is_kept=True, wraps=True)
