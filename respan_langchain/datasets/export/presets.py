"""Rows in the formats of other tools, one JSON object each.

Pure. The reference answer is the row's `expected_output`, never the model's own output. The formats
follow each tool's documentation of November 2026.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from respan_langchain._display import is_conversation
from respan_langchain.client.models import Log
from respan_langchain.client.requests import omit_none
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
TABLES: Final[Mapping[Preset, Mapping[str, str]]] = {
    "deepeval": {  # a golden
        "input": "question", "actual_output": "output_text", "expected_output": "expected_text",
        "retrieval_context": "documents", "name": "span_name", "additional_metadata": "identity",
    },
    "pydantic-evals": {  # a case of a dataset's `cases`
        "name": "id", "inputs": "input", "expected_output": "expected", "metadata": "metadata",
    },
    "ragas": {  # a single-turn sample
        "user_input": "question", "response": "output_text", "reference": "expected_text",
        "retrieved_contexts": "documents",
    },
    "langfuse": {  # the arguments of `create_dataset_item`, without the dataset's name
        "id": "id", "input": "input", "expected_output": "expected", "metadata": "metadata",
    },
}  # fmt: skip
"""Formats that need no more than `_parts`: the tool's field, and the part that it takes."""


def to_preset(preset: Preset | None, log: Log) -> dict[str, Any]:
    """Return a log in a tool's format; as it was sent if `preset` is None."""
    row = to_row(log)
    if preset is None:
        return row
    if preset in TABLES:
        parts = _parts(row)
        return omit_none({name: parts[part] for name, part in TABLES[preset].items()})
    return omit_none(FORMATS[preset]({**row, "scores": log.scores}))


def _parts(row: LogFields) -> dict[str, Any]:
    """Return what most formats consist of; the metadata has the output, which is no reference."""
    metadata, output, expected = row["metadata"], row.get("output"), row.get("expected_output")
    identity = omit_none({name: metadata.get(name) for name in IDENTITY})
    documents = metadata.get("retrieved_documents")
    return {
        "id": metadata.get("custom_identifier"),
        "span_name": metadata.get("span_name"),
        "input": row["input"],
        "question": to_question(row["input"]),
        "output_text": _optional_text(output),
        "expected": expected,
        "expected_text": _optional_text(expected),
        "documents": list(map(_document, documents)) if isinstance(documents, list) else None,
        "identity": identity,
        "metadata": identity | omit_none({"actual_output": output}),
    }


def _openai_evals(row: LogFields) -> dict[str, Any]:
    """A line of the Evals API: `item` has the input, `sample` the output."""
    parts = _parts(row)
    output, ideal = parts["output_text"], parts["expected_text"]
    item = {"input": to_messages(row["input"]), "ideal": ideal, "metadata": parts["identity"]}
    sample = {"output_text": output, "model": row["metadata"].get("model")}
    return {"item": omit_none(item), "sample": None if output is None else omit_none(sample)}


def _langsmith(row: LogFields) -> dict[str, Any]:
    """An example; the tools of a model call are beside its messages, as in the chat schema."""
    inputs, expected = _to_object(row["input"]), row.get("expected_output")
    tools = row["metadata"].get("tools")
    if tools and "messages" in inputs:
        inputs["tools"] = tools
    outputs = None if expected is None else _to_object(expected, text="output")
    return {"inputs": inputs, "metadata": _parts(row)["metadata"], "outputs": outputs}


def _promptfoo(row: LogFields) -> dict[str, Any]:
    """A test case; it asserts only if there is a reference."""
    parts = _parts(row)
    names, expected = [parts["span_name"], parts["id"]], parts["expected_text"]
    return {
        "description": " ".join(str(name) for name in names if name is not None),
        "vars": _to_object(row["input"]),
        "metadata": parts["metadata"],
        "assert": None if expected is None else [{"type": "equals", "value": expected}],
    }


def _inspect(row: LogFields) -> dict[str, Any]:
    """A sample; its target is empty if there is no reference."""
    parts, content = _parts(row), row["input"]
    messages = list(map(_inspect_message, content)) if is_conversation(content) else None
    return {
        "id": parts["id"],
        "input": messages or parts["question"],
        "target": parts["expected_text"] or "",
        "metadata": parts["metadata"],
    }


def _braintrust(row: LogFields) -> dict[str, Any]:
    """A record of a dataset, as `Dataset.insert` and `EvalCase` take it."""
    parts = _parts(row)
    metadata = parts["metadata"]
    return {
        "id": parts["id"],
        "input": row["input"],
        "expected": parts["expected"],
        "tags": metadata.pop("tags", None),
        "metadata": metadata,
    }


FORMATS: Final[Mapping[Preset, Callable[[LogFields], dict[str, Any]]]] = {
    "openai-evals": _openai_evals,
    "langsmith": _langsmith,
    "promptfoo": _promptfoo,
    "inspect": _inspect,
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
