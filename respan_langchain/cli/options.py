"""Arguments and options that several commands share, and parsers of option values.

The parsers' errors say in plain words what is accepted.
"""

import math
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, get_args

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

Number = TypeVar("Number", int, float)


def number_from(minimum: Number, maximum: Number | None = None) -> Callable[[Any], Number]:
    """Return a parser of numbers within bounds; they are whole numbers where the minimum is."""
    kind = type(minimum)
    expected = "a whole number" if kind is int else "a number"
    bounds = f"from {minimum} to {maximum}" if maximum is not None else f"of at least {minimum}"

    def parse(text: Any) -> Number:
        try:
            number = kind(text)
        except ValueError:
            number = None
        if number is None or not minimum <= number <= (math.inf if maximum is None else maximum):
            raise typer.BadParameter(f"{text!r} is not {expected} {bounds}.")
        return number

    return parse


def one_of(literal: Any) -> Callable[[Any], Any]:
    """Return a parser of the texts of a `Literal`."""
    names = get_args(literal)

    def parse(text: Any) -> Any:
        if text in names:
            return text
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(names)}.")

    return parse


LimitOption = Annotated[
    int | None,
    typer.Option("--limit", "-n", metavar="N", parser=number_from(1), help="Rows at most."),
]
