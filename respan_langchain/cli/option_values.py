"""Parsers of option values, whose errors say in plain words what is accepted."""

import math
from collections.abc import Callable
from typing import Any, TypeVar, get_args

import typer

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
