"""Rows as OTLP JSON, by OpenTelemetry's conventions for generative AI."""

import json

from respan_langchain.client.models import Log
from respan_langchain.datasets.export.presets import to_preset

TRACE, SPAN = "0192f0c17a0070008000000000000001", "0192f0c17a0070008000000000000002"
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
ROW = {
    "input": [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": "sunny", "tool_call_id": "c1"},
    ],
    "output": {"role": "assistant", "content": "Sunny."},
    "metadata": {
        "log_type": "chat", "span_name": "FakeChat", "provider_id": "openai",
        "model_requested": "gpt-4o-mini", "model": "gpt-4o-mini-2024-07-18",
        "finish_reason": "stop", "temperature": 0.5, "thread_identifier": "t-1",
        "customer_identifier": "u-1", "tags": ["a"], "tools": [{"type": "function"}],
        "trace_unique_id": TRACE, "span_unique_id": SPAN, "span_parent_id": TRACE,
        "scores": [{"name": "feedback", "score": 0, "comment": "wrong"}],
    },
    "metrics": {
        "prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17, "cost": 0.5,
        "start_time": "2026-11-23T03:20:12.500000+00:00",
        "timestamp": "2026-11-23T03:20:13.500001+00:00",
    },
}  # fmt: skip


def export(preset, row=ROW, **more):
    return to_preset(preset, Log.from_row({**row, **more}))


def span_of(line):
    return line["resourceSpans"][0]["scopeSpans"][0]["spans"][0]


def attributes(holder):
    return {each["key"]: next(iter(each["value"].values()), None) for each in holder["attributes"]}


def test_a_model_call_is_a_span_with_usage_and_messages():
    span = span_of(export("otel-genai"))

    assert (span["traceId"], span["spanId"], span["parentSpanId"]) == (
        TRACE, SPAN[-16:], TRACE[-16:],
    )  # fmt: skip
    assert (span["startTimeUnixNano"], span["endTimeUnixNano"]) == (
        "1795404012500000000", "1795404013500001000",
    )  # fmt: skip
    shown = attributes(span)
    assert shown["gen_ai.operation.name"] == "chat"
    assert shown["gen_ai.provider.name"] == "openai"
    assert shown["gen_ai.request.model"] == "gpt-4o-mini"
    assert shown["gen_ai.response.model"] == "gpt-4o-mini-2024-07-18"
    assert (shown["gen_ai.usage.input_tokens"], shown["gen_ai.usage.output_tokens"]) == ("12", "5")
    assert shown["gen_ai.request.temperature"] == 0.5
    assert shown["gen_ai.conversation.id"] == "t-1"
    assert json.loads(shown["gen_ai.input.messages"]) == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]},
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "c1", "name": "look", "arguments": {"at": 1}}],
        },
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "c1", "response": "sunny"}],
        },
    ]
    assert json.loads(shown["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "Sunny."}],
            "finish_reason": "stop",
        }
    ]


def test_each_score_is_an_evaluation_result():
    of_evaluator = {"quality": {"evaluator_slug": "quality", "score": 0.9, "passed": True}}
    span = span_of(export("otel-genai", scores=of_evaluator))

    assert {event["name"] for event in span["events"]} == {"gen_ai.evaluation.result"}
    assert [attributes(event) for event in span["events"]] == [
        {
            "gen_ai.evaluation.name": "quality",
            "gen_ai.evaluation.score.value": 0.9,
            "gen_ai.evaluation.score.label": "pass",
        },
        {
            "gen_ai.evaluation.name": "feedback",
            "gen_ai.evaluation.score.value": 0.0,
            "gen_ai.evaluation.explanation": "wrong",
        },
    ]


def test_a_failed_row_without_ids_and_times_is_a_span_all_the_same():
    row = {
        "input": "q",
        "metadata": {"status": "error", "error_message": "out", "error_type": "ValueError"},
        "metrics": {},
    }
    first, second = span_of(export("otel-genai", row)), span_of(export("otel-genai", row))

    assert first == second
    assert (len(first["traceId"]), len(first["spanId"])) == (32, 16)
    assert first["status"] == {"code": 2, "message": "out"}
    assert attributes(first)["error.type"] == "ValueError"
    assert "parentSpanId" not in first


def test_a_missing_start_follows_from_the_latency():
    metrics = {"timestamp": "2026-11-23T03:20:13+00:00", "latency": 1.5}
    span = span_of(export("otel-genai", metrics=metrics))

    assert int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"]) == 1_500_000_000
