"""Token usage as a value: what one model call used, and how calls add up.

Pure. Everything here keeps one rule: unknown is None, zero is zero.
"""

from typing import NamedTuple


class Usage(NamedTuple):
    """Tokens of one call, or of many added up; None is unknown.

    `input_tokens` includes what was read from and written to a prompt cache, `output_tokens`
    includes reasoning, and the parts never exceed the whole.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    """All writes, whatever their time to live."""
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_input_tokens: int | None = None
    audio_output_tokens: int | None = None
    image_output_tokens: int | None = None
    service_tier: str | None = None
    """The tier that served the call (`default`, `flex`, ...), as the provider calls it."""
    cache_hit: bool = False
    """Answered by LangChain's own LLM cache: no model was called, so the counts are 0."""

    @property
    def has_parts(self) -> bool:
        """Whether a part of the input or the output is known, such as cached or audio tokens."""
        return self[3:11] != _NO_PARTS

    def __add__(self, other: "Usage") -> "Usage":  # type: ignore[override]  # of no two tuples
        """Add count by count: None + 3 is 3, None + None is None."""
        counts = [
            theirs if ours is None else ours + (theirs or 0)
            for ours, theirs in zip(self[:-2], other[:-2], strict=True)
        ]
        tier = _common_tier(self.service_tier, other.service_tier)
        return Usage._make((*counts, tier, self.cache_hit and other.cache_hit))


_NO_PARTS = (None,) * 8
ZERO_USAGE = Usage(input_tokens=0, output_tokens=0, total_tokens=0, cache_hit=True)
"""The usage of a hit in LangChain's cache; the call that filled the cache was counted before."""


def _common_tier(one: str | None, other: str | None) -> str | None:
    if one is None or one == other:
        return other
    return one if other is None else None
