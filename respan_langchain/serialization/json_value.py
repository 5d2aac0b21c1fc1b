"""Entry points: any Python value, and the documents that a retriever returned, to JSON.

Never raises, never changes the value, takes nothing from an iterator.
"""

from typing import Any, Final, cast

from respan_langchain.serialization import objects
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.serializer import Serializer, serialize_text
from respan_langchain.serialization.type_registry import find_serializer

__all__ = ["Json", "documents_of_row", "json_value", "serialize_documents"]

_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


def json_value(value: object, *, keep_media: bool = False) -> Json:
    """Make strict JSON of any Python value.

    Messages take OpenAI's form; media is replaced by its type, size and digest; a value without
    a JSON form becomes a placeholder such as `<generator>`, and its siblings stay.

    Args:
        value: Any value; it is only read.
        keep_media: Keep base64 as it is, and bytes as base64.

    >>> json_value({1: float("nan"), "when": (x for x in ())})
    {'1': 'NaN', 'when': '<generator>'}
    """
    # The text of a LangChain message is a subclass of str. `isinstance` would run code of the
    # value's own class (`__class__` may be a property), so the class is looked up instead.
    if find_serializer(type(value)) is objects.serialize_str_subclass:
        return serialize_text(str.__str__(cast("str", value)), keep_media=keep_media)
    return Serializer(find_serializer, keep_media=keep_media).serialize(value)


def serialize_documents(values: Any) -> list[dict[str, Json]]:
    """Serialize documents: `content`, and `source`, `score`, `metadata` and `id` where known.

    A pair of document and score, as `similarity_search_with_score` returns it, is one document;
    any other value becomes the content of one. None gives an empty list, one document a list of
    one.
    """
    serializer = Serializer(find_serializer)
    if values is None:
        return []
    # `isinstance` would read `__class__`, and the app's own may raise.
    found = list.__iter__(values) if issubclass(type(values), list) else [values]
    return [_serialize_document(value, serializer) for value in found]


def documents_of_row(documents: list[object]) -> Json:
    """Return the documents of `serialize_documents` as a row shows them.

    Serializing them again changes only messages among them or in their metadata, and most have
    none.
    """
    if all(map(_is_flat, documents)):
        return cast("list[Json]", documents)
    return json_value(documents)


def _is_flat(document: object) -> bool:
    """Whether a document holds only its metadata and scalars, and is no message."""
    if type(document) is not dict or "role" in document:
        return False
    metadata = document.get("metadata", {})
    return (
        type(metadata) is dict
        and "role" not in metadata
        and _SCALARS.issuperset(map(type, metadata.values()))
        and all(type(document[name]) in _SCALARS for name in document if name != "metadata")
    )


def _serialize_document(value: Any, serializer: Serializer) -> dict[str, Json]:
    is_scored = issubclass(type(value), tuple) and len(value) == 2
    document, score = (value[0], value[1]) if is_scored else (value, None)
    shaped, score = serializer.serialize(document), serializer.serialize(score)
    found = shaped if isinstance(shaped, dict) and "content" in shaped else {"content": shaped}
    return found if score is None else {**found, "score": score}
