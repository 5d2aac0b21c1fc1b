"""Entry point: the documents that a retriever returned."""

from typing import Any

from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.serializer import Serializer
from respan_langchain.serialization.type_registry import find_serializer


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


def _serialize_document(value: Any, serializer: Serializer) -> dict[str, Json]:
    score: Json = None
    shaped: Json
    if issubclass(type(value), tuple) and len(value) == 2:
        shaped, score = serializer.serialize(value[0]), serializer.serialize(value[1])
    else:
        shaped = serializer.serialize(value)
    found: dict[str, Json] = (
        shaped if isinstance(shaped, dict) and "content" in shaped else {"content": shaped}
    )
    return found if score is None else {**found, "score": score}
