"""`demo`: a scripted support desk answers ten questions, and its captured rows are shown."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from respan_langchain._connect import DEFAULT_LOCAL_URL
from respan_langchain._display import format_cost, format_count
from respan_langchain.cli.command import EXIT_OK, EXIT_PROBLEMS, command
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.tables import is_child, render_logs, render_pairs
from respan_langchain.client.models import Log
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.errors import ConfigurationError

PAUSE: Final = 0.012
"""Seconds that the model takes for each word."""


@command("demo", examples=["demo", "demo --file trial.db"])
def demo(
    ctx: CliContext,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="Where the rows go. [default: --base-url or respan.db]",
            show_default=False,
        ),
    ] = None,
    dataset: Annotated[
        str, typer.Option("--dataset", "-d", metavar="NAME", help="Name of the dataset.")
    ] = "demo",
) -> int:
    """Run a scripted support desk and show its rows.

    It needs no key and no network.
    """
    from respan_langchain.callbacks.handler import RespanDatasetCallbackHandler
    from respan_langchain.cli.demo_app.run import QUESTIONS, ask_questions

    url = _choose_url(ctx, file)
    # The environment's values are for the app's own handlers.
    with RespanDatasetCallbackHandler(
        dataset, dataset_id="", base_url=url, enabled=True, sample_rate=1.0, content=True, via=""
    ) as handler:
        with _progress(ctx) as progress:
            task = progress.add_task("", total=len(QUESTIONS))
            for question in ask_questions(handler, pause=PAUSE):
                progress.update(task, advance=1, description=question)
        delivered = handler.flush(timeout=30)
        stats = handler.stats
    with Dataset.open(dataset, base_url=url) as rows:
        logs = sort_by_trace(rows.latest(stats.delivered))
    ctx.output(
        {"dataset": dataset, "base_url": url, "rows": logs, "totals": _total(logs)},
        *_render(ctx, logs, url, dataset),
    )
    if not delivered:
        ctx.error(f"Some rows were not delivered: {stats}")
    return EXIT_OK if delivered else EXIT_PROBLEMS


def _choose_url(ctx: CliContext, file: Path | None) -> str:
    """Choose the file for the rows.

    Raises:
        ConfigurationError: Two files are named, or a platform that is not a file.
    """
    if file is not None and ctx.base_url is not None:
        raise ConfigurationError("--file and --base-url both name a destination; pass one of them.")
    if file is not None:
        return f"sqlite:///{file}"
    configured = ctx.settings_without_key()
    if "base_url" not in configured.model_fields_set:
        return DEFAULT_LOCAL_URL
    if not configured.is_local:
        raise ConfigurationError(
            "The demo writes to a file: pass --file file.db, or --base-url sqlite:///file.db."
        )
    return configured.base_url


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


def sort_by_trace(logs: Sequence[Log]) -> list[Log]:
    """Sort each trace's root before its calls, and the traces by when they began."""

    def began(log: Log) -> str:
        return str((log.metrics or {}).get("start_time", ""))

    roots = {log.trace_unique_id: began(log) for log in logs if not is_child(log)}
    return sorted(
        logs, key=lambda log: (roots.get(log.trace_unique_id, ""), is_child(log), began(log))
    )


def _total(logs: Sequence[Log]) -> dict[str, Any]:
    roots = [log for log in logs if not is_child(log)]
    return {
        "rows": len(logs),
        "questions": len(roots),
        "failed": sum(log.status == "error" for log in roots),
        "tokens": sum(log.total_tokens or 0 for log in roots),
        "cost": sum((log.cost for log in roots if log.cost is not None), Decimal(0)),
    }


def _render(
    ctx: CliContext, logs: Sequence[Log], url: str, dataset: str
) -> Iterator[RenderableType]:
    totals = _total(logs)
    yield render_logs(logs, ctx.out.width, as_traces=True)
    yield Text(
        f"Captured {totals['rows']} rows from {totals['questions']} questions "
        f"({totals['failed']} failed): {format_count(totals['tokens'])} tokens, "
        f"{format_cost(totals['cost'])}",
        style="bold",
    )
    yield ""
    yield render_pairs(
        [
            ("Stored in", f"{url.removeprefix('sqlite:///')}, dataset {dataset}"),
            ("List them", ctx.command_line("logs", "list", dataset, base_url=url)),
            ("Review in a browser", ctx.command_line("serve", "--open", base_url=url)),
            ("Send yours to Respan", "export RESPAN_API_KEY=..."),
        ]
    )
