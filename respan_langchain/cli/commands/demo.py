"""`demo`: the support ctx answers ten questions, and a table shows what was captured of it."""

import shlex
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from respan_langchain.cli.context import (
    DEFAULT_LOCAL_URL,
    EXIT_OK,
    EXIT_PROBLEMS,
    CliContext,
    command,
)
from respan_langchain.cli.formatting import format_cost, format_count
from respan_langchain.cli.tables import is_child, render_logs, render_pairs
from respan_langchain.client.models import Log
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.errors import ConfigurationError

PAUSE: Final = 0.012
"""Seconds for each word of the model."""


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    command(app, "demo")(demo)


def demo(
    ctx: CliContext,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            help="Where the rows go; else --base-url or respan.db.",
            show_default=False,
        ),
    ] = None,
    dataset: Annotated[str, typer.Option("--dataset", "-d", help="The dataset's name.")] = "demo",
) -> int:
    """Run a support ctx on a scripted model, without key or network, and show its rows."""
    from respan_langchain.callbacks.handler import RespanDatasetCallbackHandler
    from respan_langchain.cli.demo_app.questions import QUESTIONS
    from respan_langchain.cli.demo_app.run import ask_questions

    url = _url(ctx, file)
    # An id in the environment names a dataset of another platform.
    with RespanDatasetCallbackHandler(dataset, dataset_id="", base_url=url) as handler:
        with _progress(ctx) as progress:
            task = progress.add_task("", total=len(QUESTIONS))
            for asked in ask_questions(handler, pause=PAUSE):
                progress.update(task, advance=1, description=asked.question.text)
        delivered = handler.flush(timeout=30)
        stats = handler.stats
    with Dataset.open(dataset, base_url=url) as rows:
        logs = in_order(rows.latest(stats.delivered))
    ctx.output(
        {
            "dataset": dataset,
            "base_url": url,
            "rows": logs,
            "totals": _totals(logs),
        },
        lambda: _shown(logs, url, dataset, ctx.out.width),
    )
    if not delivered:
        ctx.error(f"Not everything was delivered: {stats}")
    return EXIT_OK if delivered else EXIT_PROBLEMS


def _url(ctx: CliContext, file: Path | None) -> str:
    """Tell which file is meant.

    Raises:
        ConfigurationError: Two are, or a platform that is no file.
    """
    if file is not None and ctx.base_url is not None:
        raise ConfigurationError("--file and --base-url both say where the rows go: give one.")
    if file is not None:
        return f"sqlite:///{file}"
    if "base_url" not in ctx.settings_without_key.model_fields_set:
        return DEFAULT_LOCAL_URL
    if not ctx.settings_without_key.is_local:
        raise ConfigurationError(
            "The demo fills a file: give --file file.db, or --base-url sqlite:///file.db."
        )
    return ctx.settings_without_key.base_url


def _progress(ctx: CliContext) -> Progress:
    return Progress(
        TextColumn("Asking"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        console=ctx.err,
        transient=True,
        disable=not ctx.err.is_terminal,
    )


def in_order(logs: Sequence[Log]) -> list[Log]:
    """Put each trace's root before its calls, and the traces in the order in which they began."""

    def began(log: Log) -> str:
        return str((log.metrics or {}).get("start_time", ""))

    roots = {log.trace_unique_id: began(log) for log in logs if not is_child(log)}
    return sorted(
        logs, key=lambda log: (roots.get(log.trace_unique_id, ""), is_child(log), began(log))
    )


def _totals(logs: Sequence[Log]) -> dict[str, Any]:
    roots = [log for log in logs if not is_child(log)]
    return {
        "rows": len(logs),
        "questions": len(roots),
        "failed": sum(log.status == "error" for log in roots),
        "tokens": sum(log.total_tokens or 0 for log in roots),
        "cost": sum((log.cost for log in roots if log.cost is not None), Decimal(0)),
    }


def _shown(logs: Sequence[Log], url: str, dataset: str, width: int) -> RenderableType:
    totals = _totals(logs)
    said = (
        f"{totals['rows']} rows of {totals['questions']} questions, of which {totals['failed']} "
        f"failed: {format_count(totals['tokens'])} tokens, {format_cost(totals['cost'])}."
    )
    base = "" if url == DEFAULT_LOCAL_URL else f" --base-url {shlex.quote(url)}"
    steps = render_pairs(
        [
            ("The rows are in", f"{url.removeprefix('sqlite:///')}, dataset {dataset}"),
            ("Look at them in a browser", f"respan-langchain{base} serve"),
            ("Send your own to Respan", "export RESPAN_API_KEY=..."),
        ]
    )
    rows = render_logs(logs, width, as_traces=True)
    return Group(rows, Text(said, style="bold"), Text(), steps)
