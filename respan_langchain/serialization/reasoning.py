"""A model's reasoning, in any of the places where LangChain's packages put it."""

from collections.abc import Mapping
from typing import Any, Final

ENCRYPTED: Final = "[encrypted]"
"""Stands for reasoning that the provider sends only in encrypted form."""
MAX_NESTING: Final = 5
_IN_BLOCK: Final = (
    "reasoning", "thinking", "reasoning_content", "summary", "content", "text", "thought", "extras",
)  # fmt: skip
_IN_TEXT_BLOCK: Final = ("reasoning", "thinking", "reasoning_content")
_IN_KWARGS: Final = (
    "reasoning_content", "reasoning", "reasoning_details", "thinking", "reasoning_steps",
)  # fmt: skip
_CIPHERTEXT: Final = (
    "encrypted_content", "redacted_content", "redactedContent", "signature", "data",
)  # fmt: skip


def extract_reasoning(value: Any, nesting: int = MAX_NESTING) -> str:
    """Return the text of a reasoning block, however it is nested; empty if it has none."""
    if isinstance(value, str):
        return value
    if nesting == 0:
        return ""
    if isinstance(value, list | tuple):
        texts = (extract_reasoning(inner, nesting - 1) for inner in value)
        return "\n\n".join(text for text in texts if text)
    if isinstance(value, dict):
        texts = (extract_reasoning(value.get(name), nesting - 1) for name in _IN_BLOCK)
        return next((text for text in texts if text), "")
    return ""


def reasoning_of_text(block: Mapping[Any, Any]) -> str:
    """Return the reasoning that a text block carries beside its text; mostly empty."""
    extras = block.get("extras")
    holders = (block, extras) if isinstance(extras, dict) else (block,)
    texts = (extract_reasoning(holder.get(name)) for holder in holders for name in _IN_TEXT_BLOCK)
    return next((text for text in texts if text), "")


def reasoning_of_kwargs(kwargs: Mapping[Any, Any]) -> str:
    """Return the reasoning in a message's `additional_kwargs`; `[encrypted]` if it is encrypted."""
    values = [kwargs[name] for name in _IN_KWARGS if kwargs.get(name)]
    text = next(filter(None, map(extract_reasoning, values)), "")
    return text or (ENCRYPTED if any(map(is_encrypted, values)) else "")


def is_encrypted(value: Any, nesting: int = MAX_NESTING) -> bool:
    """Whether a reasoning block holds ciphertext."""
    if nesting == 0:
        return False
    if isinstance(value, list | tuple):
        return any(is_encrypted(inner, nesting - 1) for inner in value)
    if not isinstance(value, dict):
        return False
    inner = (value.get("extras"), value.get("reasoning_content"))
    return any(value.get(name) for name in _CIPHERTEXT) or is_encrypted(inner, nesting - 1)
