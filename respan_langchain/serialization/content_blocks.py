"""The blocks of a message's content, from every provider, sorted by what they are.

Text becomes the content. What OpenAI's schema keeps beside the content (tool calls, refusals,
reasoning, citations) is taken out of it; what the provider's own server did is kept apart; media
is told, not carried; what nobody knows stays in its place.
"""

from collections.abc import Mapping
from typing import Any, Final

from respan_langchain.serialization import media
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.walker import Walk

HIDDEN_REASONING: Final = "[encrypted]"
MEDIA: Final = frozenset({
    "image", "image_url", "input_image", "audio", "input_audio", "video", "video_url", "file",
    "input_file", "document", "media", "text-plain",
})  # fmt: skip
_TEXT: Final = frozenset({"text", "output_text", "input_text", "text_delta"})
_REASONING: Final = frozenset({
    "reasoning", "thinking", "reasoning_content", "redacted_thinking", "thinking_delta",
    "reasoning-delta",
})  # fmt: skip
_CALLS: Final = frozenset({
    "tool_use", "tool_call", "function_call", "tool_call_chunk", "input_json_delta",
    "invalid_tool_call",
})  # fmt: skip
_SERVED: Final = frozenset({
    "server_tool_use", "server_tool_call", "server_tool_call_chunk", "server_tool_result",
    "mcp_tool_use", "web_search_call", "file_search_call", "code_interpreter_call",
    "computer_call", "image_generation_call", "mcp_call", "mcp_list_tools",
    "mcp_approval_request", "local_shell_call", "custom_tool_call", "executable_code",
    "code_execution_result",
})  # fmt: skip
_TOLD_BESIDE: Final = ("filename", "file_name", "name", "title", "detail", "context")


class Parts:
    """What a message's blocks hold, by what it is."""

    __slots__ = (
        "_kept",
        "_texts",
        "_walk",
        "annotations",
        "calls",
        "found",
        "reasoning",
        "refusal",
        "server_calls",
    )

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._kept: list[Json] = []
        self._texts: list[str] = []
        self.calls: list[Mapping[Any, Any]] = []
        self.server_calls: list[Json] = []
        self.annotations: list[Json] = []
        self.reasoning = ""
        self.refusal = ""
        self.found = False
        """Whether there is more than content."""

    def read(self, content: object) -> None:
        """Sort the blocks of this content."""
        if isinstance(content, list | tuple):
            for block in content:
                self._block(block)
        elif isinstance(content, dict):
            self._block(content)
        elif content is not None:
            self._kept.append(self._walk.value(content))

    def content(self, *, joined: bool) -> Json:
        """The text as one string where that says it all, else the parts in their order.

        Args:
            joined: Whether several texts are one text that came in pieces, as a model's answer
                does;
                a prompt's texts are parts that somebody set apart.
        """
        if len(self._texts) == len(self._kept) and (joined or len(self._texts) < 2):
            return "".join(self._texts)
        return self._kept

    def _block(self, block: object) -> None:
        if isinstance(block, str):
            self._add_text(block)
        elif isinstance(block, dict):
            self._typed(block, block.get("type"))
        else:
            self._kept.append(self._walk.value(block))

    def _typed(self, block: dict[Any, Any], kind: object) -> None:
        if kind in _TEXT or (kind is None and isinstance(block.get("text"), str)):
            self._text(block)
        elif kind in MEDIA:
            self._kept.append(picture(block, self._walk))
        elif kind == "non_standard" and isinstance(block.get("value"), dict):
            self._typed(block["value"], block["value"].get("type"))
        else:
            self._beside(block, kind)

    def _beside(self, block: dict[Any, Any], kind: object) -> None:
        self.found = True
        if kind in _CALLS:
            self.calls.append(block)
        elif kind in _REASONING:
            self.reasoning += reasoning_in(block) or ("" if self.reasoning else HIDDEN_REASONING)
        elif kind == "refusal":
            refusal = self._walk.value(block.get("refusal"))
            self.refusal += refusal if isinstance(refusal, str) else ""
        elif kind in _SERVED or (isinstance(kind, str) and kind.endswith("_tool_result")):
            self.server_calls.append(self._walk.value(block))
        else:
            self._kept.append(self._walk.value(block))

    def _text(self, block: dict[Any, Any]) -> None:
        self._add_text(block.get("text"))
        for name in ("annotations", "citations"):
            cited = block.get(name)
            if isinstance(cited, list | tuple) and cited:
                self.found = True
                self.annotations += self._walk.values(cited)

    def _add_text(self, text: object) -> None:
        shaped = self._walk.value("" if text is None else text)
        if isinstance(shaped, str):
            self._kept.append({"type": "text", "text": shaped})
            self._texts.append(shaped)
        else:
            self._kept.append(shaped)


def reasoning_in(value: Any, deepest: int = 5) -> str:
    """The words in a model's reasoning, however it is wrapped; empty when they are hidden."""
    if isinstance(value, str):
        return value
    if deepest == 0:
        return ""
    if isinstance(value, list | tuple):
        texts = (reasoning_in(item, deepest - 1) for item in value)
        return "\n\n".join(text for text in texts if text)
    if isinstance(value, dict):
        for name in ("reasoning", "thinking", "reasoning_content", "summary", "content", "text"):
            if text := reasoning_in(value.get(name), deepest - 1):
                return text
    return ""


def picture(block: dict[Any, Any], walk: Walk) -> Json:
    """A block of media, told by what it is; a link, or what is to be kept, as it stands."""
    if walk.keep_media:
        return walk.value(block)
    data, mime = _payload(block)
    if data is None:
        return walk.value(block)
    told = (
        media.from_bytes(data, mime) if isinstance(data, bytes) else media.from_base64(data, mime)
    )
    shaped: dict[str, Json] = {**told, "type": walk.value(block["type"])}
    for holder in (block, block.get("file"), block.get("image_url")):
        if isinstance(holder, dict):
            shaped.update({
                name: walk.value(holder[name]) for name in _TOLD_BESIDE if holder.get(name) is not
                    None
            })  # fmt: skip
    return shaped


def _payload(block: dict[Any, Any]) -> tuple[str | bytes | None, str | None]:
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
            if isinstance(data, str) and _carries(name, holder, data):
                return data, mime
    return None, None


def _carries(name: str, holder: dict[Any, Any], data: str) -> bool:
    # Anthropic and LangChain v0 put text, or a link, where the base64 stands otherwise.
    if name in {"url", "image_url"}:
        return media.is_data_url(data)
    declared = holder.get("type" if name == "data" else "", holder.get("source_type"))
    return not (name == "data" and declared in {"text", "url"})
