"""Progress bars, where the standard error is a terminal; how far an interrupted command came."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from respan_langchain._display import format_count
from respan_langchain.cli.formatting import escape_controls
from respan_langchain.cli.platform import CliContext
from respan_langchain.datasets.transfer.transfer import TransferCounts
from respan_langchain.errors import ApiError

RESUME = "Run the same command again to resume."


@contextmanager
def progress_bar(
    ctx: CliContext,
    description: str,
    advice: str,
    *,
    unit: str = "rows",
    is_shown: bool = True,
) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar; it is called with how many are done, and with all, which may be unknown.

    After Ctrl-C, or an API error between two rows, a note says how many are done, and the advice.
    """
    done, of_total = 0, ""
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=ctx.err,
        transient=True,
        disable=not (is_shown and ctx.err.is_terminal),
    ) as progress:
        task = progress.add_task(escape_controls(description), total=None)

        def update(completed: int, total: int | None) -> None:
            nonlocal done, of_total
            done, of_total = completed, "" if total is None else f" of {format_count(total)}"
            progress.update(task, completed=completed, total=total)

        try:
            yield update
        except (KeyboardInterrupt, ApiError) as error:
            ctx.interruption = f"Interrupted after {format_count(done)}{of_total} {unit}. {advice}"
            if done and isinstance(error, ApiError):
                ctx.note(ctx.interruption)
            raise


@contextmanager
def transfer_progress(
    ctx: CliContext, description: str, total: int | None
) -> Iterator[Callable[[TransferCounts], None]]:
    """Show the progress of a transfer of `total` rows."""
    with progress_bar(ctx, description, RESUME) as show:
        show(0, total)
        yield lambda counts: show(counts.done, total)
