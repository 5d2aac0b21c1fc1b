"""Tool calls in OpenAI's form, from any of the forms in which LangChain's packages give them."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from respan_langchain._untyped_values import as_list, first_known
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.serializer import Serializer


def serialize_tool_calls(
    fields: Mapping[Any, Any],
    kwargs: Mapping[Any, Any],
    blocks: Sequence[Mapping[Any, Any]],
    serializer: Serializer,
) -> tuple[list[Json], list[Json]]:
    """Return the valid and the invalid tool calls of a message, each call once.

    Args:
        fields: The message's fields.
        kwargs: Its `additional_kwargs`, which may have a call in the form of OpenAI's first API.
        blocks: The calls among its content blocks; most repeat one in its fields.
        serializer: Serializes the values.
    """
    calls, broken = as_list(fields.get("tool_calls")), as_list(fields.get("invalid_tool_calls"))
    valid = [serialize_tool_call(call, serializer) for call in calls if _is_named(call)]
    invalid = [serialize_tool_call(call, serializer) for call in broken if _is_named(call)]
    known = [call["id"] for call in valid + invalid]
    for block in blocks:
        call = serialize_tool_call(block, serializer)
        # A piece of a streamed call has no id; LangChain's own list has the whole call.
        is_repeated = call["id"] in known or (call["id"] is None and known)
        if not is_repeated and not _is_empty(block):
            valid.append(call)
    function_call = kwargs.get("function_call")
    if not valid and isinstance(function_call, dict) and not _is_empty(function_call):
        valid.append(serialize_tool_call({"id": None, **function_call}, serializer))
    return list(valid), list(invalid)


def serialize_tool_call(call: Any, serializer: Serializer) -> dict[str, Json]:
    """Return a tool call with its arguments as a JSON string."""
    call = call if isinstance(call, dict) else {"args": call}
    function = call.get("function")
    source = function if isinstance(function, dict) else call
    arguments = first_known(source, "args", "arguments", "input", "partial_json")
    shaped: dict[str, Json] = {
        "id": serializer.serialize(first_known(call, "call_id", "id")),
        "type": "function",
        "function": {
            "name": serializer.serialize(source.get("name")),
            "arguments": _serialize_arguments(arguments, serializer),
        },
    }
    if call.get("error") is not None:
        shaped["error"] = serializer.serialize(call["error"])
    return shaped


def _is_named(call: Any) -> bool:
    # langchain-aws makes such a call of the streamed arguments of a tool that Amazon runs.
    return not isinstance(call, dict) or any(call.get(key) for key in ("name", "id", "function"))


def _is_empty(call: Mapping[Any, Any]) -> bool:
    # Some servers send a function_call with empty strings beside every answer.
    return not any(call.get(name) for name in ("name", "arguments", "args", "input", "id"))


def _serialize_arguments(arguments: Any, serializer: Serializer) -> Json:
    if isinstance(arguments, str):
        return serializer.serialize(arguments)
    shaped = serializer.serialize({} if arguments is None else arguments)
    return orjson.dumps(shaped).decode()
