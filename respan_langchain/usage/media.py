"""Finds the kinds of media in a prompt and an answer, since some have other prices per token.

Pure; never raises. Reads LangChain's and the providers' content blocks by their type.
"""

from collections.abc import Collection, Mapping
from typing import Any

from respan_langchain._untyped_values import as_mapping

_KIND_BY_TYPE = {
    "image": "image",
    "image_url": "image",
    "input_image": "image",
    "audio": "audio",
    "input_audio": "audio",
    "video": "video",
    "video_url": "video",
}
_INPUTS = {"image_input", "audio_input", "video_input"}
_MIME_KEYS = ("mime_type", "mimeType", "media_type")


def contains_media(prompt: object, answer: object, kinds: Collection[str]) -> bool:
    """Whether prompt or answer contain one of these kinds of tokens, such as `audio_input`."""
    if any(f"{kind}_output" in kinds for kind in _kinds_in(answer)):
        return True
    if not isinstance(prompt, list) or _INPUTS.isdisjoint(kinds):
        return False
    return any(f"{kind}_input" in kinds for message in prompt for kind in _kinds_in(message))


def _kinds_in(message: object) -> set[str]:
    content = getattr(message, "content", None)
    blocks = content if isinstance(content, list) else ()
    kinds = {kind for block in blocks if isinstance(block, dict) and (kind := _kind(block))}
    if "video" in kinds or "audio" in as_mapping(getattr(message, "additional_kwargs", None)):
        kinds.add("audio")  # of a video: its sound track
    return kinds


def _kind(block: Mapping[str, Any]) -> str | None:
    for key in _MIME_KEYS:
        major = str(block.get(key)).partition("/")[0]
        if major in ("image", "audio", "video"):
            return major
    return _KIND_BY_TYPE.get(str(block.get("type")))
