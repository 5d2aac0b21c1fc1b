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
    answered = _kinds_in(answer)
    if answered and any(f"{kind}_output" in kinds for kind in answered):
        return True
    if not isinstance(prompt, list) or _INPUTS.isdisjoint(kinds):
        return False
    return any(f"{kind}_input" in kinds for message in prompt for kind in _kinds_in(message))


def _kinds_in(message: object) -> Collection[str]:
    content = getattr(message, "content", None)
    extra = as_mapping(getattr(message, "additional_kwargs", None))
    if not isinstance(content, list):
        return ("audio",) if "audio" in extra else ()
    kinds = {kind for block in content if isinstance(block, dict) and (kind := _kind(block))}
    if "video" in kinds or "audio" in extra:
        kinds.add("audio")  # of a video: its sound track
    return kinds


def _kind(block: Mapping[str, Any]) -> str | None:
    for key in _MIME_KEYS:
        major = str(block.get(key)).partition("/")[0]
        if major in ("image", "audio", "video"):
            return major
    return _KIND_BY_TYPE.get(str(block.get("type")))
