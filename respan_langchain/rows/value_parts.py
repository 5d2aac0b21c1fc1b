"""Parts of what a root was given or returned: a path into it, its fields, a partial output."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.outputs import LLMResult

from respan_langchain.rows.conversation import messages_of
from respan_langchain.serialization.json_value import Json
from respan_langchain.serialization.messages import ContentSerializer, get_role
from respan_langchain.tracing.graph_commands import command_update, is_command
from respan_langchain.tracing.run import Trace

_NOWHERE: Final = object()
_ROLES_BESIDE_ANSWERS: Final = frozenset({"user", "system", "developer", "tool", "function"})
_TOLD_BY_TOKENS: Final = ("incomplete", "error")
_DOCUMENT_KEYS: Final = frozenset({"context", "documents", "docs", "source_documents"})
"""Keys under which chains return documents; with `copy="deep"` only the key identifies them."""


def find_part(value: object, path: str, serializer: ContentSerializer) -> Json:
    """Return the part at a key or a dotted path.

    Without such a part the whole value is returned, so that a wrong path empties no row.
    """
    found = value
    steps = [path] if isinstance(value, Mapping) and path in value else path.split(".")
    for step in steps:
        found = _get_inside(found, step, serializer)
        if found is _NOWHERE:
            found = value
            break
    return serializer.value(found)


def _get_inside(value: object, step: str, serializer: ContentSerializer) -> object:
    if isinstance(value, Mapping) and step in value:
        return value[step]
    if isinstance(value, Sequence) and not isinstance(value, str) and step.lstrip("-").isdigit():
        index = int(step)
        return value[index] if -len(value) <= index < len(value) else _NOWHERE
    if hasattr(type(value), "model_fields"):
        # As in a row first: with `copy="deep"` content is JSON already.
        shown = serializer.value(value)
        if isinstance(shown, Mapping) and step in shown:
            return shown[step]
        return getattr(value, step, _NOWHERE)
    return _NOWHERE


def get_fields(state: object) -> dict[str, object]:
    """Return the fields of a mapping, or of a state that is a pydantic model or a dataclass."""
    if isinstance(state, Mapping):
        return {str(key): value for key, value in state.items()}
    for name in ("model_fields", "__dataclass_fields__"):
        fields = getattr(type(state), name, None)
        if isinstance(fields, Mapping):
            return {str(key): getattr(state, str(key), None) for key in fields}
    return {}


def get_documents_keys(fields: Mapping[str, object]) -> set[str]:
    """Return the keys that hold a list of documents."""
    return {key for key, value in fields.items() if _is_documents(key, value)}


def _is_documents(key: str, value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    if all(hasattr(type(item), "model_fields") and hasattr(item, "page_content") for item in value):
        return True
    return key in _DOCUMENT_KEYS and all(
        isinstance(item, dict) and "content" in item and "role" not in item for item in value
    )


def partial_output(trace: Trace, serializer: ContentSerializer) -> object:
    """Return the output so far of a root that did not end normally, in the form of its output."""
    last = trace.last_output
    if isinstance(last, LLMResult):
        return _parse(_partial_message(trace, last, serializer), trace.output_parser)
    if trace.last_output_run is not None and trace.last_output_run.status in _TOLD_BY_TOKENS:
        return _parse(last, trace.output_parser)  # what the tokens of a model's stream say
    if trace.root.is_fallbacks:
        return last  # what it read from
    update = last[-1] if isinstance(last, list) and last else last
    if is_command(update):
        update = command_update(update)
    messages = messages_of(update)
    # A node that wrote a question or a tool's result did not answer it.
    is_no_answer = messages and get_role(messages[-1]) in _ROLES_BESIDE_ANSWERS
    return None if is_no_answer else update


def _partial_message(trace: Trace, response: LLMResult, serializer: ContentSerializer) -> Json:
    is_closed_early = trace.root.exception is None and not trace.last_output_is_partial
    if is_closed_early and trace.first_text is not None:
        # The reader took one chunk. LangChain read the rest only to close the stream.
        return {"role": "assistant", "content": trace.first_text}
    return next(iter(serializer.candidates(response)), None)


def _parse(message: Any, parser: str | None) -> object:
    """Parse a partial answer as the parser after the model would parse the whole one."""
    if parser is None:
        return message
    text = message.get("content") if isinstance(message, dict) else message
    if not isinstance(text, str) or "Json" not in parser:
        return text
    from langchain_core.utils.json import parse_partial_json

    try:
        found: Json = parse_partial_json(text)
    except json.JSONDecodeError:
        return text
    return found
