"""Rows as spans by OpenInference's conventions, as Phoenix reads them. Pure.

The conventions are those of November 2026, https://github.com/Arize-ai/openinference/tree/main/spec.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from respan_langchain.client.requests import omit_none
from respan_langchain.datasets.export.messages import (
    read_tool_calls,
    to_answer,
    to_messages,
    to_plain_text,
)
from respan_langchain.datasets.export.rows import json_text
from respan_langchain.datasets.export.spans import (
    LogFields,
    read_evaluations,
    read_times,
    span_ids,
    span_role,
)

SPAN_KINDS: Final = {
    "chat": "LLM", "completion": "LLM", "agent": "AGENT", "tool": "TOOL", "embedding": "EMBEDDING",
}  # fmt: skip
"""OpenInference's kind for a `log_type`; others are chains."""
METRICS: Final = {
    "llm.token_count.prompt": "prompt_tokens", "llm.token_count.completion": "completion_tokens",
    "llm.token_count.total": "total_tokens", "llm.cost.total": "cost",
    "llm.token_count.prompt_details.cache_read": "prompt_cache_hit_tokens",
    "llm.token_count.completion_details.reasoning": "reasoning_tokens",
}  # fmt: skip


def to_openinference(row: LogFields) -> dict[str, Any]:
    """Return a span as `phoenix.client` logs it."""
    metadata, (start, end) = row["metadata"], read_times(row)
    ids = span_ids(metadata, "trace_id", "span_id", "parent_id")
    is_error = metadata.get("status") == "error"
    span = {
        "name": str(metadata.get("span_name") or "row"),
        "context": {"trace_id": ids["trace_id"], "span_id": ids["span_id"]},
        "parent_id": ids.get("parent_id"),
        "span_kind": _kind(metadata),
        "start_time": start and start.isoformat(),
        "end_time": end and end.isoformat(),
        "status_code": "ERROR" if is_error else "OK",
        "status_message": str(metadata.get("error_message") or "") if is_error else "",
        "attributes": _attributes(row),
    }
    return omit_none(span)


def _kind(metadata: Mapping[str, Any]) -> str:
    return SPAN_KINDS.get(str(metadata.get("log_type")), "CHAIN")


def _attributes(row: LogFields) -> dict[str, Any]:
    metadata, metrics, kind = row["metadata"], row["metrics"], _kind(row["metadata"])
    attributes = {
        "openinference.span.kind": kind,
        **_value("input", row["input"]),
        **_value("output", row.get("output")),
        **{name: metrics.get(key) for name, key in METRICS.items()},
        "llm.model_name": metadata.get("model"),
        "llm.provider": metadata.get("provider_id"),
        "session.id": metadata.get("thread_identifier"),
        "user.id": metadata.get("customer_identifier"),
        "tag.tags": metadata.get("tags"),
        "tool.name": metadata.get("span_name") if kind == "TOOL" else None,
        "metadata": json_text({**metadata, "evaluations": read_evaluations(row)}),
    }
    if kind == "LLM":
        attributes |= _messages("llm.input_messages", to_messages(row["input"]))
        attributes |= _messages("llm.output_messages", to_answer(row.get("output")))
    return omit_none(attributes)


def _messages(prefix: str, messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, message in enumerate(messages):
        name, content = f"{prefix}.{number}.message", message.get("content")
        found[f"{name}.role"] = span_role(message)
        found[f"{name}.content"] = None if content is None else to_plain_text(content)
        found[f"{name}.tool_call_id"] = message.get("tool_call_id")
        for position, call in enumerate(read_tool_calls(message)):
            of_call = f"{name}.tool_calls.{position}.tool_call"
            found[f"{of_call}.id"] = call.id
            found[f"{of_call}.function.name"] = call.name
            found[f"{of_call}.function.arguments"] = json_text(call.arguments)
    return found


def _value(name: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    is_text = isinstance(value, str)
    mime_type = "text/plain" if is_text else "application/json"
    return {f"{name}.value": value if is_text else json_text(value), f"{name}.mime_type": mime_type}
