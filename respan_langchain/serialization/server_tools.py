"""Tools that the provider runs itself: web search, code execution, MCP, shell.

Providers add such tools all the time, so a block is recognized by its form: by the words of its
type (`x_search_call`, `tool_search_output`), or by an id that links a call and its result.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from respan_langchain._untyped_values import first_known
from respan_langchain.serialization.json_types import Json

_LAST_WORDS: Final = frozenset({
    "call", "calls", "use", "chunk", "output", "outputs", "result", "results", "response",
    "request", "tools", "code", "upload", "compaction",
})  # fmt: skip
_RESULT_WORDS: Final = frozenset({"output", "outputs", "result", "results", "response"})
_BOOKKEEPING_WORDS: Final = frozenset({"tools", "request", "upload", "compaction"})
"""Last words of types that are neither a call nor a result."""
_LINKS: Final = ("tool_use_id", "tool_call_id", "call_id")
_OPAQUE: Final = frozenset({
    "type", "id", "index", "signature", "thought_signature", "encrypted_content", "extras",
})  # fmt: skip
_STREAM_POSITION: Final = frozenset({"index", "partial_json"})
_INPUTS: Final = (
    "input", "args", "arguments", "action", "operation", "queries", "query", "code",
    "executable_code",
)  # fmt: skip
_OUTPUTS: Final = (
    "output", "outputs", "content", "results", "result", "tools", "code_execution_result",
)  # fmt: skip
_TYPE_ENDING: Final = re.compile(r"_(?:call|tool_use|use)(?:_chunk)?\Z")
_FAILED: Final = frozenset({"failed", "error", "incomplete"})
_FAILED_OUTCOME: Final = 2
"""Gemini's code execution: 1 is success, 2 an error."""


def is_server_tool(block: Mapping[Any, Any]) -> bool:
    """Whether this block of an answer is a call, or the result of one, on the provider's side."""
    return _last_word(block) in _LAST_WORDS or any(name in block for name in _LINKS)


def is_opaque(block: Mapping[Any, Any]) -> bool:
    """Whether a block holds nothing readable, only a signature or ciphertext."""
    return len(block) > 1 and block.keys() <= _OPAQUE


def without_stream_position(block: Any) -> Any:
    """Return a streamed block as `invoke` returns it: arguments parsed, no stream position."""
    if not isinstance(block, dict):
        return block
    whole = {name: value for name, value in block.items() if name not in _STREAM_POSITION}
    arguments = block.get("input") or block.get("partial_json")
    is_use = block.get("type") in ("server_tool_use", "mcp_tool_use")
    if isinstance(arguments, str) and (is_use or not block.get("input")):
        whole["input"] = _parse(arguments)
    if "json" in block and block.get("content") == "":
        # langchain-aws puts what a stream adds to Nova's result beside its empty content.
        whole["content"] = [{"type": "json", "json": whole.pop("json")}]
    if block.get("type") == "server_tool_call_chunk":
        whole |= {"type": "server_tool_call", "args": _parse(block.get("args"))}
    return whole


def merged_call(block: Mapping[Any, Any]) -> dict[str, Any] | None:
    """Return the streamed call that LangChain merged into this text block; None without one.

    langchain-anthropic 1.7 gives the empty first text of an answer in standard blocks the same
    index as its first call, and LangChain merges blocks of one index.
    """
    name, args = block.get("name"), block.get("args")
    if not (isinstance(args, str) and isinstance(name, str)):
        return None
    return {"type": "server_tool_call", "id": block.get("id"), "name": name, "args": _parse(args)}


def trajectory_steps(blocks: Iterable[Json]) -> list[dict[str, Json]]:
    """Return the calls in `server_tool_calls` as steps of a trajectory, with their results.

    A step has `tool`, `input`, `server: true`, and `tool_call_id`, `output` and `status` where
    known.
    """
    steps: list[dict[str, Json]] = []
    for block in blocks:
        if not isinstance(block, dict) or _last_word(block) in _BOOKKEEPING_WORDS:
            continue
        link = first_known(block, *_LINKS) or None
        is_result = _last_word(block) in _RESULT_WORDS
        step = _find_step(steps, link) if is_result else None
        if step is None:
            step = _new_step(block, link or block.get("id") or None)
            steps.append(step)
        _add_result(step, block)
    return steps


def _find_step(steps: list[dict[str, Json]], call_id: Json) -> dict[str, Json] | None:
    if call_id is None:  # Gemini's code execution and OpenAI's tool search: the last open call
        return next((step for step in reversed(steps) if "output" not in step), None)
    return next((step for step in steps if step.get("tool_call_id") == call_id), None)


def _new_step(block: Mapping[str, Json], call_id: Json) -> dict[str, Json]:
    kind = str(block.get("type", "tool"))
    name = block.get("name") or _TYPE_ENDING.sub("", kind)
    step: dict[str, Json] = {"tool": name, "input": _parse(first_known(block, *_INPUTS))}
    if call_id is not None:
        step["tool_call_id"] = call_id
    return {**step, "server": True}


def _add_result(step: dict[str, Json], block: Mapping[str, Json]) -> None:
    output = first_known(block, *_OUTPUTS)
    if output is not None:
        step["output"] = output
    if block.get("error") is not None:
        step["error"] = block["error"]
    if _has_failed(block, output):
        step["status"] = "error"


def _has_failed(block: Mapping[str, Json], output: Json) -> bool:
    return (
        block.get("error") is not None
        or block.get("is_error") is True
        or block.get("outcome") == _FAILED_OUTCOME
        or block.get("status") in _FAILED
        or (isinstance(output, dict) and "error_code" in output)
    )


def _last_word(block: Mapping[Any, Any]) -> str:
    kind = block.get("type")
    return re.split(r"[_-]", kind)[-1] if isinstance(kind, str) else ""


def _parse(arguments: Any) -> Any:
    if not isinstance(arguments, str):
        return arguments
    try:
        return orjson.loads(arguments)
    except orjson.JSONDecodeError:  # code, a question, or a stream that broke off
        return arguments
