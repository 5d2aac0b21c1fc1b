"""`export` and `import`: rows to files and out of files."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any, Final, get_args

import typer
from rich.text import Text

from respan_langchain.cli.commands.push_pull import DatasetArgument, print_counts, progress_bar
from respan_langchain.cli.context import EXIT_OK, EXIT_PROBLEMS, CliContext, command
from respan_langchain.cli.filters import Where, parse_filters
from respan_langchain.cli.formatting import escape_controls, pluralize
from respan_langchain.client.models import Log
from respan_langchain.datasets.dataset import Dataset, find_dataset
from respan_langchain.datasets.export.presets import Preset
from respan_langchain.datasets.transfer.copy import import_rows
from respan_langchain.datasets.transfer.import_file import ImportColumns, ImportFile, detect_format
from respan_langchain.datasets.transfer.transfer import TransferCounts
from respan_langchain.datasets.transfer.transfer_row import TransferRow
from respan_langchain.errors import ConfigurationError

FORMATS: Final = ("jsonl", "json", "csv", "parquet")
MAX_LINE_ERRORS: Final = 10
"""Lines of a file whose problems are told one by one."""


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    command(app, "export")(export)
    command(app, "import")(import_file)


def export(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The file; `-` is the standard output."
        ),
    ] = "-",
    kind: Annotated[
        str | None,
        typer.Option(
            "--format", help=f"{', '.join(FORMATS)}; else by the file's name.", show_default=False
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset", help=f"For another tool: {', '.join(get_args(Preset))}.", show_default=False
        ),
    ] = None,
    where: Where = None,
    with_expected: Annotated[
        bool, typer.Option("--with-expected", help="Only rows that have an expected output.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="How many, the oldest first.")
    ] = None,
) -> int:
    """Write the rows of a dataset to a file, the oldest first."""
    kind = _kind(output, kind, preset)
    filters = parse_filters(where)
    with ctx.client() as client:
        rows = Dataset.of(client, ctx.settings, dataset, filters=filters)
        chosen = (log for log in rows if not with_expected or log.expected_output is not None)
        written = _write(kind, preset, islice(chosen, limit), output)
    if output != "-":
        ctx.output(
            {"rows": written, "file": output},
            Text(f"{pluralize(written, 'row is', 'rows are')} in {output}."),
        )
    return EXIT_OK


def _kind(output: str, kind: str | None, preset: str | None) -> str:
    ending = Path(output).suffix.lower().removeprefix(".")
    kind = kind or (ending if ending in FORMATS else "jsonl")
    if kind not in FORMATS:
        raise ConfigurationError(f"--format {kind!r}: there are {', '.join(FORMATS)}.")
    if preset is not None and preset not in get_args(Preset):
        raise ConfigurationError(f"--preset {preset!r}: there are {', '.join(get_args(Preset))}.")
    if preset is not None and kind not in ("jsonl", "json"):
        raise ConfigurationError(f"--preset writes jsonl or json, not {kind}.")
    return kind


def _write(kind: str, preset: Any, logs: Iterable[Log], output: str) -> int:
    from respan_langchain.datasets.export import files
    from respan_langchain.datasets.export.frames import write_parquet

    match kind:
        case "csv":
            return files.write_csv(logs, output)
        case "parquet":
            return write_parquet(logs, output)
        case "json":
            return files.write_json(logs, output, preset=preset)
        case _:
            return files.write_jsonl(logs, output, preset=preset)


def import_file(
    ctx: CliContext,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="JSON lines or CSV; `-` is the standard input.")
    ],
    dataset: DatasetArgument = None,
    kind: Annotated[
        str | None,
        typer.Option("--format", help="jsonl or csv; else by the file's name.", show_default=False),
    ] = None,
    asked: Annotated[
        str, typer.Option("--input", metavar="COLUMN", help="Where the input is, as in item.input.")
    ] = "input",
    answered: Annotated[
        str, typer.Option("--output", metavar="COLUMN", help="Where the output is.")
    ] = "output",
    expected: Annotated[
        str, typer.Option("--expected", metavar="COLUMN", help="Where the expected output is.")
    ] = "expected_output",
) -> int:
    """Add the rows of a file to a dataset; rows that it has already stay as they are."""
    source = _Begun(file, detect_format(file, kind), ImportColumns(asked, answered, expected))
    counts, name = TransferCounts(), dataset or ctx.settings.dataset
    # What cannot be read, or has no row, leaves no empty dataset behind.
    if source.begin():
        with ctx.client(may_be_new=True) as client:
            goal = find_dataset(client, ctx.settings, dataset, create=True)
            with progress_bar(ctx, file, None) as tell:
                counts = import_rows(source, client, ctx.settings, goal.id, tell)
        name = goal.name
    code = print_counts(ctx, counts, name or "the dataset")
    for words in source.problems[:MAX_LINE_ERRORS]:
        ctx.error(escape_controls(words))
    if len(source.problems) > MAX_LINE_ERRORS:
        more = pluralize(
            len(source.problems) - MAX_LINE_ERRORS, "line more that is", "lines more that are"
        )
        ctx.error(f"... and {more} no rows.")
    return EXIT_PROBLEMS if source.problems else code


class _Begun(ImportFile):
    """A file of which the first row is read ahead; a pipe can be read but once."""

    def begin(self) -> bool:
        """Read up to the first row; False when there is none.

        Raises:
            ConfigurationError: The file cannot be read.
        """
        self._unread = super().rows()
        self._first = list(islice(self._unread, 1))
        return bool(self._first)

    def rows(self) -> Iterator[TransferRow]:
        """Read row after row, as the file would."""
        return chain(self._first, self._unread)
