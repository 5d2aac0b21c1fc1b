"""Why a model stopped, and whether it refused, for every API that LangChain speaks.

Pure; never raises.
"""

from collections.abc import Mapping

from respan_langchain._untyped_values import as_mapping, first_text, read_text

_REASON_KEYS = ("finish_reason", "stop_reason", "stopReason", "done_reason", "completionReason")
"""OpenAI, Gemini, Mistral and Cohere; Anthropic; Bedrock Converse; Ollama; Titan."""
_REFUSALS = {
    "refusal", "content_filter", "content_filtered", "guardrail_intervened", "safety",
    "prohibited_content", "blocklist", "spii", "image_safety", "image_prohibited_content",
    "error_toxic",
}  # fmt: skip
"""Finish reasons, in lower case, with which a provider withholds an answer."""


def read_finish_reason(reported: Mapping[str, object]) -> str | None:
    """Read the finish reason, in the provider's words.

    OpenAI's Responses API has a status in its place (`completed`, `incomplete`, `queued`, ...), and
    the reason of an incomplete answer beside it.
    """
    return (
        first_text(reported, _REASON_KEYS)
        or read_text(as_mapping(reported.get("incomplete_details")).get("reason"))
        or read_text(reported.get("status"))
    )


def is_refused(message: object, reported: Mapping[str, object], reason: str | None) -> bool:
    """Whether the model or its provider declined to answer."""
    if reason is not None and reason.lower() in _REFUSALS:
        return True
    feedback = reported.get("prompt_feedback")
    if feedback is not None and as_mapping(feedback).get("block_reason"):
        return True
    if as_mapping(getattr(message, "additional_kwargs", None)).get("refusal"):
        return True
    content = getattr(message, "content", None)
    return isinstance(content, list) and any(
        as_mapping(block).get("type") == "refusal" for block in content
    )
