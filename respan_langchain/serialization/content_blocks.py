"""The blocks of a message's content, from every provider, sorted by what they are.

Text becomes the content. What OpenAI's schema keeps beside the content (tool calls, refusals,
reasoning, citations) is taken out of it; what the provider's own server did is kept apart; media
is told, not carried; what nobody knows stays in its place.
"""

from collections.abc import Mapping
from typing import Any, Final

from respan_langchain.serialization import media
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.serializer import Serializer

ENCRYPTED: Final = "[encrypted]"
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
    "invalid_tool_call",
})  # fmt: skip
_SERVER_TOOL_TYPES: Final = frozenset({
    "server_tool_use", "server_tool_call", "server_tool_call_chunk", "server_tool_result",
    "mcp_tool_use", "web_search_call", "file_search_call", "code_interpreter_call",
    "computer_call", "image_generation_call", "mcp_call", "mcp_list_tools",
    "mcp_approval_request", "local_shell_call", "custom_tool_call", "executable_code",
    "code_execution_result",
})  # fmt: skip
_MEDIA_DETAILS: Final = ("filename", "file_name", "name", "title", "detail", "context")


class MessageParts:
    """What a message's blocks hold, by what it is."""

    __slots__ = (
        "_parts",
        "_serializer",
        "_texts",
        "annotations",
        "has_more_than_content",
        "reasoning",
        "refusal",
        "server_tool_calls",
        "tool_calls",
    )

    def __init__(self, serializer: Serializer) -> None:
        self._serializer = serializer
        self._parts: list[Json] = []
        self._texts: list[str] = []
        self.tool_calls: list[Mapping[Any, Any]] = []
        self.server_tool_calls: list[Json] = []
        self.annotations: list[Json] = []
        self.reasoning = ""
        self.refusal = ""
        self.has_more_than_content = False
        """Whether there is more than content."""

    def add_content(self, content: object) -> None:
        """Sort the blocks of this content."""
        if isinstance(content, list | tuple):
            for block in content:
                self._add_block(block)
        elif isinstance(content, dict):
            self._add_block(content)
        elif content is not None:
            self._parts.append(self._serializer.serialize(content))

    def content(self, *, joined: bool) -> Json:
        """The text as one string where that says it all, else the parts in their order.

        Args:
            joined: Whether several texts are one text that came in pieces, as a model's answer
                does;
                a prompt's texts are parts that somebody set apart.
        """
        if len(self._texts) == len(self._parts) and (joined or len(self._texts) < 2):
            return "".join(self._texts)
        return self._parts

    def _add_block(self, block: object) -> None:
        if isinstance(block, str):
            self._add_text(block)
        elif isinstance(block, dict):
            self._add_typed_block(block, block.get("type"))
        else:
            self._parts.append(self._serializer.serialize(block))

    def _add_typed_block(self, block: dict[Any, Any], kind: object) -> None:
        if kind in _TEXT_TYPES or (kind is None and isinstance(block.get("text"), str)):
            self._add_text_block(block)
        elif kind in MEDIA_TYPES:
            self._parts.append(serialize_media(block, self._serializer))
        elif kind == "non_standard" and isinstance(block.get("value"), dict):
            self._add_typed_block(block["value"], block["value"].get("type"))
        else:
            self._add_beside_content(block, kind)

    def _add_beside_content(self, block: dict[Any, Any], kind: object) -> None:
        self.has_more_than_content = True
        if kind in _TOOL_CALL_TYPES:
            self.tool_calls.append(block)
        elif kind in _REASONING_TYPES:
            self.reasoning += extract_reasoning(block) or ("" if self.reasoning else ENCRYPTED)
        elif kind == "refusal":
            refusal = self._serializer.serialize(block.get("refusal"))
            self.refusal += refusal if isinstance(refusal, str) else ""
        elif kind in _SERVER_TOOL_TYPES or (
            isinstance(kind, str) and kind.endswith("_tool_result")
        ):
            self.server_tool_calls.append(self._serializer.serialize(block))
        else:
            self._parts.append(self._serializer.serialize(block))

    def _add_text_block(self, block: dict[Any, Any]) -> None:
        self._add_text(block.get("text"))
        for name in ("annotations", "citations"):
            cited = block.get(name)
            if isinstance(cited, list | tuple) and cited:
                self.has_more_than_content = True
                self.annotations += self._serializer.serialize_values(cited)

    def _add_text(self, text: object) -> None:
        shaped = self._serializer.serialize("" if text is None else text)
        if isinstance(shaped, str):
            self._parts.append({"type": "text", "text": shaped})
            self._texts.append(shaped)
        else:
            self._parts.append(shaped)


def extract_reasoning(value: Any, deepest: int = 5) -> str:
    """The words in a model's reasoning, however it is wrapped; empty when they are hidden."""
    if isinstance(value, str):
        return value
    if deepest == 0:
        return ""
    if isinstance(value, list | tuple):
        texts = (extract_reasoning(item, deepest - 1) for item in value)
        return "\n\n".join(text for text in texts if text)
    if isinstance(value, dict):
        for name in ("reasoning", "thinking", "reasoning_content", "summary", "content", "text"):
            if text := extract_reasoning(value.get(name), deepest - 1):
                return text
    return ""


def serialize_media(block: dict[Any, Any], serializer: Serializer) -> Json:
    """A block of media, told by what it is; a link, or what is to be kept, as it stands."""
    if serializer.keep_media:
        return serializer.serialize(block)
    data, mime = _find_payload(block)
    if data is None:
        return serializer.serialize(block)
    told = (
        media.describe_bytes(data, mime)
        if isinstance(data, bytes)
        else media.describe_base64(data, mime)
    )
    shaped: dict[str, Json] = {**told, "type": serializer.serialize(block["type"])}
    for holder in (block, block.get("file"), block.get("image_url")):
        if isinstance(holder, dict):
            shaped.update(
                {
                    name: serializer.serialize(holder[name])
                    for name in _MEDIA_DETAILS
                    if holder.get(name) is not None
                }
            )
    return shaped


def _find_payload(block: dict[Any, Any]) -> tuple[str | bytes | None, str | None]:
    for holder in (block, *(value for value in block.values() if isinstance(value, dict))):
        mime = holder.get("mime_type") or holder.get("media_type") or holder.get("mimeType")
        if (
            mime is None
            and isinstance(holder.get("format"), str)
            and block["type"] == "input_audio"
        ):
            mime = f"audio/{holder['format']}"
        mime = mime if isinstance(mime, str) else None
        for name in ("base64", "data", "bytes", "file_data", "image_url", "url"):
            data = holder.get(name)
            if isinstance(data, bytes | bytearray):
                return bytes(data), mime
            if isinstance(data, str) and _holds_data(name, holder, data):
                return data, mime
    return None, None


def _holds_data(name: str, holder: dict[Any, Any], data: str) -> bool:
    # Anthropic and LangChain v0 put text, or a link, where the base64 stands otherwise.
    if name in {"url", "image_url"}:
        return media.is_data_url(data)
    declared = holder.get("type" if name == "data" else "", holder.get("source_type"))
    return not (name == "data" and declared in {"text", "url"})
