"""Reads one usage report of any provider into a Usage, by the names in `token_names.py`.

Pure; never raises. Providers leave parts out of a whole, report parts larger than the whole, or
write 0 for what they did not count: the counts are made to agree with each other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from respan_langchain._untyped_values import read_count, read_text
from respan_langchain.usage.token_names import COUNT_NAMES, DETAIL_NAMES, KNOWN_NAMES
from respan_langchain.usage.usage import ZERO_USAGE, Usage

Counts = dict[str, int]
"""Token counts of one report by role: `input`, `output`, `total` and their parts.

`own_input` excludes the cache, and `separate_read` and `separate_write` are not part of it.
"""
_PARTS = (
    "read", "write", "write_5m", "write_1h", "reasoning",
    "audio_input", "audio_output", "image_output",
)  # fmt: skip
_TIERS = ("flex", "priority")


def parse_usage(
    report: object, service_tier: str | None = None, details: object = None
) -> Usage | None:
    """Read one report; None when it counts nothing.

    `details` is a second report of the same call. It fills in parts that the first one lacks, when
    both agree on input and output.

    >>> parse_usage({"prompt_tokens": 12, "completion_tokens": 3}).total_tokens
    15
    """
    fields = _as_snake_case(report)
    if fields.get("total_cost") == 0:
        # BaseChatModel marks an answer from LangChain's cache so, often with nothing else.
        return ZERO_USAGE
    counts, tier = _read_counts(fields)
    if details is not None:
        other, other_tier = _read_counts(_as_snake_case(details))
        tier = tier or other_tier
        _add_missing_parts(counts, other)
    return _reconcile(counts, tier or service_tier)


def parse_normalized_usage(report: object, service_tier: str | None = None) -> Usage | None:
    """Read LangChain's UsageMetadata where its counts agree, as nearly all do; None otherwise.

    Returns what `parse_usage` returns, in a quarter of the time.
    """
    if not isinstance(report, dict) or not report.keys() <= _NORMALIZED_FIELDS:
        return None
    input_tokens, output_tokens = report.get("input_tokens"), report.get("output_tokens")
    if type(input_tokens) is not int or type(output_tokens) is not int:
        return None
    total = input_tokens + output_tokens
    if input_tokens <= 0 or output_tokens < 0 or report.get("total_tokens") != total:
        return None
    inputs = _read_parts(report.get("input_token_details"), _NORMALIZED_INPUTS, input_tokens)
    outputs = _read_parts(report.get("output_token_details"), _NORMALIZED_OUTPUTS, output_tokens)
    if inputs is None or outputs is None:
        return None
    read, write, audio_input = inputs
    reasoning, audio_output = outputs
    if (read or 0) + (write or 0) > input_tokens:
        return None
    return Usage(
        input_tokens, output_tokens, total, read, write, None, None,
        reasoning, audio_input, audio_output, None, service_tier,
    )  # fmt: skip


def _read_parts(details: object, names: tuple[str, ...], whole: int) -> Sequence[int | None] | None:
    """Read the parts of a whole in the order of their names; None where others are there."""
    if not details:
        return [None] * len(names)
    if not isinstance(details, dict) or details.keys() - names:
        return None
    parts: list[int | None] = [details.get(name) for name in names]
    for part in parts:
        if part is not None and not (type(part) is int and 0 <= part <= whole):
            return None
    return parts


_NORMALIZED_FIELDS = {
    "input_tokens", "output_tokens", "total_tokens", "input_token_details", "output_token_details",
}  # fmt: skip
_NORMALIZED_INPUTS = ("cache_read", "cache_creation", "audio")
_NORMALIZED_OUTPUTS = ("reasoning", "audio")


def _as_snake_case(report: object) -> Mapping[str, Any]:
    """Return the report's fields in snake_case; LiteLLM's is an object, Bedrock's in camelCase."""
    if not isinstance(report, dict):
        report = getattr(report, "__dict__", None)
        if not isinstance(report, dict):
            return {}
    if report.keys() <= KNOWN_NAMES:
        return report
    for name in report:
        if not isinstance(name, str) or not name.islower():
            return {_snake_case(name): report[name] for name in report if isinstance(name, str)}
    return report


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _read_counts(fields: Mapping[str, Any]) -> tuple[Counts, str | None]:
    """Read all counts of a report, and the tier where the report names it."""
    counts: Counts = {}
    tier = None
    for name, value in fields.items():
        if (role := COUNT_NAMES.get(name)) is not None:
            _add_count(counts, role, value)
        elif (roles := DETAIL_NAMES.get(name)) is not None:
            tier = _add_details(counts, roles, value) or tier
        elif name == "service_tier":
            tier = read_text(value) or tier
    _add_separate_counts(counts)
    return counts, tier


def _add_count(counts: Counts, role: str, value: object) -> None:
    count = value if type(value) is int and value >= 0 else read_count(value)
    if count is not None:
        counts.setdefault(role, count)


