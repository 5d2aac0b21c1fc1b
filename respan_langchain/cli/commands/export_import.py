"""`export` and `import`: write rows to a file, and add the rows of a file to a dataset."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import typer

from respan_langchain.cli.command import EXIT_PROBLEMS, command
from respan_langchain.cli.commands.push_pull import print_counts
from respan_langchain.cli.filters import WhereOption, parse_filters
from respan_langchain.cli.formatting import pluralize
from respan_langchain.cli.options import (
    DatasetArgument,
    LimitOption,
    OutputOption,
    WithExpectedOption,
    choice_option,
)
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.progress import progress_bar, transfer_progress
from respan_langchain.client.models import Log
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.datasets.export.presets import Preset
from respan_langchain.datasets.lookup import find_dataset
from respan_langchain.datasets.transfer.copy import transfer_rows
from respan_langchain.datasets.transfer.import_file import ImportColumns, ImportFile, detect_format
from respan_langchain.datasets.transfer.transfer import TransferCounts
from respan_langchain.datasets.transfer.transfer_row import TransferRow
from respan_langchain.errors import ConfigurationError

ExportFormat = Literal["jsonl", "json", "csv", "parquet"]
FORMATS: Final[tuple[ExportFormat, ...]] = get_args(ExportFormat)
MAX_LINE_ERRORS: Final = 10
"""Invalid lines of a file that are reported one by one."""


@command(
    "export",
    examples=[
        "export demo -o demo.csv",
        "export demo -o goldens.jsonl --with-expected --preset deepeval",
    ],
)
def export(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    output: OutputOption = "-",
    output_format: Annotated[
        ExportFormat | None,
        choice_option(
            "{}. [default: by the file's ending, else jsonl]",
            "--format",
            among=ExportFormat,
            metavar="FORMAT",
        ),
    ] = None,
    preset: Annotated[
        Preset | None, choice_option("Format of {}.", among=Preset, metavar="TOOL")
    ] = None,
    where: WhereOption = None,
    with_expected: WithExpectedOption = False,
    limit: LimitOption = None,
) -> None:
    """Write the rows of a dataset to a file, oldest first."""
    format_name = output_format or _format_of_file(output)
    if preset is not None and format_name not in ("jsonl", "json"):
        raise ConfigurationError(f"--preset writes jsonl or json, not {format_name}.")
    with ctx.client() as client:
        rows = Dataset.of(client, ctx.settings, dataset, filters=parse_filters(where))
        chosen = (log for log in rows if not with_expected or log.expected_output is not None)
        with _export_progress(ctx, rows.name, output) as counted:
            written = _write(format_name, preset, counted(islice(chosen, limit)), output)
    if output != "-":
        text = f"Wrote {pluralize(written, 'row')} to {output}."
        ctx.output({"rows": written, "file": output}, text)


@contextmanager
def _export_progress(
    ctx: CliContext, description: str, output: str
) -> Iterator[Callable[[Iterable[Log]], Iterator[Log]]]:
    """Show a bar, except beside rows that are written to the standard output."""
    is_file = output != "-"
    left = f"Nothing was written to {output}" if is_file else "The output is incomplete"
    advice = f"{left}; run the same command again."
    with progress_bar(ctx, description, advice, is_shown=is_file) as show:

        def counted(logs: Iterable[Log]) -> Iterator[Log]:
            for number, log in enumerate(logs, 1):
                yield log
                show(number, None)

        yield counted


def _format_of_file(output: str) -> ExportFormat:
    """Choose the format by the file's ending; a pipe, a device or standard output gets JSON lines.

    Raises:
        ConfigurationError: The ending belongs to no format.
    """
    path = Path(output)
    ending = path.suffix.lower().removeprefix(".")
    for known in FORMATS:
        if ending == known:
            return known
    if not ending or (path.exists() and not path.is_file()):
        return FORMATS[0]
    raise ConfigurationError(
        f"{output}: unknown ending .{ending}. Use .{', .'.join(FORMATS)}, or pass --format."
    )


def _write(
    format_name: ExportFormat, preset: Preset | None, logs: Iterable[Log], output: str
) -> int:
    from respan_langchain.datasets.export import files
    from respan_langchain.datasets.export.frames import write_parquet

    match format_name:
        case "csv":
            return files.write_csv(logs, output)
        case "parquet":
            return write_parquet(logs, output)
        case "json":
            return files.write_json(logs, output, preset=preset)
        case _:
            return files.write_jsonl(logs, output, preset=preset)


@command(
    "import",
    examples=[
        "import rows.jsonl golden",
        "import questions.csv golden --input question --expected answer",
    ],
)
def import_file(
    ctx: CliContext,
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="JSON lines or CSV file, or - for standard input."),
    ],
    dataset: DatasetArgument = None,
    file_format: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="FORMAT", help="jsonl or csv. [default: by the file's ending]"
        ),
    ] = None,
    input_column: Annotated[
        str,
        typer.Option(
            "--input", metavar="COLUMN", help="Column of the input; a path such as item.input."
        ),
    ] = "input",
    output_column: Annotated[
        str, typer.Option("--output", metavar="COLUMN", help="Column of the output.")
    ] = "output",
    expected_column: Annotated[
        str, typer.Option("--expected", metavar="COLUMN", help="Column of the expected output.")
    ] = "expected_output",
) -> int:
    """Add rows of a file to a dataset, except those it has."""
    columns = ImportColumns(input_column, output_column, expected_column)
    source = _PeekedSource(file, detect_format(file, file_format), columns)
    counts, name = TransferCounts(), dataset or ctx.settings.dataset
    # An unreadable file, or one without rows, must not create an empty dataset.
    if source.has_rows():
        with ctx.client(create=True) as client:
            target = find_dataset(client, ctx.settings, dataset, create=True)
            with transfer_progress(ctx, file, None) as update:
                counts = transfer_rows(source, client, ctx.settings, target.id, update)
        name = target.name
    elif not source.problems:
        ctx.note(f"{file} has no rows.")
    exit_code = print_counts(ctx, counts, name or "the dataset")
    _report_invalid_lines(ctx, source.problems)
    return EXIT_PROBLEMS if source.problems else exit_code


def _report_invalid_lines(ctx: CliContext, problems: list[str]) -> None:
    for problem in problems[:MAX_LINE_ERRORS]:
        ctx.error(problem)
    if len(problems) > MAX_LINE_ERRORS:
        more = pluralize(len(problems) - MAX_LINE_ERRORS, "more line")
        ctx.error(f"... and {more} without a valid row.")


class _PeekedSource(ImportFile):
    """A file whose first row is read in advance; a pipe can be read only once."""

    def has_rows(self) -> bool:
        """Read the first row; False if there is none.

        Raises:
            ConfigurationError: The file cannot be read.
        """
        self._unread = super().rows()
        self._first = list(islice(self._unread, 1))
        return bool(self._first)

    def rows(self) -> Iterator[TransferRow]:
        """Yield the rows of the file, including the one read in advance."""
        return chain(self._first, self._unread)
