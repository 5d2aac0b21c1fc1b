"""The type of a captured value."""

from typing import TypeAlias, Union

Json: TypeAlias = Union[bool, int, float, str, list["Json"], dict[str, "Json"], None]  # noqa: UP007
"""A JSON value: strict, so no NaN, no lone surrogate, no int over 64 bits, no key but strings."""
