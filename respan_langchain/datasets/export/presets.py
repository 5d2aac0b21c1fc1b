"""Rows in the formats of other tools, one JSON object each.

Pure. The reference answer is the row's `expected_output`, never the model's own output. The formats
follow each tool's documentation of November 2026.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from respan_langchain._display import is_conversation
from respan_langchain.client.models import Log
from respan_langchain.client.paths import omit_none
from respan_langchain.datasets.export.messages import (
    read_tool_calls,
    to_messages,
    to_plain_text,
    to_question,
)
from respan_langchain.datasets.export.openinference import to_openinference
from respan_langchain.datasets.export.otel_genai import to_otel_genai
from respan_langchain.datasets.export.rows import to_row
from respan_langchain.datasets.export.spans import LogFields, span_role

Preset = Literal[
    "openai-evals", "langsmith", "promptfoo", "deepeval", "inspect", "pydantic-evals", "ragas",
    "langfuse", "braintrust", "openinference", "otel-genai",
]  # fmt: skip
IDENTITY: Final = (
    "custom_identifier", "log_type", "span_name", "model", "status", "thread_identifier",
    "customer_identifier", "tags",
)  # fmt: skip


def to_preset(preset: Preset | None, log: Log) -> dict[str, Any]:
    """Return a log in a tool's format; as it was sent if `preset` is None."""
    row = to_row(log)
    return row if preset is None else PRESETS[preset]({**row, "scores": log.scores})


def _openai_evals(row: LogFields) -> dict[str, Any]:
    """A line of the Evals API: `item` has the input, `sample` the output."""
    output = _optional_text(row.get("output"))
    item = {
        "input": to_messages(row["input"]),
        "ideal": _optional_text(row.get("expected_output")),
        "metadata": _identity(row),
    }
    sample = omit_none({"output_text": output, "model": row["metadata"].get("model")})
    return omit_none({"item": omit_none(item), "sample": None if output is None else sample})


def _langsmith(row: LogFields) -> dict[str, Any]:
    """An example; the tools of a model call are beside its messages, as in the chat schema."""
    inputs, expected = _to_object(row["input"]), row.get("expected_output")
    tools = row["metadata"].get("tools")
    if tools and "messages" in inputs:
        inputs["tools"] = tools
    outputs = None if expected is None else _to_object(expected, text="output")
    return omit_none({"inputs": inputs, "metadata": _metadata(row), "outputs": outputs})


def _promptfoo(row: LogFields) -> dict[str, Any]:
    """A test case; it asserts only if there is a reference."""
    expected, metadata = _optional_text(row.get("expected_output")), row["metadata"]
    names = [metadata.get("span_name"), metadata.get("custom_identifier")]
    case = {
        "description": " ".join(str(name) for name in names if name is not None),
        "vars": _to_object(row["input"]),
        "metadata": _metadata(row),
        "assert": None if expected is None else [{"type": "equals", "value": expected}],
    }
    return omit_none(case)


def _deepeval(row: LogFields) -> dict[str, Any]:
    """A golden."""
    golden = {
        "input": to_question(row["input"]),
        "actual_output": _optional_text(row.get("output")),
        "expected_output": _optional_text(row.get("expected_output")),
        "retrieval_context": _documents(row),
        "name": row["metadata"].get("span_name"),
        "additional_metadata": _identity(row),
    }
    return omit_none(golden)


def _inspect(row: LogFields) -> dict[str, Any]:
    """A sample; its target is empty if there is no reference."""
    content = row["input"]
    sample = {
        "id": row["metadata"].get("custom_identifier"),
        "input": [_inspect_message(each) for each in content]
        if is_conversation(content)
        else to_question(content),
        "target": _optional_text(row.get("expected_output")) or "",
        "metadata": _metadata(row),
    }
    return omit_none(sample)


def _pydantic_evals(row: LogFields) -> dict[str, Any]:
    """A case of a dataset's `cases`."""
    case = {
        "name": row["metadata"].get("custom_identifier"),
        "inputs": row["input"],
        "expected_output": row.get("expected_output"),
        "metadata": _metadata(row),
    }
    return omit_none(case)


def _ragas(row: LogFields) -> dict[str, Any]:
    """A single-turn sample."""
    sample = {
        "user_input": to_question(row["input"]),
        "response": _optional_text(row.get("output")),
        "reference": _optional_text(row.get("expected_output")),
        "retrieved_contexts": _documents(row),
    }
    return omit_none(sample)


def _langfuse(row: LogFields) -> dict[str, Any]:
    """The arguments of `create_dataset_item`, without the dataset's name."""
    item = {
        "id": row["metadata"].get("custom_identifier"),
        "input": row["input"],
        "expected_output": row.get("expected_output"),
        "metadata": _metadata(row),
    }
    return omit_none(item)


def _braintrust(row: LogFields) -> dict[str, Any]:
    """A record of a dataset, as `Dataset.insert` and `EvalCase` take it."""
    metadata = _metadata(row)
    record = {
        "id": metadata.get("custom_identifier"),
        "input": row["input"],
        "expected": row.get("expected_output"),
        "tags": metadata.pop("tags", None),
        "metadata": metadata,
    }
    return omit_none(record)


PRESETS: Final[Mapping[Preset, Callable[[LogFields], dict[str, Any]]]] = {
    "openai-evals": _openai_evals,
    "langsmith": _langsmith,
    "promptfoo": _promptfoo,
    "deepeval": _deepeval,
    "inspect": _inspect,
    "pydantic-evals": _pydantic_evals,
    "ragas": _ragas,
    "langfuse": _langfuse,
    "braintrust": _braintrust,
    "openinference": to_openinference,
    "otel-genai": to_otel_genai,
}


def _to_object(value: Any, *, text: str = "input") -> dict[str, Any]:
    """Return an object for a value; an object stays as it is."""
    if isinstance(value, dict):
        return dict(value)
    return {"messages": value} if is_conversation(value) else {text: value}


def _optional_text(value: Any) -> str | None:
    return None if value is None else to_plain_text(value)


def _identity(row: LogFields) -> dict[str, Any]:
    return omit_none({name: row["metadata"].get(name) for name in IDENTITY})


def _metadata(row: LogFields) -> dict[str, Any]:
    """Return the row's identity, and the model's output, which is no reference."""
    return _identity(row) | omit_none({"actual_output": row.get("output")})


def _documents(row: LogFields) -> list[str] | None:
    documents = row["metadata"].get("retrieved_documents")
    return [_document(each) for each in documents] if isinstance(documents, list) else None


def _document(value: Any) -> str:
    if isinstance(value, Mapping):
        for key in ("page_content", "content", "text"):
            if isinstance(value.get(key), str):
                return str(value[key])
    return to_plain_text(value)


def _inspect_message(message: Mapping[str, Any]) -> dict[str, Any]:
    """Inspect has four roles, and tool calls whose arguments are an object."""
    role = span_role(message)
    calls = [
        {"id": call.id, "type": "function", "function": call.name, "arguments": call.arguments}
        for call in read_tool_calls(message)
    ]
    converted = {
        "role": role,
        "content": message.get("content") or "",
        "tool_call_id": message.get("tool_call_id"),
        "function": message.get("name") if role == "tool" else None,
        "tool_calls": calls or None,
    }
    return omit_none(converted)
