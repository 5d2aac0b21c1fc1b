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

Preset = Literal[
    "openai-evals", "langsmith", "promptfoo", "deepeval", "inspect", "pydantic-evals", "ragas",
    "langfuse", "braintrust", "openinference", "otel-genai",
]  # fmt: skip
Row = Mapping[str, Any]
IDENTITY: Final = (
    "custom_identifier", "log_type", "span_name", "model", "status", "thread_identifier",
    "customer_identifier", "tags",
)  # fmt: skip


def to_preset(preset: Preset | None, log: Log) -> dict[str, Any]:
    """Return a log in a tool's format; as it was sent if `preset` is None."""
    row = to_row(log)
    return row if preset is None else PRESETS[preset]({**row, "scores": log.scores})


def _openai_evals(row: Row) -> dict[str, Any]:
    """A line of the Evals API: `item` has the input, `sample` the output."""
    item = {
        "input": to_messages(row["input"]),
        **_reference(row, "ideal"),
        "metadata": _identity(row),
    }
    sample = omit_none(
        {"output_text": _optional_text(row.get("output")), "model": row["metadata"].get("model")}
    )
    return {"item": item, "sample": sample} if "output_text" in sample else {"item": item}


def _langsmith(row: Row) -> dict[str, Any]:
    """An example; the tools of a model call are beside its messages, as in the chat schema."""
    inputs = _to_object(row["input"])
    tools = row["metadata"].get("tools")
    if tools and "messages" in inputs:
        inputs["tools"] = tools
    expected = row.get("expected_output")
    example = {
        "inputs": inputs,
        "metadata": _identity(row) | omit_none({"actual_output": row.get("output")}),
    }
    return (
        example if expected is None else example | {"outputs": _to_object(expected, text="output")}
    )


def _promptfoo(row: Row) -> dict[str, Any]:
    """A test case; it asserts only if there is a reference."""
    expected = row.get("expected_output")
    metadata = row["metadata"]
    names = [metadata.get("span_name"), metadata.get("custom_identifier")]
    case = {
        "description": " ".join(str(name) for name in names if name is not None),
        "vars": _to_object(row["input"]),
        "metadata": _identity(row) | omit_none({"actual_output": row.get("output")}),
    }
    return (
        case
        if expected is None
        else case | {"assert": [{"type": "equals", "value": to_plain_text(expected)}]}
    )


def _deepeval(row: Row) -> dict[str, Any]:
    """A golden."""
    metadata = row["metadata"]
    golden = {
        "input": to_question(row["input"]),
        "actual_output": _optional_text(row.get("output")),
        "expected_output": _optional_text(row.get("expected_output")),
        "retrieval_context": _documents(row),
        "name": metadata.get("span_name"),
        "additional_metadata": _identity(row),
    }
    return omit_none(golden)


def _inspect(row: Row) -> dict[str, Any]:
    """A sample; its target is empty if there is no reference."""
    content = row["input"]
    sample = {
        "id": row["metadata"].get("custom_identifier"),
        "input": [_inspect_message(each) for each in content]
        if is_conversation(content)
        else to_question(content),
        "target": _optional_text(row.get("expected_output")) or "",
        "metadata": _identity(row) | omit_none({"actual_output": row.get("output")}),
    }
    return omit_none(sample)


def _pydantic_evals(row: Row) -> dict[str, Any]:
    """A case of a dataset's `cases`."""
    return omit_none(
        {
            "name": row["metadata"].get("custom_identifier"),
            "inputs": row["input"],
            "expected_output": row.get("expected_output"),
            "metadata": _identity(row) | omit_none({"actual_output": row.get("output")}),
        }
    )


def _ragas(row: Row) -> dict[str, Any]:
    """A single-turn sample."""
    return omit_none(
        {
            "user_input": to_question(row["input"]),
            "response": _optional_text(row.get("output")),
            "reference": _optional_text(row.get("expected_output")),
            "retrieved_contexts": _documents(row),
        }
    )


def _langfuse(row: Row) -> dict[str, Any]:
    """The arguments of `create_dataset_item`, without the dataset's name."""
    return omit_none(
        {
            "id": row["metadata"].get("custom_identifier"),
            "input": row["input"],
            "expected_output": row.get("expected_output"),
            "metadata": _identity(row) | omit_none({"actual_output": row.get("output")}),
        }
    )


def _braintrust(row: Row) -> dict[str, Any]:
    """A record of a dataset, as `Dataset.insert` and `EvalCase` take it."""
    identity = _identity(row)
    return omit_none(
        {
            "id": identity.get("custom_identifier"),
            "input": row["input"],
            "expected": row.get("expected_output"),
            "tags": identity.pop("tags", None),
            "metadata": identity | omit_none({"actual_output": row.get("output")}),
        }
    )


PRESETS: Final[Mapping[Preset, Callable[[Row], dict[str, Any]]]] = {
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


def _reference(row: Row, name: str) -> dict[str, Any]:
    return omit_none({name: _optional_text(row.get("expected_output"))})


def _identity(row: Row) -> dict[str, Any]:
    return {
        name: row["metadata"][name] for name in IDENTITY if row["metadata"].get(name) is not None
    }


def _documents(row: Row) -> list[str] | None:
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
    roles = {"developer": "system", "none": "user"}
    kept = {
        name: value
        for name, value in message.items()
        if name in ("content", "tool_call_id", "name")
    }
    converted = {"role": roles.get(str(message["role"]), message["role"]), **kept}
    converted["content"] = message.get("content") or ""
    if converted["role"] == "tool" and "name" in converted:
        converted["function"] = converted.pop("name")
    elif "name" in converted:
        del converted["name"]
    if calls := read_tool_calls(message):
        converted["tool_calls"] = [
            {"id": call.id, "type": "function", "function": call.name, "arguments": call.arguments}
            for call in calls
        ]
    return converted
