"""Arguments and options that several commands share."""

from typing import Annotated

import typer

DatasetArgument = Annotated[
    str | None,
    typer.Argument(metavar="DATASET", help="Name or id. [env: RESPAN_DATASET]", show_default=False),
]
RequiredDataset = Annotated[str, typer.Argument(metavar="DATASET", help="Name or id.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
