"""One usage report, in whatever words a provider writes it, as a Usage.

Pure and total. The words are tables, not branches: providers differ in names and in what they count
as included, and a proxy may mix them. `settled` then holds what must be true of any Usage.
"""

import math
from collections.abc import Mapping
from typing import Any

from respan_langchain.usage.usage import ZERO_USAGE, Usage

_COUNT_FIELDS = {
    # LangChain's UsageMetadata, Anthropic, OpenAI's responses; Bedrock once its case is changed
    "input_tokens": "own_input",
    "output_tokens": "output",
    "total_tokens": "total",
    "input_token_count": "own_input",
    "output_token_count": "output",
    # OpenAI's chat completions, and all who follow them
    "prompt_tokens": "input",
    "completion_tokens": "output",
    "reasoning_tokens": "reasoning",
    "cached_tokens": "read",
    "prompt_cache_hit_tokens": "read",
    # Gemini
    "prompt_token_count": "input",
    "tool_use_prompt_token_count": "tool_prompt",
    "candidates_token_count": "candidates",
    "thoughts_token_count": "reasoning",
    "cached_content_token_count": "read",
    "total_token_count": "total",
    # Ollama, IBM
    "prompt_eval_count": "input",
    "eval_count": "output",
    "generated_token_count": "output",
    # Anthropic and Bedrock, beside the input
    "cache_read_input_tokens": "beside_read",
    "cache_read_input_token_count": "beside_read",
    "cache_creation_input_tokens": "beside_write",
    "cache_write_input_tokens": "beside_write",
    "cache_write_input_token_count": "beside_write",
}
_INPUT_DETAIL_FIELDS = {
    "cache_read": "read",
    "cached_tokens": "read",
    "cache_creation": "write",
    "cache_creation_tokens": "write",
    "cache_write_tokens": "write",
    "ephemeral_5m_input_tokens": "write_5m",
    "ephemeral_1h_input_tokens": "write_1h",
    "audio": "audio_input",
    "audio_tokens": "audio_input",
}
_OUTPUT_DETAIL_FIELDS = {
    "reasoning": "reasoning",
    "reasoning_tokens": "reasoning",
    "audio": "audio_output",
    "audio_tokens": "audio_output",
}
_DETAIL_FIELDS = {
    "input_token_details": _INPUT_DETAIL_FIELDS,
    "input_tokens_details": _INPUT_DETAIL_FIELDS,
    "prompt_tokens_details": _INPUT_DETAIL_FIELDS,
    "output_token_details": _OUTPUT_DETAIL_FIELDS,
    "output_tokens_details": _OUTPUT_DETAIL_FIELDS,
    "completion_tokens_details": _OUTPUT_DETAIL_FIELDS,
    # Anthropic's split by time to live
    "cache_creation": _INPUT_DETAIL_FIELDS,
}
_TIERS = ("flex", "priority")
_SNAKE_CASE_FIELDS = (
    _COUNT_FIELDS.keys()
    | _DETAIL_FIELDS.keys()
    | _INPUT_DETAIL_FIELDS.keys()
    | _OUTPUT_DETAIL_FIELDS.keys()
)


def parse_usage(report: object, service_tier: str | None = None) -> Usage | None:
    """Read one report; None when it counts nothing.

    >>> parse_usage({"prompt_tokens": 12, "completion_tokens": 3}).total_tokens
    15
    """
    words = _as_snake_case(report)
    if not words:
        return None
    if words.get("total_cost") == 0:
        # So BaseChatModel marks an answer from LangChain's cache, often with nothing else.
        return ZERO_USAGE
    seen: dict[str, int] = {}
    for word, value in words.items():
        if (role := _COUNT_FIELDS.get(word)) is not None:
            _add_count(seen, role, value)
        elif (detail := _DETAIL_FIELDS.get(word)) is not None:
            service_tier = _add_details(seen, detail, value) or service_tier
        elif word == "service_tier" and isinstance(value, str):
            service_tier = value
    _add_separate_counts(seen)
    return reconcile(seen, service_tier)


def parse_normalized_usage(report: object, service_tier: str | None = None) -> Usage | None:
    """Read LangChain's UsageMetadata where its counts agree, as nearly all do; None otherwise.

    Says what `parse_usage` would say, in a quarter of the time.
    """
    if not isinstance(report, dict) or not report.keys() <= _NORMALISED:
        return None
    inside: object = report.get("input_token_details") or _NO_DETAILS
    outside: object = report.get("output_token_details") or _NO_DETAILS
    if not isinstance(inside, dict) or not isinstance(outside, dict):
        return None
    if not (inside.keys() <= _PARTS_OF_INPUT and outside.keys() <= _PARTS_OF_OUTPUT):
        return None
    put_in: Any = report.get("input_tokens")
    put_out: Any = report.get("output_tokens")
    total = report.get("total_tokens")
    read, written = inside.get("cache_read"), inside.get("cache_creation")
    heard = inside.get("audio")
    thought, spoken = outside.get("reasoning"), outside.get("audio")
    if not (_is_count(put_in) and _is_count(put_out) and total == put_in + put_out > 0):
        return None
    if not (_is_part(heard, put_in) and _is_part(read, put_in)):
        return None
    if written is not None and not _is_part(written, put_in - (read or 0)):
        return None
    if not (_is_part(thought, put_out) and _is_part(spoken, put_out)):
        return None
    return Usage(
        put_in, put_out, total, read, written, None, None, thought, heard, spoken, service_tier
    )


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_part(value: object, whole: int) -> bool:
    return value is None or (type(value) is int and 0 <= value <= whole)


