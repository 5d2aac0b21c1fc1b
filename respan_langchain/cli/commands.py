"""All commands, and the options that may stand before them."""

from typing import Final

import typer

from respan_langchain.cli import (
    datasets,
    dedupe,
    demo,
    doctor,
    evaluate,
    files,
    logs,
    serve,
    spool,
    transfers,
)
from respan_langchain.cli.desk import take_shared

app: Final = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

take_shared(app, "Datasets of LangChain runs: captured, looked at, taken elsewhere.")
for group in (demo, serve, datasets, logs, files, transfers, evaluate, dedupe, spool, doctor):
    group.add_to(app)
