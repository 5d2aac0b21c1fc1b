"""The parameters of a model call, by the platform's names.

Pure and total. Only names of the table below are read, so that a key, a header or a client can
never come along; tools and schemas leave in OpenAI's form, whatever the provider's is.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from respan_langchain.capture.foreign import Failed, outcome_of

_NAMES: Mapping[str, Sequence[str]] = {
    "temperature": ("temperature", "ls_temperature"),
    "top_p": ("top_p",),
    "top_k": ("top_k",),
    "max_tokens": (
        "max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict", "ls_max_tokens",
    ),
    "stop": ("stop", "stop_sequences", "ls_stop"),
    "seed": ("seed", "random_seed"),
    "n": ("n",),
    "stream": ("stream", "streaming"),
    "frequency_penalty": ("frequency_penalty",),
    "presence_penalty": ("presence_penalty",),
    "logprobs": ("logprobs",),
    "top_logprobs": ("top_logprobs",),
    "logit_bias": ("logit_bias",),
    "reasoning_effort": ("reasoning_effort",),
    "reasoning": ("reasoning",),
    "thinking": ("thinking",),
    "thinking_budget": ("thinking_budget",),
    "verbosity": ("verbosity",),
    "modalities": ("modalities", "response_modalities"),
    "tool_choice": ("tool_choice",),
    "parallel_tool_calls": ("parallel_tool_calls",),
}  # fmt: skip
_SCHEMAS = ("response_format", "response_schema", "response_json_schema", "output_format", "format")
_PLAIN = (str, int, float, list, tuple, dict)
_SECRET_IN_TOOLS = {"authorization", "authorization_token", "headers"}
"""What a remote MCP tool carries to log in with."""


def params_of(
    options: Mapping[str, Any],
    invocation_params: Mapping[str, Any],
    settings: Mapping[str, Any],
    metadata: Mapping[str, Any],
) -> dict[str, object]:
    """Read the parameters of a call; an earlier argument wins over a later one."""
    places = (options, invocation_params, settings, metadata)
    found: dict[str, object] = {
        name: value
        for name, aliases in _NAMES.items()
        if isinstance(value := _value(places, aliases), _PLAIN) and value != []
    }
    if found.get("stream") is False:
        # False is only the constructor's default; a call may stream all the same.
        del found["stream"]
    if tools := _tools(_value(places[:3], ("tools", "functions"))):
        found["tools"] = tools
    if (schema := _response_format(places[:3])) is not None:
        found["response_format"] = schema
    return found


def _value(places: Iterable[Mapping[str, Any]], names: Iterable[str]) -> Any:
    found = (place[name] for place in places for name in names if name in place)
    return next((value for value in found if value is not None), None)


def _tools(tools: object) -> list[object]:
    if not isinstance(tools, list | tuple):
        return []
    return [converted for tool in tools for converted in _openai_tools(tool)]


def _openai_tools(tool: object) -> list[object]:
    if isinstance(tool, dict):
        if isinstance(tool.get("function"), dict):
            return [tool]
        declarations = tool.get("function_declarations")
        if isinstance(declarations, list):
            return [{"type": "function", "function": each} for each in declarations]
    from langchain_core.utils.function_calling import convert_to_openai_tool

    converted = outcome_of(convert_to_openai_tool, tool)  # type: ignore[arg-type]  # we try any
    if converted is not Failed and isinstance(converted, dict):
        return [_without_secrets(converted)]
    if isinstance(tool, dict):
        return [_without_secrets(tool)]
    return [{"type": "function", "function": {"name": _name(tool)}}]


def _without_secrets(tool: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in tool.items() if name not in _SECRET_IN_TOOLS}


def _response_format(places: Sequence[Mapping[str, Any]]) -> object:
    given = _value(places, _SCHEMAS)
    if given is None:
        asked = _value(places, ("ls_structured_output_format",))
        given = asked.get("schema") if isinstance(asked, dict) else None
    if given is None or isinstance(given, str):
        return {"type": given} if given else None
    if isinstance(given, dict) and "type" in given and "properties" not in given:
        return given
    return _json_schema(given)


def _json_schema(schema: object) -> object:
    from langchain_core.utils.function_calling import convert_to_json_schema

    converted = outcome_of(convert_to_json_schema, schema)  # type: ignore[arg-type]  # we try any
    if converted is Failed or not isinstance(converted, dict):
        converted = schema if isinstance(schema, dict) else {}
    name = converted.get("title") or _name(schema)
    return {"type": "json_schema", "json_schema": {"name": name, "schema": converted}}


def _name(thing: object) -> str:
    name = getattr(thing, "name", None) or getattr(thing, "__name__", None)
    return name if isinstance(name, str) else type(thing).__name__
