"""`evaluators list` and `fields list`: what other commands accept."""

from dataclasses import dataclass
from typing import Final

from respan_langchain.cli.command import command, new_group
from respan_langchain.cli.log_fields import list_fields
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.tables import Column, table_of


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


evaluators = new_group(
    "evaluators", "List the evaluators of a local platform.", examples=["evaluators list"]
)
fields = new_group("fields", "List the fields of a log.", examples=["fields list"])


@command("list", examples=["evaluators list"], group=evaluators)
def list_evaluators(ctx: CliContext) -> None:
    """List the built-in evaluators of a local platform."""
    columns = [
        (Column("evaluator", is_kept=True), lambda each: each.name),
        (_wrapping("passes if"), lambda each: each.description),
    ]
    ctx.output_list(EVALUATORS, table_of(EVALUATORS, columns))


@command("list", examples=["fields list"], group=fields)
def list_log_fields(ctx: CliContext) -> None:
    """List the fields that --fields and --where accept."""
    fields = list_fields()
    columns = [
        (Column("field", is_kept=True), lambda each: each.name),
        (_wrapping("description"), lambda each: each.description),
        (Column("--where"), lambda each: "yes" if each.can_filter else ""),
    ]
    ctx.output_list(fields, table_of(fields, columns))


def _wrapping(name: str) -> Column:
    return Column(name, min_width=12, is_kept=True, wraps=True)
