"""Arguments and options that several commands share, and options of numbers and choices.

Their errors say in plain words what is accepted.
"""

import math
from typing import Annotated, Any, get_args

import typer

DatasetArgument = Annotated[
    str | None,
    typer.Argument(metavar="DATASET", help="Name or id. [env: RESPAN_DATASET]", show_default=False),
]
RequiredDataset = Annotated[str, typer.Argument(metavar="DATASET", help="Name or id.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
OutputOption = Annotated[
    str, typer.Option("--output", "-o", metavar="FILE", help="File, or - for standard output.")
]
WithExpectedOption = Annotated[
    bool, typer.Option("--with-expected", help="Only rows with an expected output.")
]


def number_option(
    text: str, *names: str, least: float, most: float | None = None, metavar: str = "N"
) -> Any:
    """Declare an option of a number within bounds, which is whole where `least` is an int."""
    kind = type(least)
    expected = "a whole number" if kind is int else "a number"
    bounds = f"from {least} to {most}" if most is not None else f"of at least {least}"

    def parse(given: Any) -> float:
        try:
            number = kind(given)
        except ValueError:
            number = None
        if number is None or not least <= number <= (math.inf if most is None else most):
            raise typer.BadParameter(f"{given!r} is not {expected} {bounds}.")
        return number

    return typer.Option(*names, metavar=metavar, parser=parse, help=text)


def choice_option(text: str, *names: str, among: Any, metavar: str) -> Any:
    """Declare an option of one of the texts of a `Literal`; `{}` in its help stands for them."""
    choices = get_args(among)
    listed = ", ".join(choices)

    def parse(given: Any) -> Any:
        if given in choices:
            return given
        raise typer.BadParameter(f"{given!r} is not one of {listed}.")

    return typer.Option(*names, metavar=metavar, parser=parse, help=text.format(listed))


LimitOption = Annotated[int | None, number_option("Rows at most.", "--limit", "-n", least=1)]
