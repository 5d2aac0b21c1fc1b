"""All commands, and the options that may stand before them."""

from typing import Final

import typer

from respan_langchain.cli.commands import (
    datasets,
    dedupe,
    demo,
    doctor,
    evaluate,
    export_import,
    logs,
    push_pull,
    serve,
    spool,
)
from respan_langchain.cli.context import add_shared_options

app: Final = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

add_shared_options(app, "Datasets of LangChain runs: captured, looked at, taken elsewhere.")
for group in (
    demo,
    serve,
    datasets,
    logs,
    export_import,
    push_pull,
    evaluate,
    dedupe,
    spool,
    doctor,
):
    group.add_to(app)
