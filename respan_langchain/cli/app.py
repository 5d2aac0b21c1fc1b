"""The command line: all commands, `--version` and shell completion."""

from typing import Annotated

import typer

from respan_langchain._constants import __version__
from respan_langchain.cli.command import SUMMARY, app
from respan_langchain.cli.commands import (  # noqa: F401  # each adds its commands
    config,
    curate,
    datasets,
    dedupe,
    demo,
    doctor,
    evaluate,
    export_import,
    feedback,
    fleet,
    forget,
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

__all__ = ["app"]


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
