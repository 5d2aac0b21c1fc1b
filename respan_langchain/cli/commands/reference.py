"""`evaluators list` and `fields list`: what other commands accept."""

from collections.abc import Mapping
from typing import Final

from respan_langchain._constants import EMBEDDED_LOG_FIELDS, LOG_FIELDS
from respan_langchain.cli.command import command, new_group
from respan_langchain.cli.log_fields import DESCRIPTIONS
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.tables import Column, FittingTable

EVALUATORS: Final[Mapping[str, str]] = {
    "exact_match": "the output equals the expected output",
    "contains[:TEXT]": "the output contains TEXT, else the expected output",
    "json_equality": "output and expected output are the same JSON value",
    "regex[:PATTERN]": "the output matches PATTERN, else the expected output",
    "latency_limit:SECONDS": "the run took at most this long",
    "cost_limit:USD": "the run cost at most this much",
    "python:MODULE:FUNCTION": "your function says so; needs serve --allow-python",
}
FIELDS: Final[Mapping[str, str]] = {**DESCRIPTIONS, "metadata.KEY": "one key of the metadata"}
FILTER_FIELDS: Final = LOG_FIELDS | EMBEDDED_LOG_FIELDS | {"metadata.KEY"}
"""The fields that `--where` takes."""

evaluators = new_group(
    "evaluators", "List the evaluators of a local platform.", examples=["evaluators list"]
)
fields = new_group("fields", "List the fields of a log.", examples=["fields list"])


@command("list", examples=["evaluators list"], group=evaluators)
def list_evaluators(ctx: CliContext) -> None:
    """List the built-in evaluators of a local platform."""
    columns = [Column("evaluator", is_kept=True), _wrapping("passes if")]
    results = [{"name": name, "description": text} for name, text in EVALUATORS.items()]
    ctx.output_list(results, FittingTable(columns, list(EVALUATORS.items())))


@command("list", examples=["fields list"], group=fields)
def list_log_fields(ctx: CliContext) -> None:
    """List the fields that --fields and --where accept."""
    columns = [Column("field", is_kept=True), _wrapping("description"), Column("--where")]
    results = [
        {"name": name, "description": text, "can_filter": name in FILTER_FIELDS}
        for name, text in FIELDS.items()
    ]
    cells = [[name, text, "yes" if name in FILTER_FIELDS else ""] for name, text in FIELDS.items()]
    ctx.output_list(results, FittingTable(columns, cells))


def _wrapping(name: str) -> Column:
    return Column(name, min_width=12, is_kept=True, wraps=True)