_NO_DETAILS: Mapping[str, Any] = {}
_NORMALISED = {
    "input_tokens", "output_tokens", "total_tokens", "input_token_details", "output_token_details",
}  # fmt: skip
_PARTS_OF_INPUT = {"cache_read", "cache_creation", "audio"}
_PARTS_OF_OUTPUT = {"reasoning", "audio"}


def parse_count(value: object) -> int | None:
    """Read a count: an int, a float (Cohere), or a list of them (merged chunks of Bedrock)."""
    if isinstance(value, int):
        return value if value >= 0 and not isinstance(value, bool) else None
    if isinstance(value, float):
        return round(value) if math.isfinite(value) and value >= 0 else None
    if isinstance(value, list):
        parts = [parse_count(part) for part in value if isinstance(part, int | float)]
        known = [part for part in parts if part is not None]
        return sum(known) if known else None
    return None


def reconcile(seen: dict[str, int], service_tier: str | None = None) -> Usage | None:
    """Make the counts agree: the whole holds its parts, the total holds both wholes.

    All zeros is how some providers write 'not counted' while streaming: no call uses nothing.
    """
    if not (seen.get("input") or seen.get("output") or seen.get("total")):
        return None
    _sum_cache_writes(seen)
    _add_omitted_parts(seen)
    put_in, put_out = seen.get("input"), seen.get("output")
    return Usage(
        put_in,
        put_out,
        _total(seen),
        seen.get("read"),
        seen.get("write"),
        seen.get("write_5m"),
        seen.get("write_1h"),
        seen.get("reasoning"),
        _cap(seen.get("audio_input"), put_in),
        _cap(seen.get("audio_output"), put_out),
        service_tier,
    )


def _as_snake_case(report: object) -> Mapping[str, Any]:
    """The report by snake_case words; LiteLLM's is an object, Bedrock's is in camelCase."""
    if not isinstance(report, dict):
        report = getattr(report, "__dict__", None)
        if not isinstance(report, dict):
            return {}
    if report.keys() <= _SNAKE_CASE_FIELDS:
        return report
    for name in report:
        if not isinstance(name, str) or not name.islower():
            return {_snake_case(name): report[name] for name in report if isinstance(name, str)}
    return report


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _add_count(seen: dict[str, int], role: str, value: object) -> None:
    count = value if type(value) is int and value >= 0 else parse_count(value)
    if count is not None:
        seen.setdefault(role, count)


def _add_details(seen: dict[str, int], roles: Mapping[str, str], details: object) -> str | None:
    """Read the parts of a whole; a tier that its names carry is returned, and folded.

    `priority_cache_read` is `cache_read`; the bare `priority` is a total that repeats others.
    """
    found = None
    for word, value in _as_snake_case(details).items():
        if (role := roles.get(word)) is not None:
            _add_count(seen, role, value)
            continue
        tier, _, part = word.partition("_")
        if tier in _TIERS:
            found = tier
            if (role := roles.get(part)) is not None:
                seen[role] = seen.get(role, 0) + (parse_count(value) or 0)
    return found


def _add_separate_counts(seen: dict[str, int]) -> None:
    """Bring together what Gemini, Anthropic and Bedrock count beside the rest."""
    if "candidates" in seen:
        seen.setdefault("output", seen["candidates"] + seen.get("reasoning", 0))
    if "tool_prompt" in seen and "input" in seen:
        seen["input"] += seen["tool_prompt"]
    for part in ("read", "write"):
        if (count := seen.get(f"beside_{part}")) is not None:
            seen[part] = count
    if "input" in seen or "own_input" not in seen:
        # LiteLLM writes Anthropic's words beside `prompt_tokens`, which already includes them.
        return
    seen["input"] = seen["own_input"]
    if "beside_read" in seen or "beside_write" in seen:
        _sum_cache_writes(seen)
        seen["input"] += seen.get("read", 0) + seen.get("write", 0)


def _sum_cache_writes(seen: dict[str, int]) -> None:
    # LangChain sets cache_creation to 0 when it gives the split, so the larger one is the truth.
    split = seen.get("write_5m", 0) + seen.get("write_1h", 0)
    if split:
        seen["write"] = max(seen.get("write", 0), split)


def _add_omitted_parts(seen: dict[str, int]) -> None:
    """Add a part to its whole when the total, or the part's own size, shows that it was left out.

    xAI counts reasoning beside the output, and some gateways count the cache beside the input.
    """
    missing = seen.get("total", 0) - seen.get("input", 0) - seen.get("output", 0)
    thought = seen.get("reasoning", 0)
    if thought and "output" in seen and (thought > seen["output"] or thought == missing):
        seen["output"] += thought
        missing -= thought
    cached = seen.get("read", 0) + seen.get("write", 0)
    if cached and "input" in seen and (cached > seen["input"] or cached == missing):
        seen["input"] += cached


def _total(seen: Mapping[str, int]) -> int | None:
    if "input" not in seen or "output" not in seen:
        return seen.get("total")
    return max(seen.get("total", 0), seen["input"] + seen["output"])


def _cap(part: int | None, whole: int | None) -> int | None:
    return part if part is None or whole is None else min(part, whole)
