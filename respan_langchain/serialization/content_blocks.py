"""The blocks of a message's content, from every provider, sorted by what they are.

Text becomes the content. Tool calls, refusals, reasoning and citations go to the fields that
OpenAI's schema has for them, calls of the provider's own tools to a list of their own. Media is
described; a block of an unknown kind stays in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from respan_langchain._untyped_values import as_mapping
from respan_langchain.serialization import media, server_tools
from respan_langchain.serialization.citations import serialize_citations
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.reasoning import (
    ENCRYPTED,
    extract_reasoning,
    is_encrypted,
    reasoning_of_text,
)
from respan_langchain.serialization.serializer import Serializer

MEDIA_TYPES: Final = frozenset({
    "image", "image_url", "input_image", "audio", "input_audio", "video", "video_url", "file",
    "input_file", "document", "media", "text-plain",
})  # fmt: skip
_TEXT_TYPES: Final = frozenset({"text", "output_text", "input_text", "text_delta"})
_REASONING_TYPES: Final = frozenset({
    "reasoning", "thinking", "reasoning_content", "redacted_thinking", "thinking_delta",
    "reasoning-delta",
})  # fmt: skip
_TOOL_CALL_TYPES: Final = frozenset({
    "tool_use", "tool_call", "function_call", "tool_call_chunk", "input_json_delta",
    "invalid_tool_call", "custom_tool_call",
})  # fmt: skip
_MEDIA_DETAILS: Final = ("filename", "file_name", "name", "title", "detail", "context")


@dataclass(slots=True, eq=False)
class MessageParts:
    """The blocks of one message, sorted."""

    serializer: Serializer
    _is_answer: bool
    _is_encrypted: bool = False
    _parts: list[Json] = field(default_factory=list)
    _reasoning: str = ""
    _texts: list[str] = field(default_factory=list)
    tool_calls: list[Mapping[Any, Any]] = field(default_factory=list)
    server_tool_calls: list[Json] = field(default_factory=list)
    annotations: list[Json] = field(default_factory=list)
    refusal: str = ""

    def add_content(self, content: object) -> None:
        """Sort the blocks of this content."""
        if isinstance(content, list | tuple):
            for block in content:
                self._add_block(block)
        elif isinstance(content, dict):
            self._add_block(content)
        elif content is not None:
            self._parts.append(self.serializer.serialize(content))

    @property
    def content(self) -> Json:
        """The text as one string if there is nothing else, otherwise the parts in their order.

        Several texts of an answer are pieces of one streamed text; those of a prompt are separate
        parts.
        """
        is_one_text = self._is_answer or len(self._texts) < 2
        if len(self._texts) == len(self._parts) and is_one_text:
            return "".join(self._texts)
        return self._parts

    @property
    def reasoning(self) -> str:
        """The text of all reasoning blocks; `[encrypted]` if only ciphertext was sent."""
        return self._reasoning or (ENCRYPTED if self._is_encrypted else "")

    def _add_block(self, block: object) -> None:
        if isinstance(block, str):
            self._add_text(block)
        elif isinstance(block, dict):
            self._add_typed_block(block, block.get("type"))
        else:
            self._parts.append(self.serializer.serialize(block))

    def _add_typed_block(self, block: dict[Any, Any], kind: object) -> None:
        if kind in _TEXT_TYPES or (kind is None and isinstance(block.get("text"), str)):
            self._add_text_block(block)
        elif kind in MEDIA_TYPES:
            self._parts.append(serialize_media(block, self.serializer))
        elif kind == "non_standard" and isinstance(block.get("value"), dict):
            self._add_typed_block(block["value"], block["value"].get("type"))
        elif kind in _TOOL_CALL_TYPES:
            self.tool_calls.append(block)
        elif kind in _REASONING_TYPES:
            self._reasoning += extract_reasoning(block)
            self._is_encrypted = self._is_encrypted or is_encrypted(block)
        elif kind == "refusal":
            self._add_refusal(block.get("refusal"))
        else:
            self._add_other_block(block)

    def _add_other_block(self, block: dict[Any, Any]) -> None:
        # In a prompt, the result of a tool is content from the caller.
        if self._is_answer and server_tools.is_server_tool(block):
            whole = server_tools.without_stream_position(block)
            self.server_tool_calls.append(self.serializer.serialize(whole))
        elif not (self._is_answer and server_tools.is_opaque(block)):
            self._parts.append(self.serializer.serialize(block))

    def _add_refusal(self, refusal: object) -> None:
        shaped = self.serializer.serialize(refusal)
        self.refusal += shaped if isinstance(shaped, str) else ""

    def _add_text_block(self, block: dict[Any, Any]) -> None:
        self._add_text(block.get("text"))
        if self._is_answer and (call := server_tools.merged_call(block)):
            self.server_tool_calls.append(self.serializer.serialize(call))
        self._reasoning += reasoning_of_text(block)
        self.annotations += serialize_citations(block, self.serializer)

    def _add_text(self, text: object) -> None:
        shaped = self.serializer.serialize("" if text is None else text)
        if isinstance(shaped, str):
            self._parts.append({"type": "text", "text": shaped})
            self._texts.append(shaped)
        else:
            self._parts.append(shaped)


def serialize_media(block: dict[Any, Any], serializer: Serializer) -> Json:
    """Describe a block of media; links, and all media with `keep_media`, stay as they are."""
    if serializer.keep_media:
        return serializer.serialize(block)
    data, mime = _find_payload(block)
    if data is None:
        return serializer.serialize(block)
    description = (
        media.describe_bytes(data, mime)
        if isinstance(data, bytes)
        else media.describe_base64(data, mime)
    )
    shaped: dict[str, Json] = {**description, "type": serializer.serialize(block["type"])}
    for holder in map(as_mapping, (block, block.get("file"), block.get("image_url"))):
        known = [name for name in _MEDIA_DETAILS if holder.get(name) is not None]
        shaped |= {name: serializer.serialize(holder[name]) for name in known}
    return shaped


def _find_payload(block: dict[Any, Any]) -> tuple[str | bytes | None, str | None]:
    for holder in (block, *(value for value in block.values() if isinstance(value, dict))):
        mime = holder.get("mime_type") or holder.get("media_type") or holder.get("mimeType")
        form = holder.get("format")
        if mime is None and block["type"] == "input_audio" and isinstance(form, str):
            mime = f"audio/{form}"
        mime = mime if isinstance(mime, str) else None
        for name in ("base64", "data", "bytes", "file_data", "image_url", "url"):
            data = holder.get(name)
            if isinstance(data, bytes | bytearray):
                return bytes(data), mime
            if isinstance(data, str) and _holds_data(name, holder, data):
                return data, mime
    return None, None


def _holds_data(name: str, holder: dict[Any, Any], data: str) -> bool:
    # Anthropic and LangChain v0 put text, or a link, in the place of base64.
    if name in {"url", "image_url"}:
        return media.is_data_url(data)
    declared = holder.get("type" if name == "data" else "", holder.get("source_type"))
    return not (name == "data" and declared in {"text", "url"})
