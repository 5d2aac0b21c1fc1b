"""Makes the counts of a usage report agree with each other.

Pure. Providers leave parts out of a whole, report parts larger than the whole, or write 0 for what
they did not count.
"""

from collections.abc import Mapping

from respan_langchain.usage.usage import Usage

Counts = dict[str, int]
"""Token counts of one report by role: `input`, `output`, `total` and their parts.

`own_input` excludes the cache, and `separate_read` and `separate_write` are not part of it.
"""


def reconcile(counts: Counts, service_tier: str | None) -> Usage | None:
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


def sum_cache_writes(counts: Counts) -> None:
    """Make the cache writes the sum of those by time to live, where these are larger.

    LangChain sets `cache_creation` to 0 when it gives the split.
    """
    split = counts.get("write_5m", 0) + counts.get("write_1h", 0)
    if split:
        counts["write"] = max(counts.get("write", 0), split)
