"""Rows as spans by OpenInference's conventions."""

import json

import pytest

from tests.datasets.export.test_otel_genai import ROW, SPAN, TRACE, export


def test_a_model_call_is_a_span_with_its_messages():
    span = export("openinference")

    assert span["context"] == {"trace_id": TRACE, "span_id": SPAN[-16:]}
    assert (span["parent_id"], span["span_kind"], span["status_code"]) == (
        TRACE[-16:], "LLM", "OK",
    )  # fmt: skip
    shown = span["attributes"]
    assert shown["openinference.span.kind"] == "LLM"
    assert json.loads(shown["input.value"]) == ROW["input"]
    assert shown["llm.input_messages.0.message.role"] == "system"
    assert shown["llm.input_messages.2.message.tool_calls.0.tool_call.function.name"] == "look"
    assert shown["llm.input_messages.3.message.tool_call_id"] == "c1"
    assert shown["llm.output_messages.0.message.content"] == "Sunny."
    assert (shown["llm.token_count.total"], shown["llm.cost.total"]) == (17, 0.5)
    assert (shown["session.id"], shown["user.id"]) == ("t-1", "u-1")
    [evaluation] = json.loads(shown["metadata"])["evaluations"]
    assert evaluation["gen_ai.evaluation.name"] == "feedback"


@pytest.mark.parametrize(
    ("log_type", "kind"), [("workflow", "CHAIN"), ("agent", "AGENT"), ("tool", "TOOL")]
)
def test_other_rows_have_values_and_no_messages(log_type, kind):
    row = {"input": "q", "output": {"a": 1}, "metadata": {"log_type": log_type}, "metrics": {}}
    shown = export("openinference", row)["attributes"]

    assert shown["openinference.span.kind"] == kind
    assert (shown["input.value"], shown["input.mime_type"]) == ("q", "text/plain")
    assert (shown["output.value"], shown["output.mime_type"]) == ('{"a": 1}', "application/json")
    assert not [name for name in shown if "messages" in name]
