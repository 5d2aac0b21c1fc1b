"""Progress bars, where the standard error is a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from respan_langchain._display import format_count
from respan_langchain.cli.context import CliContext
from respan_langchain.cli.formatting import escape_controls
from respan_langchain.datasets.transfer.transfer import TransferCounts
from respan_langchain.errors import ApiError


@contextmanager
def progress_bar(ctx: CliContext, description: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar; it is called with the rows that are done, and with all, which may be unknown."""
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=ctx.err,
        transient=True,
        disable=not ctx.err.is_terminal,
    ) as progress:
        task = progress.add_task(escape_controls(description), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def transfer_progress(
    ctx: CliContext, description: str, total: int | None
) -> Iterator[Callable[[TransferCounts], None]]:
    """Show the progress of a transfer of `total` rows, and how far it came if interrupted."""
    done = 0
    with progress_bar(ctx, description) as show:
        show(0, total)

        def update(counts: TransferCounts) -> None:
            nonlocal done
            done = counts.done
            show(done, total)

        try:
            yield update
        except (KeyboardInterrupt, ApiError):
            of_total = "" if total is None else f" of {format_count(total)}"
            ctx.note(
                f"Interrupted after {format_count(done)}{of_total} rows. "
                "Run the same command again to resume."
            )
            raise
