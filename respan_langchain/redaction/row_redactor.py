"""Redacts a row: every string, every key, and every value under a secret's name.

The keys that this package writes (`role`, `content`, ids) are not content, so the user's redactors
do not get them.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from respan_langchain.redaction import prescan, secret_names
from respan_langchain.redaction.secret_names import Confidence
from respan_langchain.redaction.string_redactor import DROPPED, RedactorFailedError, StringRedactor
from respan_langchain.serialization import scalars, serializer
from respan_langchain.serialization.json_value import json_value
from respan_langchain.serialization.objects import REDACTED
from respan_langchain.serialization.serializer import unused_key
from respan_langchain.serialization.truncation import Truncations

OWN_KEYS: Final = frozenset({
    "role", "content", "type", "text", "tool_calls", "tool_call_id", "function", "name",
    "arguments", "id", "messages", "mime_type", "bytes", "sha256", "source", "score", "metadata",
    "refusal", "reasoning_content", "annotations", "invalid_tool_calls", "server_tool_calls",
    "original_role", "error", "status", "tool", "input", "output", "value", "documents",
})  # fmt: skip
"""Keys that the serializer writes."""
PLATFORM_KEYS: Final = frozenset({
    "model", "provider_id", "error_message", "customer_identifier", "thread_identifier",
    "session_identifier", "group_identifier", "evaluation_identifier", "span_name",
    "span_workflow_name", "environment", "prompt_id", "tools", "tool_choice", "temperature",
    "max_tokens", "stop", "response_format", "stream", "tags", "trajectory", "retrieved_documents",
    "retrievals", "replayable", "replayable_reason", "cost_source", "cost_status", "usage_missing",
    "finish_reason", "truncated", "error_type", "interrupts", "candidates", "models",
    "model_requested", "request_id", "endpoint", "system_fingerprint", "service_tier", "versions",
    "cache_hit", "sampling", "app_version", "git_commit", "respan_langchain_version",
    "langchain_core_version", "langchain_version", "langgraph_version", "lc_agent_name",
    "langgraph_node", "langgraph_step", "langgraph_checkpoint_ns",
})  # fmt: skip
"""Metadata keys that the platform or an evaluator reads; only their values are redacted."""
_OWN_VALUES: Final = frozenset({
    "user", "assistant", "system", "tool", "developer", "none", "function", "text", "image",
    "image_url", "file", "audio",
})  # fmt: skip
_JSON_TYPES: Final = frozenset({str, int, float, list, dict})
_JSON_SCHEMA_KEYS: Final = frozenset({"type", "$ref", "anyOf", "allOf", "oneOf", "description"})
MAX_VALUES: Final = 2 * serializer.MAX_VALUES
"""Values of a field; one with more, or a deeper one, was not serialized and may contain itself."""
MAX_DEPTH: Final = 3 * serializer.MAX_DEPTH


class _NotSerializedError(Exception):
    """A field exceeds the limits that the serializer keeps."""


class RowRedactor:
    """One pass over one row."""

    __slots__ = ("_path", "_strings", "_truncations", "_values_left")

    def __init__(self, strings: StringRedactor, truncations: Truncations) -> None:
        self._strings = strings
        self._truncations = truncations
        self._path: list[str] = []
        self._values_left = 0

    def redact_field(self, name: str, value: Any) -> Any:
        """Redact a field; it is dropped if a redactor fails in it."""
        try:
            return self._redact_bounded([name], name, value)
        except RedactorFailedError:
            return DROPPED

    def redact_metadata(self, values: dict[str, Any]) -> dict[str, Any]:
        """Redact the metadata entry by entry; an entry is dropped if a redactor fails in it."""
        kept: dict[str, Any] = {}
        for name, value in values.items():
            if name in prescan.IDS:
                kept[name] = value
                continue
            text = DROPPED
            try:
                text = name if name in PLATFORM_KEYS else self._redact_key(name)
                text = text if text not in kept else unused_key(text, kept)
                kept[text] = self._redact_bounded(["metadata", f".{text}"], name, value)
            except RedactorFailedError:
                kept[text if text not in kept else unused_key(text, kept)] = DROPPED
        return kept

    def _redact_bounded(self, path: list[str], name: str, value: Any) -> Any:
        self._path, self._values_left = list(path), MAX_VALUES
        try:
            return self._redact_entry(name, value)
        except _NotSerializedError:
            self._path, self._values_left = list(path), MAX_VALUES
            return self._redact_entry(name, json_value(value))

    def _redact_value(self, name: str, node: Any) -> Any:
        """Redact a value; `name` is the key above it."""
        kind = type(node)
        if kind is str:
            return self._redact_text(self._strings.personal.redact_value(name, node))
        if kind is dict:
            return self._redact_dict(node)
        if kind is list:
            return self._redact_list(name, node)
        if kind is int or kind is float:
            return self._redact_number(name, node)
        if node is None or kind is bool:
            return node
        return self._redact_value(name, json_value(node))

    def _redact_number(self, name: str, number: float) -> Any:
        shown = self._strings.personal.redact_value(name, number)
        if isinstance(shown, float):
            return scalars.serialize_float(shown)
        return scalars.serialize_int(shown) if isinstance(shown, int) else shown

    def _redact_text(self, text: str) -> Any:
        if not self._strings.is_large(text):
            return self._strings.redact(text)
        fragment, was_cut = self._strings.redact_large(text)
        if was_cut:
            self._truncations.add("".join(self._path))
        return fragment

    def _count_values(self, number: int) -> None:
        self._values_left -= number
        if self._values_left < 0 or len(self._path) > MAX_DEPTH:
            raise _NotSerializedError

    def _redact_list(self, name: str, values: list[Any]) -> list[Any]:
        self._count_values(len(values))
        redacted = []
        for place, value in enumerate(values):
            self._path.append(f"[{place}]")
            redacted.append(self._redact_value(name, value))
            self._path.pop()
        return redacted

    def _redact_dict(self, values: dict[Any, Any]) -> dict[str, Any]:
        self._count_values(len(values))
        if not all(type(name) is str for name in values):
            return self._redact_dict(json_value(values))  # type: ignore[arg-type]  # a dict stays one
        redacted: dict[str, Any] = {}
        for name, value in values.items():
            text = self._redact_key(name)
            text = text if text not in redacted else unused_key(text, redacted)
            self._path.append(f".{text}")
            redacted[text] = self._redact_entry(name, value)
            self._path.pop()
        return redacted

    def _redact_key(self, name: str) -> str:
        if name in OWN_KEYS:
            return name
        strings = self._strings
        is_kept = prescan.is_harmless(name) and not strings.personal.may_match(name)
        return name if is_kept and not strings.redactors else strings.redact(name)

    def _redact_entry(self, name: str, value: Any) -> Any:
        is_own = type(value) is str and value in _OWN_VALUES and name in {"role", "type"}
        return value if is_own else self._redact_value(name, self._hide_by_name(name, value))

    def _hide_by_name(self, name: str, value: Any) -> Any:
        strings = self._strings
        if name == prescan.ARGUMENTS and type(value) is str:
            return redact_json_text(value, self._hide_in_json)
        is_shown = not strings.hides_secrets or type(value) not in _JSON_TYPES
        return value if is_shown else _redact_if_secret(name, value)

    def _hide_in_json(self, name: str, value: Any) -> Any:
        """Redact a value of parsed JSON by its name, numbers included."""
        if type(value) is list:
            value = [self._hide_in_json(name, each) for each in value]
        elif type(value) in {str, int, float}:
            value = self._strings.personal.redact_value(name, value)
        return _redact_if_secret(name, value) if self._strings.hides_secrets else value


def redact_json_text(text: str, redact: Callable[[str, Any], Any]) -> str:
    """Redact values by their keys in a JSON string, such as a tool call's arguments.

    Returns the text unchanged if nothing is hidden, and if it is not valid JSON (a call that broke
    off).
    """
    if not prescan.may_be_json(text):
        return text
    found = False

    def pairs(given: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal found
        shown = [(name, redact(name, value)) for name, value in given]
        found = found or shown != given
        return dict(shown)

    try:
        # Not orjson: it refuses lone surrogates and rounds ints above 64 bits.
        shown = json.loads(text, object_pairs_hook=pairs)
        return json.dumps(shown, ensure_ascii=False, separators=(",", ":")) if found else text
    except (ValueError, RecursionError):
        return text


def _redact_if_secret(name: str, value: Any) -> Any:
    confidence = secret_names.get_confidence(name)
    if confidence is None:
        return value
    # Serialized first, since a value that was not serialized may contain itself.
    return _redact_secret(json_value(value) if type(value) in {list, dict} else value, confidence)


def _redact_secret(value: Any, confidence: Confidence) -> Any:
    # A JSON schema that describes a secret is not a secret.
    if isinstance(value, str):
        is_hidden = bool(value) if confidence == "strong" else secret_names.looks_like_secret(value)
        return REDACTED if is_hidden and not value.startswith("[redacted:") else value
    if confidence == "weak" or value is None or isinstance(value, bool):
        return value
    if isinstance(value, list):
        return [_redact_secret(inner, confidence) for inner in value]
    if not isinstance(value, dict):
        return REDACTED
    if not _JSON_SCHEMA_KEYS.isdisjoint(value):
        return value
    return {name: _redact_secret(inner, confidence) for name, inner in value.items()}
