"""`lock` and `diff`: keep in git which rows a project is tested against, and see what changed."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from respan_langchain.cli.command import EXIT_OK, EXIT_PROBLEMS, command
from respan_langchain.cli.formatting import pluralize
from respan_langchain.cli.options import (
    DatasetArgument,
    LimitOption,
    WithExpectedOption,
)
from respan_langchain.cli.platform import CliContext
from respan_langchain.client.models import Log
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.errors import ConfigurationError
from respan_langchain.experiments import scorers
from respan_langchain.experiments.lock import (
    DEFAULT_PATH,
    Lock,
    compare_locks,
    lock_rows,
    read_lock,
    write_lock,
)

LockOption = Annotated[Path, typer.Option("--lock", metavar="PATH", help="The lock file.")]


@command("lock", examples=["lock support-bot", "lock support-bot --with-expected"])
def lock_dataset(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    limit: LimitOption = None,
    with_expected: WithExpectedOption = False,
    path: LockOption = Path(DEFAULT_PATH),
) -> None:
    """Write hashes and scores of rows to a lock file for git."""
    from respan_langchain.experiments.replay import recorded_trials, select_rows

    with ctx.client() as client:
        rows = Dataset.of(client, ctx.settings, dataset)
        found, skipped = select_rows(_choose(rows, with_expected=with_expected), limit)
    trials = recorded_trials(found, [scorers.same_answer])
    lock = lock_rows(rows.name, rows.id, found, trials, with_expected=with_expected)
    write_lock(lock, path)
    ctx.output(
        {"path": str(path), "rows": len(found), "skipped": skipped},
        f"{pluralize(len(found), 'row')} of {rows.name} locked in {path}.",
    )


def _choose(rows: Dataset, *, with_expected: bool) -> list[Log]:
    """Return all rows, or those with an expected output.

    Raises:
        ConfigurationError: There is none with an expected output.
    """
    chosen = [log for log in rows if not with_expected or log.expected_output is not None]
    if with_expected and not chosen:
        raise ConfigurationError(
            f"{rows.name}: no row has an expected output; review some in `serve`, or use `logs set`"
        )
    return chosen


@command("diff", examples=["diff", "diff main.lock respan.lock"])
def show_diff(
    ctx: CliContext,
    before: Annotated[Path, typer.Argument(metavar="LOCK", help="A lock file.")] = Path(
        DEFAULT_PATH
    ),
    after: Annotated[
        Path | None,
        typer.Argument(metavar="LOCK", help="Another one; else the dataset as it is now."),
    ] = None,
) -> int:
    """Show what changed since a lock file was written. Exits with 1 when anything did."""
    first = read_lock(before)
    second = read_lock(after) if after is not None else _lock_now(ctx, first)
    diff = compare_locks(first, second)
    lines = [
        *(f"+ {row}" for row in diff.added),
        *(f"- {row}" for row in diff.removed),
        *(f"~ {row}: input or expected output changed" for row in diff.changed),
        *(f"~ {row}: {', '.join(changes)}" for row, changes in diff.scores.items()),
    ]
    ctx.output(asdict(diff), "\n".join(lines) or "No changes.")
    return EXIT_PROBLEMS if diff else EXIT_OK


def _lock_now(ctx: CliContext, lock: Lock) -> Lock:
    from respan_langchain.experiments.replay import select_rows

    with ctx.client() as client:
        rows = Dataset.of(client, ctx.settings, lock.dataset_id or lock.dataset)
        found, _ = select_rows(_choose(rows, with_expected=lock.with_expected))
        return lock_rows(rows.name, rows.id, found)
