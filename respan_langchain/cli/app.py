"""The command line: all commands, `--version` and shell completion."""

from typing import Annotated, Final

import typer

from respan_langchain._constants import __version__
from respan_langchain.cli.command import new_group
from respan_langchain.cli.commands import (
    config,
    datasets,
    dedupe,
    demo,
    doctor,
    evaluate,
    export_import,
    fleet,
    forward,
    lock,
    logs,
    push_pull,
    reference,
    replay,
    serve,
    spool,
    transfers,
)

SUMMARY: Final = "Capture LangChain runs as datasets; browse, export and sync them."
app: Final = new_group(SUMMARY, examples=["demo", "serve --open", "logs list demo --search refund"])

for module in (
    demo,
    serve,
    datasets,
    logs,
    export_import,
    push_pull,
    transfers,
    evaluate,
    reference,
    replay,
    lock,
    dedupe,
    spool,
    forward,
    fleet,
    config,
    doctor,
):
    module.add_to(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"respan-langchain {__version__}")
        raise typer.Exit


@app.callback(help=SUMMARY)
def main(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            help="Show the version and exit.",
            callback=_print_version,
            is_eager=True,
            expose_value=False,
        ),
    ] = False,
) -> None:
    """Take the options that come before a command."""  # fmt: skip