def _add_details(counts: Counts, roles: Mapping[str, str], details: object) -> str | None:
    """Read the parts of a whole, and return the tier that their names carry.

    `priority_cache_read` is `cache_read`; the bare `priority` is a total that repeats others.
    """
    if isinstance(details, list):
        details = _by_modality(details)
    found = None
    for name, value in _as_snake_case(details).items():
        if (role := roles.get(name)) is not None:
            _add_count(counts, role, value)
            continue
        tier, _, part = name.partition("_")
        if tier in _TIERS:
            found = tier
            if (role := roles.get(part)) is not None:
                counts[role] = counts.get(role, 0) + (read_count(value) or 0)
    return found


def _by_modality(details: list[object]) -> dict[str, object]:
    """Read Gemini's list of counts, one for each modality."""
    entries = [_as_snake_case(entry) for entry in details]
    return {str(entry.get("modality")).lower(): entry.get("token_count") for entry in entries}


def _add_separate_counts(counts: Counts) -> None:
    """Include in the wholes what Gemini, Anthropic and Bedrock count separately."""
    if "candidates" in counts:
        counts.setdefault("output", counts["candidates"] + counts.get("reasoning", 0))
    if "tool_prompt" in counts and "input" in counts:
        counts["input"] += counts["tool_prompt"]
    for part in ("read", "write"):
        if (count := counts.get(f"separate_{part}")) is not None:
            counts[part] = count
    _sum_cache_writes(counts)
    if "input" in counts or "own_input" not in counts:
        # LiteLLM writes Anthropic's fields beside `prompt_tokens`, which already includes them.
        return
    counts["input"] = counts["own_input"]
    if "separate_read" in counts or "separate_write" in counts:
        counts["input"] += counts.get("read", 0) + counts.get("write", 0)


def _add_missing_parts(counts: Counts, other: Counts) -> None:
    if all(counts.get(whole) == other.get(whole) for whole in ("input", "output")):
        for part in _PARTS:
            if part in other:
                counts.setdefault(part, other[part])
        _sum_cache_writes(counts)


def _reconcile(counts: Counts, service_tier: str | None) -> Usage | None:
    """Make the counts agree: a whole holds its parts, the total holds both wholes.

    All zeros is how some providers write "not counted" while streaming: no call uses nothing.
    """
    if not (counts.get("input") or counts.get("output") or counts.get("total")):
        return None
    if counts.get("total") != counts.get("input", 0) + counts.get("output", 0):
        _add_omitted_parts(counts)
    _drop_unknown_input(counts)
    input_tokens, output_tokens = counts.get("input"), counts.get("output")
    read = _cap(counts.get("read"), input_tokens)
    write = _cap(counts.get("write"), input_tokens, taken=read)
    write_5m = _cap(counts.get("write_5m"), write)
    return Usage(
        input_tokens,
        output_tokens,
        _total(counts),
        read,
        write,
        write_5m,
        _cap(counts.get("write_1h"), write, taken=write_5m),
        _cap(counts.get("reasoning"), output_tokens),
        _cap(counts.get("audio_input"), input_tokens),
        _cap(counts.get("audio_output"), output_tokens),
        _cap(counts.get("image_output"), output_tokens),
        service_tier,
    )


def _add_omitted_parts(counts: Counts) -> None:
    """Add a part to its whole when the total, or the part's own size, shows that it was left out.

    xAI counts reasoning separately from the output, Mistral audio and some gateways the cache
    separately from the input. A total that is the sum of its wholes is believed instead.
    """
    missing = counts.get("total", 0) - counts.get("input", 0) - counts.get("output", 0)
    reasoning = counts.get("reasoning", 0)
    if _is_omitted(reasoning, counts.get("output"), missing):
        counts["output"] += reasoning
        missing -= reasoning
    for part in (counts.get("read", 0) + counts.get("write", 0), counts.get("audio_input", 0)):
        if _is_omitted(part, counts.get("input"), missing):
            counts["input"] += part
            missing -= part


def _is_omitted(part: int, whole: int | None, missing: int) -> bool:
    return part > 0 and whole is not None and (part > whole or part == missing)


def _drop_unknown_input(counts: Counts) -> None:
    """Forget an input of 0 beside an output: every prompt has tokens, so it was not counted.

    Anthropic-compatible servers that do not repeat the input at the end of a stream give this.
    """
    if counts.get("input") == 0 and counts.get("output"):
        del counts["input"]
        if counts.get("total", 0) <= counts["output"]:
            counts.pop("total", None)


def _total(counts: Mapping[str, int]) -> int | None:
    if "input" not in counts or "output" not in counts:
        return counts.get("total")
    return max(counts.get("total", 0), counts["input"] + counts["output"])


def _cap(part: int | None, whole: int | None, *, taken: int | None = None) -> int | None:
    """Cut a part to what its whole has left."""
    if part is None or whole is None:
        return part
    return min(part, whole - (taken or 0))


def _sum_cache_writes(counts: Counts) -> None:
    """Make the cache writes the sum of those by time to live, where these are larger.

    LangChain sets `cache_creation` to 0 when it gives the split.
    """
    split = counts.get("write_5m", 0) + counts.get("write_1h", 0)
    if split:
        counts["write"] = max(counts.get("write", 0), split)
