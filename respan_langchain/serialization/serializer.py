"""Recursion over any Python value, with limits on depth, size and cycles.

The serializer only reads: it takes no item from an iterator, calls no `repr`, copies nothing. A
value that cannot be serialized becomes a placeholder, and its siblings stay. The JSON forms of the
types are in `scalars`, `media`, `openai_message` and `objects`.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Final, TypeAlias

from respan_langchain.serialization import media, scalars
from respan_langchain.serialization.json_types import Json

MAX_DEPTH: Final = 60
"""Containers inside containers; JSON parsers refuse input that is not much deeper."""
MAX_VALUES: Final = 200_000
"""Values in one pass; a small value that refers to itself many times may expand to billions."""
MIN_MEDIA_TEXT: Final = 60
"""Characters of the shortest string that is searched for media."""

CYCLE: Final = "<cycle>"
TOO_DEEP: Final = "<nested too deep>"
TOO_MANY: Final = "<too many values>"


TypeSerializer: TypeAlias = Callable[[Any, "Serializer"], Json]
"""Serializes a value of one type; passes the values inside it to the serializer."""


def serialize_text(value: str, *, keep_media: bool) -> Json:
    """Serialize a string: lone surrogates replaced, media described."""
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
        """Serialize any value."""
        kind = type(value)
        if kind is str:
            text: str = value  # type: ignore[assignment]  # `kind is str` says it is one
            return serialize_text(text, keep_media=self.keep_media)
        if value is None or kind is bool:
            return value  # type: ignore[return-value]  # None, True or False
        if kind is int:
            return scalars.serialize_int(value)  # type: ignore[arg-type]  # as above
        if kind is float:
            return scalars.serialize_float(value)  # type: ignore[arg-type]  # as above
        return self.serialize_with(value, self._find_serializer(kind))

    def serialize_text(self, value: str) -> Json:
        """Serialize a string; see the function of this name."""
        return serialize_text(value, keep_media=self.keep_media)

    def serialize_with(self, value: object, serialize: TypeSerializer) -> Json:
        """Serialize a value with the function of its type; a placeholder where that fails."""
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
            return serialize(value, self)
        except Exception:  # noqa: BLE001 - the value's own code ran: a property, its `items`
            return scalars.placeholder(type(value))
        finally:
            opened.discard(identity)

    def serialize_pairs(self, pairs: Iterable[tuple[object, object]]) -> dict[str, Json]:
        """Serialize pairs as an object; two keys that become the same string keep both values."""
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
        """Serialize values in their order, as many as the limit still allows."""
        shaped = [self.serialize(value) for value in islice(values, max(self._values_left, 0))]
        self._values_left -= len(shaped)
        return shaped

    def serialize_messages(
        self, values: Iterable[object], serialize_plain: Callable[[object, bool], Json]
    ) -> list[Json]:
        """Serialize the values of a list that begins with a message.

        `serialize_plain` serializes a message without values inside it, as most are, and returns
        None for any other value. A plain one needs no guard against cycles and depth.
        """
        if len(self._open_ids) >= MAX_DEPTH:
            return self.serialize_values(values)
        shaped: list[Json] = []
        for value in islice(values, max(self._values_left, 0)):
            plain = serialize_plain(value, self.keep_media) if self._values_left > 0 else None
            if plain is None:
                shaped.append(self.serialize(value))
            else:
                shaped.append(plain)
                self._values_left -= 1
        self._values_left -= len(shaped)
        return shaped

    def serialize_key(self, name: object) -> str:
        """Serialize a mapping's key as a string; None, True and False as JSON spells them."""
        if name is None or name is True or name is False:
            return {None: "null", True: "true", False: "false"}[name]
        shaped = self.serialize(name)
        return shaped if isinstance(shaped, str) else str(shaped)


def unused_key(name: str, taken: dict[str, Json]) -> str:
    """Return a key that is not taken yet, made from this name by a number."""
    if (second := f"{name} (2)") not in taken:
        return second
    # Starts at the number of keys: counting from 2 would be quadratic over thousands of them.
    number = len(taken) + 1
    while (numbered := f"{name} ({number})") in taken:
        number += 1
    return numbered
