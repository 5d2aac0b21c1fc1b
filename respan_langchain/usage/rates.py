"""What a model charges, and the arithmetic that turns a usage into USD.

Pure. `genai_prices.types.ModelPrice.calc_price` does the same arithmetic, but validates its units
at every call: it takes 570 us where this takes 20 (measured with gpt-4o, a cached prompt), which is
more than everything else a row costs. A test holds both equal over the library's whole list.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from respan_langchain.usage.usage import Usage

_NOTHING = Decimal(0)
_PER_MILLION = Decimal(1_000_000)
_WIDER_KINDS: dict[str, tuple[str, ...]] = {
    "input": (),
    "output": (),
    "cache_read": ("input",),
    "cache_write": ("input",),
    "cache_write_5m": ("cache_write", "input"),
    "cache_write_1h": ("cache_write", "input"),
    "audio_input": ("input",),
    "image_input": ("input",),
    "video_input": ("input",),
    "reasoning": ("output",),
    "audio_output": ("output",),
    "image_output": ("output",),
    "video_output": ("output",),
}

_MEDIA_KINDS = (
    "audio_input", "image_input", "video_input", "audio_output", "image_output", "video_output",
)  # fmt: skip


class Amount(NamedTuple):
    """A sum of money in USD."""

    usd: Decimal
    is_complete: bool
    """False: something that was used has no price, or is not known to have been used."""


class Consumption(NamedTuple):
    """All that a provider may charge for in one call."""

    usage: Usage
    tools: Mapping[str, int | None] = {}
    """Uses of the provider's own tools; None: used, but how often is unknown."""
    find_media: Callable[[Collection[str]], bool] | None = None
    """Whether prompt or answer contain one of these kinds of tokens, such as `audio_input`."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices of one model at one time; a kind without a price is paid as the wider one it is in."""

    per_million: Mapping[str, Decimal]
    """USD per million tokens, by kind."""
    per_use: Mapping[str, Decimal] = field(default_factory=dict)
    """USD for each use of a provider's tool; `request` is charged once a call."""
    guessed_kinds: frozenset[str] = frozenset()
    """Kinds that the wider kind's price may not hold for."""
    _per_token: Mapping[str, Decimal] = field(init=False)
    _guessed: frozenset[str] = field(init=False)
    _dearer_media: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Compute the values that all calls share."""
        rates = {kind: rate for kind in _WIDER_KINDS if (rate := self._find(kind)) is not None}
        per_token = {kind: rate / _PER_MILLION for kind, rate in rates.items()}
        dearer = tuple(kind for kind in _MEDIA_KINDS if self._differs_from_text(kind))
        object.__setattr__(self, "_per_token", per_token)
        object.__setattr__(self, "_guessed", self.guessed_kinds - self.per_million.keys())
        object.__setattr__(self, "_dearer_media", dearer)

    def calculate(self, consumed: Consumption) -> Amount:
        """Price everything that was consumed."""
        usd = self.per_use.get("request", _NOTHING)
        is_complete = _is_counted(consumed.usage) and not self._hides_media(consumed)
        for kind, count in _split(consumed.usage):
            if not count:
                continue
            rate = self._per_token.get(kind)
            if rate is not None:
                usd += rate * count
            if rate is None or kind in self._guessed:
                is_complete = False
        for tool, uses in consumed.tools.items():
            fee = self.per_use.get(tool)
            if fee is not None and uses is not None:
                usd += fee * uses
            elif uses != 0:
                is_complete = False
        return Amount(usd, is_complete)

    def _hides_media(self, consumed: Consumption) -> bool:
        """Whether tokens of another price than text's were used without being counted."""
        find, usage = consumed.find_media, consumed.usage
        if find is None or not find(self._dearer_media):
            return False
        uncounted = [
            kind for kind in self._dearer_media if getattr(usage, f"{kind}_tokens", None) is None
        ]
        return bool(uncounted) and find(uncounted)

    def _find(self, kind: str) -> Decimal | None:
        for name in (kind, *_WIDER_KINDS[kind]):
            if (rate := self.per_million.get(name)) is not None:
                return rate
        return None

    def _differs_from_text(self, kind: str) -> bool:
        if kind in self.per_million:
            return self.per_million[kind] != self._find(_WIDER_KINDS[kind][-1])
        return kind in self.guessed_kinds and kind.endswith("_output")


def _is_counted(usage: Usage) -> bool:
    """Whether input and output are known, and add up to the total."""
    if usage.input_tokens is None or usage.output_tokens is None:
        return False
    return usage.total_tokens in (None, usage.input_tokens + usage.output_tokens)


def _split(usage: Usage) -> list[tuple[str, int]]:
    """Cut a usage into parts that do not overlap; audio in the cache counts as cached text."""
    if not usage.has_parts:
        return [("input", max(usage.input_tokens or 0, 0)), ("output", usage.output_tokens or 0)]
    read, write = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
    uncached = max((usage.input_tokens or 0) - read - write, 0)
    audio_input = min(usage.audio_input_tokens or 0, uncached)
    parts = [("input", uncached - audio_input), ("cache_read", read)]
    if write:
        write_5m, write_1h = usage.cache_write_5m_tokens or 0, usage.cache_write_1h_tokens or 0
        rest = max(write - write_5m - write_1h, 0)
        parts += [("cache_write_5m", write_5m), ("cache_write_1h", write_1h), ("cache_write", rest)]
    parts.append(("audio_input", audio_input))
    text = usage.output_tokens or 0
    for kind, count in (
        ("audio_output", usage.audio_output_tokens),
        ("image_output", usage.image_output_tokens),
        ("reasoning", usage.reasoning_tokens),
    ):
        if count:
            part = min(count, text)
            parts.append((kind, part))
            text -= part
    parts.append(("output", text))
    return parts
