"""The sources of an answer, as annotations.

OpenAI and Anthropic put them beside the text; Gemini puts them into the response's
`grounding_metadata`, apart from the text that they support.
"""

from collections.abc import Mapping
from typing import Any, Final

from respan_langchain._untyped_values import as_list, as_mapping
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.serializer import Serializer

_CITED: Final = ("annotations", "citations")


def serialize_citations(fields: Mapping[Any, Any], serializer: Serializer) -> list[Json]:
    """Serialize the sources in a text block, a message or its `additional_kwargs`.

    Perplexity's `search_results` count only where it gives no citations: they repeat them.
    """
    found = [source for name in _CITED for source in as_list(fields.get(name))]
    return [
        serializer.serialize(source) for source in found or as_list(fields.get("search_results"))
    ]


def grounding_citations(metadata: object, content: Json, serializer: Serializer) -> list[Json]:
    """Convert Gemini's grounding metadata to citations in LangChain's standard form.

    One citation per supported segment and source, then the sources that support no segment.
    `start_index` and `end_index` are characters of the content, and left out where they do not
    fit: Gemini counts bytes, and in parts of an answer.
    """
    if not isinstance(metadata, dict):
        return []
    sources = [_read_source(chunk) for chunk in as_list(metadata.get("grounding_chunks"))]
    cited: list[dict[str, Any]] = []
    used: set[int] = set()
    for support in map(as_mapping, as_list(metadata.get("grounding_supports"))):
        segment = _read_segment(support.get("segment"), content)
        for number in as_list(support.get("grounding_chunk_indices")):
            if isinstance(number, int) and 0 <= number < len(sources):
                used.add(number)
                cited.append({"type": "citation", **sources[number], **segment})
    rest = (source for number, source in enumerate(sources) if source and number not in used)
    cited += [{"type": "citation", **source} for source in rest]
    return [serializer.serialize(citation) for citation in cited]


def _read_source(chunk: Any) -> dict[str, Any]:
    # A chunk is {"web": {...}}, {"maps": {...}} or {"retrieved_context": {...}}.
    source = next((kind for kind in as_mapping(chunk).values() if isinstance(kind, dict)), {})
    names = {"url": "uri", "title": "title"}
    return {ours: source[theirs] for ours, theirs in names.items() if source.get(theirs)}


def _read_segment(segment: Any, content: Json) -> dict[str, Any]:
    fields = as_mapping(segment)
    text = fields.get("text")
    if not isinstance(text, str) or not text:
        return {}
    start = fields.get("start_index") or 0
    if isinstance(content, str) and isinstance(start, int):
        first = len(content.encode()[:start].decode(errors="ignore"))
        if content.startswith(text, first):
            return {"start_index": first, "end_index": first + len(text), "cited_text": text}
    return {"cited_text": text}
