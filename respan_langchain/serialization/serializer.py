"""The way through any Python value: what is inside, how deep, how much, met before or not.

A Walk looks at each thing once and only reads: it takes no item from an iterator, calls no
`repr`, copies nothing. What cannot be shown becomes a placeholder and its siblings stay. How each
kind of thing looks is written in `leaves`, `media`, `chat` and `objects`; this file decides who
is asked.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Final, TypeAlias

from respan_langchain.serialization import media, scalars
from respan_langchain.serialization.json_types import Json

MAX_DEPTH: Final = 60
"""Containers inside containers; a reader's JSON library gives up not far beyond."""
MAX_VALUES: Final = 200_000
"""Values in all; what refers to itself many times over could fill the world."""
MIN_MEDIA_TEXT: Final = 60
"""Characters of the shortest string that can hold a data URL worth replacing."""

CYCLE: Final = "<cycle>"
TOO_DEEP: Final = "<nested too deep>"
TOO_MANY: Final = "<too many values>"


TypeSerializer: TypeAlias = Callable[[Any, "Serializer"], Json]
"""How one kind of thing looks as JSON; what is inside it is left to the serializer."""


def serialize_text(value: str, *, keep_media: bool) -> Json:
    """A string, cleaned; media in it told instead of carried."""
    if not value.isascii():
        value = scalars.replace_surrogates(value)
    if len(value) < MIN_MEDIA_TEXT or keep_media:
        return value
    return media.replace_media(value)


class Serializer:
    """One pass over one value."""

    __slots__ = ("_find_serializer", "_open_ids", "_values_left", "keep_media")

    def __init__(
        self,
        find_serializer: Callable[[type], TypeSerializer],
        *,
        keep_media: bool = False,
    ) -> None:
        self.keep_media = keep_media
        self._find_serializer = find_serializer
        self._open_ids: set[int] = set()
        self._values_left = MAX_VALUES

    def serialize(self, value: object) -> Json:
        """Any value as JSON."""
        kind = type(value)
        if kind is str:
            return self.serialize_text(value)  # type: ignore[arg-type]  # `kind is str` says it is one
        if value is None or kind is bool:
            return value  # type: ignore[return-value]  # None, True or False
        if kind is int:
            return scalars.serialize_int(value)  # type: ignore[arg-type]  # as above
        if kind is float:
            return scalars.serialize_float(value)  # type: ignore[arg-type]  # as above
        return self.serialize_with(value, self._find_serializer(kind))

    def serialize_text(self, value: str) -> Json:
        """A string; see the function of this name."""
        return serialize_text(value, keep_media=self.keep_media)

    def serialize_with(self, value: object, shape: TypeSerializer) -> Json:
        """What this shape makes of the value; a placeholder where that cannot be."""
        opened, identity = self._open_ids, id(value)
        if identity in opened:
            return CYCLE
        if len(opened) >= MAX_DEPTH:
            return TOO_DEEP
        if self._values_left <= 0:
            return TOO_MANY
        self._values_left -= 1
        opened.add(identity)
        try:
            return shape(value, self)
        except Exception:  # noqa: BLE001 - the value's own code ran: a property, its `items`
            return scalars.placeholder(type(value))
        finally:
            opened.discard(identity)

    def serialize_pairs(self, pairs: Iterable[tuple[object, object]]) -> dict[str, Json]:
        """A mapping's pairs, keys as strings, no pair lost when two keys look the same."""
        shaped: dict[str, Json] = {}
        for name, value in islice(pairs, max(self._values_left, 0)):
            text = name if type(name) is str and name.isascii() else self.serialize_key(name)
            if text in shaped:
                text = unused_key(text, shaped)
            if type(value) is str and len(value) < MIN_MEDIA_TEXT and value.isascii():
                shaped[text] = value
            else:
                shaped[text] = self.serialize(value)
        self._values_left -= len(shaped)
        return shaped

    def serialize_values(self, values: Iterable[object]) -> list[Json]:
        """Values in their order, as many as the walk may still visit."""
        shaped = [self.serialize(value) for value in islice(values, max(self._values_left, 0))]
        self._values_left -= len(shaped)
        return shaped

    def serialize_key(self, name: object) -> str:
        """A mapping's key as JSON needs it; None, True and False as JSON writes them."""
        if name is None or name is True or name is False:
            return {None: "null", True: "true", False: "false"}[name]
        shaped = self.serialize(name)
        return shaped if isinstance(shaped, str) else str(shaped)


def unused_key(name: str, taken: dict[str, Json]) -> str:
    """A name like this one that is still free."""
    if (second := f"{name} (2)") not in taken:
        return second
    # From here on, so that thousands of like names do not try all numbers each.
    number = len(taken) + 1
    while (unlike := f"{name} ({number})") in taken:
        number += 1
    return unlike
