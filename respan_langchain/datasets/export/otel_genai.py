"""Rows as OTLP JSON by OpenTelemetry's conventions for generative AI, one span each. Pure.

The conventions are those of November 2026, https://opentelemetry.io/docs/specs/semconv/gen-ai/.
"""

from collections.abc import Mapping
from datetime import datetime
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

OPERATIONS: Final = {
    "chat": "chat", "completion": "text_completion", "agent": "invoke_agent",
    "workflow": "invoke_workflow", "tool": "execute_tool", "embedding": "embeddings",
}  # fmt: skip
"""OpenTelemetry's operation for a `log_type`; others have none."""
METADATA: Final = {
    "provider.name": "provider_id", "response.model": "model", "response.id": "request_id",
    "conversation.id": "thread_identifier", "agent.name": "lc_agent_name",
    "request.temperature": "temperature", "request.top_p": "top_p",
    "request.max_tokens": "max_tokens", "request.seed": "seed",
}  # fmt: skip
"""Attributes after `gen_ai.`, and the metadata that they take."""
USAGE: Final = {
    "input_tokens": "prompt_tokens", "output_tokens": "completion_tokens",
    "cache_read.input_tokens": "prompt_cache_hit_tokens",
    "cache_creation.input_tokens": "prompt_cache_creation_tokens",
    "reasoning.output_tokens": "reasoning_tokens",
}  # fmt: skip
"""Attributes after `gen_ai.usage.`, and the metrics that they take."""


def to_otel_genai(row: LogFields) -> dict[str, Any]:
    """Return one line of OTLP JSON, with a `gen_ai.evaluation.result` event for each score."""
    metadata, (start, end) = row["metadata"], read_times(row)
    span = {
        **span_ids(metadata, "traceId", "spanId", "parentSpanId"),
        "name": str(metadata.get("span_name") or "row"),
        "kind": 1,
        "startTimeUnixNano": _nanoseconds(start),
        "endTimeUnixNano": _nanoseconds(end),
        "attributes": _otlp_attributes(_attributes(row)),
        "events": [_event(each, _nanoseconds(end)) for each in read_evaluations(row)],
        "status": _status(metadata),
    }
    spans = {"scope": {"name": "respan_langchain"}, "spans": [omit_none(span)]}
    return {"resourceSpans": [{"scopeSpans": [spans]}]}


def _event(evaluation: Mapping[str, Any], at: str | None) -> dict[str, Any]:
    attributes = _otlp_attributes(evaluation)
    event = {"name": "gen_ai.evaluation.result", "timeUnixNano": at, "attributes": attributes}
    return omit_none(event)


def _status(metadata: Mapping[str, Any]) -> dict[str, Any]:
    if metadata.get("status") != "error":
        return {}
    return {"code": 2, "message": str(metadata.get("error_message") or "")}


def _attributes(row: LogFields) -> dict[str, Any]:
    metadata, metrics = row["metadata"], row["metrics"]
    tools, finish = metadata.get("tools"), metadata.get("finish_reason")
    output = [
        {**_message(each), "finish_reason": str(finish or "stop")}
        for each in to_answer(row.get("output"))
    ]
    return omit_none(
        {
            "gen_ai.operation.name": OPERATIONS.get(metadata.get("log_type")),
            "gen_ai.request.model": metadata.get("model_requested") or metadata.get("model"),
            **{f"gen_ai.{name}": metadata.get(key) for name, key in METADATA.items()},
            **{f"gen_ai.usage.{name}": metrics.get(key) for name, key in USAGE.items()},
            "gen_ai.response.finish_reasons": [str(finish)] if finish else None,
            "gen_ai.input.messages": json_text(
                [_message(each) for each in to_messages(row["input"])]
            ),
            "gen_ai.output.messages": json_text(output) if output else None,
            "gen_ai.tool.definitions": json_text(tools) if tools else None,
            "user.id": metadata.get("customer_identifier"),
            "error.type": metadata.get("error_type"),
        }
    )


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    role, content = span_role(message), message.get("content")
    if role == "tool":
        response = {"id": message.get("tool_call_id"), "response": to_plain_text(content)}
        return {"role": role, "parts": [{"type": "tool_call_response", **response}]}
    texts = [{"type": "text", "content": to_plain_text(content)}] if content else []
    calls = [{"type": "tool_call", **call._asdict()} for call in read_tool_calls(message)]
    return {"role": role, "parts": [*texts, *calls]}


def _nanoseconds(moment: datetime | None) -> str | None:
    """Return a time as OTLP JSON has it: nanoseconds since 1970, in a string."""
    return None if moment is None else str(round(moment.timestamp() * 1_000_000) * 1_000)


def _otlp_attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _otlp_value(value)} for key, value in attributes.items()]


def _otlp_value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_otlp_value(each) for each in value]}}
        case _:
            return {"stringValue": value if isinstance(value, str) else json_text(value)}
