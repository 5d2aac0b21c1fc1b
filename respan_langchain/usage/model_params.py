"""The parameters of a model call, by the platform's names.

Pure; never raises. Only the names in the table below are read, never keys, headers or clients.
Tools and schemas are converted to OpenAI's form.
"""

from collections.abc import Mapping
from operator import methodcaller
from typing import Any

from respan_langchain._foreign_code import CallFailed, safe_call
from respan_langchain._untyped_values import as_list, as_mapping

_PARAM_NAMES = {
    name: name
    for name in (
        "temperature", "top_p", "top_k", "max_tokens", "stop", "seed", "n", "stream",
        "frequency_penalty", "presence_penalty", "logprobs", "top_logprobs", "logit_bias",
        "reasoning_effort", "reasoning", "thinking", "thinking_budget", "verbosity", "modalities",
        "tool_choice", "parallel_tool_calls", "tools", "response_format",
        "search_parameters", "web_search_options", "plugins", "enable_search", "guardrail_config",
    )
} | {
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "num_predict": "max_tokens",
    "stop_sequences": "stop",
    "random_seed": "seed",
    "streaming": "stream",
    "response_modalities": "modalities",
    "functions": "tools",
    "response_schema": "response_format",
    "response_json_schema": "response_format",
    "output_format": "response_format",
    "format": "response_format",
    "guardrails": "guardrail_config",
    "guardrailConfig": "guardrail_config",
}  # fmt: skip
"""The platform's name of a parameter, by the names that providers use."""
LANGSMITH_PARAM_NAMES = {
    "ls_temperature": "temperature",
    "ls_max_tokens": "max_tokens",
    "ls_stop": "stop",
}
"""The same for keys of a run's metadata."""
_JSON_TYPES = (str, int, float, list, tuple, dict)
_SECRET_TOOL_KEYS = {"authorization", "authorization_token", "headers"}
"""Credentials of a remote MCP tool."""
_SCHEMA_KEYS = {"input_schema", "parameters", "properties"}


def parse_params(
    options: Mapping[str, Any],
    invocation_params: Mapping[str, Any],
    settings: Mapping[str, Any],
    metadata: Mapping[str, Any],
) -> dict[str, object]:
    """Read the parameters of a call; an earlier argument wins over a later one."""
    given: dict[str, object] = {}
    for place, ours in (
        (metadata, LANGSMITH_PARAM_NAMES),
        (settings, _PARAM_NAMES),
        (as_mapping(invocation_params.get("extra_body")), _PARAM_NAMES),
        (invocation_params, _PARAM_NAMES),
        (options, _PARAM_NAMES),
    ):
        for name in place:
            if name in ours and place[name] is not None:
                given[ours[name]] = place[name]
    tools = [form for tool in as_list(given.pop("tools", None)) for form in _openai_tools(tool)]
    schema = given.pop("response_format", None)
    found: dict[str, object] = {
        name: value
        for name, value in given.items()
        if isinstance(value, _JSON_TYPES) and not (isinstance(value, list | dict) and not value)
    }
    if found.get("stream") is False:
        # False is only the constructor's default; a call may still stream.
        del found["stream"]
    if tools:
        found["tools"] = tools
    if (form := _response_format(schema, options)) is not None:
        found["response_format"] = form
    return found


def _openai_tools(tool: object) -> list[object]:
    from langchain_core.utils.function_calling import convert_to_openai_tool

    if isinstance(tool, dict) and (known := _in_openai_form(tool)):
        return known
    converted = safe_call(convert_to_openai_tool, tool)  # type: ignore[arg-type]  # we try any
    if isinstance(converted, dict):
        return [_without_secrets(converted)]
    if isinstance(tool, dict):
        return [_without_secrets(tool)]
    # Cohere binds tools as objects of its client.
    dumped = safe_call(methodcaller("model_dump"), tool)
    if isinstance(dumped, dict) and isinstance(dumped.get("function"), dict):
        return [dumped]
    return [{"type": "function", "function": {"name": _name(tool)}}]


def _in_openai_form(tool: dict[str, Any]) -> list[object]:
    """Return tools that are in OpenAI's form, unwrapped from Gemini's, or run by the provider."""
    if isinstance(tool.get("function"), dict):
        return [tool]
    declarations = tool.get("function_declarations")
    if isinstance(declarations, list):
        return [{"type": "function", "function": each} for each in declarations]
    if "type" in tool and not tool.keys() & _SCHEMA_KEYS:
        return [_without_secrets(tool)]
    return []


def _without_secrets(tool: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in tool.items() if name not in _SECRET_TOOL_KEYS}


def _response_format(given: object, options: Mapping[str, Any]) -> object:
    if given is None and "ls_structured_output_format" in options:
        # with_structured_output puts the schema here when it uses a tool call.
        given = as_mapping(options["ls_structured_output_format"]).get("schema")
    if given is None or isinstance(given, str):
        return {"type": given} if given else None
    if isinstance(given, dict) and "type" in given and "properties" not in given:
        return given
    return _json_schema(given)


def _json_schema(schema: object) -> object:
    from langchain_core.utils.function_calling import convert_to_json_schema

    converted = safe_call(convert_to_json_schema, schema)  # type: ignore[arg-type]  # we try any
    if converted is CallFailed or not isinstance(converted, dict):
        converted = schema if isinstance(schema, dict) else {}
    name = converted.get("title") or _name(schema)
    return {"type": "json_schema", "json_schema": {"name": name, "schema": converted}}


def _name(thing: object) -> str:
    names = (safe_call(getattr, thing, attribute, None) for attribute in ("name", "__name__"))
    return next((name for name in names if isinstance(name, str)), type(thing).__name__)
