"""What a retriever found, as an evaluator reads it."""

from respan_langchain.records.content.kinds import shape_of
from respan_langchain.records.content.values import Json
from respan_langchain.records.content.walk import Walk


def documents(values: object) -> list[dict[str, Json]]:
    """Documents with `content`, and `source`, `score`, `metadata` and `id` where they have them.

    A pair of document and score, as `similarity_search_with_score` returns it, is one document;
    what is no document is content alone. None is no documents, and one document is a list of one.
    """
    walk = Walk(shape_of)
    if values is None:
        return []
    # By type: `isinstance` asks the value for its class, and the app's own may raise.
    found = list.__iter__(values) if issubclass(type(values), list) else [values]  # type: ignore[arg-type]  # it is one
    return [_document(value, walk) for value in found]


def _document(value: object, walk: Walk) -> dict[str, Json]:
    score: Json = None
    shaped: Json
    if type(value) is tuple and len(value) == 2:
        shaped, score = walk.value(value[0]), walk.value(value[1])
    else:
        shaped = walk.value(value)
    found: dict[str, Json] = (
        shaped if isinstance(shaped, dict) and "content" in shaped else {"content": shaped}
    )
    return found if score is None else {**found, "score": score}
