"""Prices that genai-prices lists wrongly, each with its source.

Pure data. A correction applies from its date on, and only while the library's list still has the
price that it replaces: once the library changes that price, the correction no longer applies. A
test fails when a correction has become useless, so that it is deleted.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple


class Tier(NamedTuple):
    """The price of all tokens of a call whose input is larger than `start`."""

    start: int
    price: Decimal


class TieredPrice(NamedTuple):
    """A price that depends on the size of the input, as genai-prices models it."""

    base: Decimal
    tiers: tuple[Tier, ...]


Price = Decimal | TieredPrice


@dataclass(frozen=True, slots=True)
class Correction:
    """The true prices of a model from a day on."""

    provider: str
    """As genai-prices calls it."""
    name: str
    """The model's id in the list, or another name under which it is called."""
    since: date
    replaces: frozenset[str]
    """Input prices in the library's list that are known to be wrong."""
    prices: Mapping[str, Price]
    """By the library's price keys."""
    source: str
    """Where the price is published, and when that was read."""
    context: tuple[str, str] | None = None
    """What must hold of the call, such as a size of its web search."""


def _per_million(input_price: str, cache_read: str, output: str) -> dict[str, Price]:
    return {
        "input_mtok": Decimal(input_price),
        "cache_read_mtok": Decimal(cache_read),
        "output_mtok": Decimal(output),
    }


def _above_200k(base: str, above: str) -> TieredPrice:
    return TieredPrice(Decimal(base), (Tier(200_000, Decimal(above)),))


_PERPLEXITY = "https://docs.perplexity.ai/getting-started/pricing (request fee), 2026-11-26"
_SONNET = "https://platform.claude.com/docs/en/about-claude/pricing, 2026-11-26"
_V3_2 = "V3.2, the same by day and night. https://api-docs.deepseek.com/news/news250929, 2026-11-26"
_V4_FLASH = "Alias of V4 Flash. https://api-docs.deepseek.com/quick_start/pricing, 2026-11-26"

CORRECTIONS = (
    Correction(
        "mistral", "mistral-large-latest", date(2025, 12, 2), frozenset({"2"}),
        _per_million("0.5", "0.05", "1.5"),
        "Mistral Large 3. https://docs.mistral.ai/models/mistral-large-3-25-12, 2026-11-26",
    ),
    *(
        Correction("deepseek", name, since, frozenset({"0.135", listed}), prices, source)
        for name, listed in (("deepseek-chat", "0.27"), ("deepseek-reasoner", "0.55"))
        for since, prices, source in (
            (date(2025, 9, 29), _per_million("0.28", "0.028", "0.42"), _V3_2),
            (date(2026, 4, 24), _per_million("0.14", "0.0028", "0.28"), _V4_FLASH),
        )
    ),
    Correction(
        "anthropic", "claude-sonnet-4-0", date(2025, 8, 12), frozenset({"3"}),
        {
            "input_mtok": _above_200k("3", "6"),
            "cache_read_mtok": _above_200k("0.3", "0.6"),
            "cache_write_mtok": _above_200k("3.75", "7.5"),
            "cache_write_1h_mtok": _above_200k("6", "12"),
            "output_mtok": _above_200k("15", "22.5"),
        },
        _SONNET,
    ),
    *(
        Correction(
            "perplexity", name, date(2025, 3, 1), frozenset({listed}),
            {"requests_kcount": Decimal(fee)}, _PERPLEXITY, ("search_context_size", size),
        )
        for name, listed, fees in (
            ("sonar", "1", ("5", "8", "12")),
            ("sonar-pro", "3", ("6", "10", "14")),
            ("sonar-reasoning", "1", ("5", "8", "12")),
            ("sonar-reasoning-pro", "2", ("6", "10", "14")),
        )
        for size, fee in zip(("low", "medium", "high"), fees, strict=True)
    ),
)  # fmt: skip


def find_correction(
    provider: str, names: Collection[str], context: Mapping[str, str], day: date, listed: object
) -> Correction | None:
    """Find the correction of a model at a day, given the input price that the library lists."""
    fitting = [
        each
        for each in CORRECTIONS
        if each.provider == provider
        and each.name in names
        and each.since <= day
        and str(listed) in each.replaces
        and (each.context is None or each.context in context.items())
    ]
    return max(fitting, key=lambda each: each.since, default=None)
