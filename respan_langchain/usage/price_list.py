"""What a call costs by the prices of genai-prices, for a model that `model_lookup.py` finds.

Pure, and the only module that imports genai-prices, when the first price is asked for. The list is
corrected by `price_corrections.py`; the arithmetic is in `rates.py`.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from respan_langchain.usage.model_info import ModelInfo
from respan_langchain.usage.model_lookup import PricedModel, find_first_model
from respan_langchain.usage.price_corrections import Correction, find_correction
from respan_langchain.usage.rates import Consumption, Rates
from respan_langchain.usage.tool_fees import TOOL_FEES

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot

_MAX_LOOKUPS = 4_096
_KINDS = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_reasoning_mtok": "reasoning",
    "input_audio_mtok": "audio_input",
    "output_audio_mtok": "audio_output",
    "input_image_mtok": "image_input",
    "output_image_mtok": "image_output",
    "input_video_mtok": "video_input",
    "output_video_mtok": "video_output",
}
_TOOLS = {
    "requests_kcount": "request",
    "web_searches_kcount": "web_search",
    "storage_searches_kcount": "file_search",
    "output_citation_mtok": "citation_token",
}
_OUTPUT_MEDIA = frozenset({"image_output", "video_output"})
_MEDIA = _OUTPUT_MEDIA | {"audio_input", "audio_output"}


class ListPrice(NamedTuple):
    """What a call costs by the list, and how certain that is."""

    amount: Decimal
    is_certain: bool
    is_complete: bool
    """False: something that was used has no price, or is not known to have been used."""


_STANDARD_TIERS = {"default", "standard", "on_demand", "standard_only"}
_TIERS_AT_STANDARD_PRICE = {("groq", "flex"), ("groq", "auto")}
"""Source: https://console.groq.com/docs/flex-processing, read 2026-11-27."""


class PriceList:
    """genai-prices' list, with a cache of the models that were looked up in it."""

    def __init__(self) -> None:
        self._snapshot: DataSnapshot | None = None
        self._get_snapshot: Callable[[], DataSnapshot] | None = None
        self._find: Callable[..., PricedModel | None]

    def calculate(self, consumed: Consumption, info: ModelInfo, at: datetime) -> ListPrice | None:
        """Price a call at a time; None when no provider is known to sell the model."""
        priced = self.find_model(info)
        if priced is None:
            return None
        tier = consumed.usage.service_tier or info.service_tier
        if (priced.provider.id, tier) in _TIERS_AT_STANDARD_PRICE:
            tier = None
        return calculate_price(consumed, priced, _full_context(info, tier), at)

    def find_model(self, info: ModelInfo) -> PricedModel | None:
        """Find the model in the list of its provider; None is cached as well."""
        if self._get_snapshot is None:
            from genai_prices.data_snapshot import get_snapshot

            self._get_snapshot = get_snapshot
        snapshot = self._get_snapshot()
        if snapshot is not self._snapshot:
            self._snapshot = snapshot
            self._find = lru_cache(maxsize=_MAX_LOOKUPS)(partial(find_first_model, snapshot))
        return self._find(info.provider, info.served, info.requested, info.endpoint)


def _full_context(info: ModelInfo, tier: str | None) -> Mapping[str, str]:
    """Add the service tier to what else the price depends on, in the list's terms."""
    if tier is None or tier in _STANDARD_TIERS:
        return info.price_context
    tiers = {"processing": "batch"} if tier == "batch" else {"service_tier": tier}
    return {**info.price_context, **tiers}


def calculate_price(
    consumed: Consumption, priced: PricedModel, context: Mapping[str, str], at: datetime
) -> ListPrice | None:
    """Price a call by one model's list; None when the list has no price of tokens."""
    # No price changes within a minute, so the calls of a minute share their rates.
    minute = int(at.timestamp()) // 60
    step = bisect_left(priced.steps, consumed.usage.input_tokens or 0)
    rates, is_exact = _rates_at(priced, tuple(context.items()), minute, step)
    if "input" not in rates.per_million and "output" not in rates.per_million:
        is_free = ":free" in priced.model.id
        return ListPrice(Decimal(0), priced.is_certain, is_complete=True) if is_free else None
    amount = rates.calculate(consumed)
    is_complete = amount.is_complete and is_exact and _covers_size(priced, consumed, step)
    return ListPrice(amount.usd, priced.is_certain and is_exact, is_complete)


def _covers_size(priced: PricedModel, consumed: Consumption, step: int) -> bool:
    """Whether the listed prices are known to hold for an input of this size.

    A provider's own tools make several requests of one call; only their sum is reported, and a step
    holds for each by itself. A prompt beyond the listed context window has a price of its own that
    the list lacks, such as that of Sonnet 4.5 on Bedrock above 200,000 tokens.
    """
    if consumed.tools:
        return not step
    window = priced.model.context_window
    return bool(step) or window is None or (consumed.usage.input_tokens or 0) <= window


@lru_cache(maxsize=1024)
def _rates_at(
    priced: PricedModel, context: tuple[tuple[str, str], ...], minute: int, step: int
) -> tuple[Rates, bool]:
    """Return the rates of a minute since 1970, and whether they hold for all of the context.

    `step` counts the sizes at which prices change that the input has passed.
    """
    at = datetime.fromtimestamp(minute * 60, UTC)
    prices, is_exact = _prices_at(priced, dict(context), at)
    passed = priced.steps[step - 1] + 1 if step else 0
    return _build_rates(priced, prices, passed), is_exact


def _prices_at(
    priced: PricedModel, context: Mapping[str, str], at: datetime
) -> tuple[Mapping[str, Any], bool]:
    """Return the prices that hold at a time, and whether they hold for all of the context."""
    listed = context if context and priced.is_own else None
    prices = priced.model.get_prices(at, listed).__dict__
    names = (priced.name, priced.model.id)
    correction = find_correction(
        priced.provider.id, names, context, at.date(), prices.get("input_mtok")
    )
    if correction is not None:
        prices = {**prices, **correction.prices}
    return prices, not context or _is_priced(context, priced, correction)


def _is_priced(
    context: Mapping[str, str], priced: PricedModel, correction: Correction | None
) -> bool:
    variants = (priced.model.price_variants or ()) if priced.is_own else ()
    known = {item for variant in variants for item in variant.when.items()}
    if correction is not None and correction.context is not None:
        known.add(correction.context)
    return context.items() <= known


def _build_rates(priced: PricedModel, prices: Mapping[str, Any], input_tokens: int) -> Rates:
    per_million = {
        kind: _at_size(prices[key], input_tokens)
        for key, kind in _KINDS.items()
        if prices.get(key) is not None
    }
    fees = {
        tool: _at_size(prices[key], input_tokens) / (1_000_000 if key.endswith("_mtok") else 1_000)
        for key, tool in _TOOLS.items()
        if prices.get(key) is not None
    }
    # Only Google sells audio at the price of text; elsewhere the audio's price is missing.
    guessed = _OUTPUT_MEDIA if priced.provider.id == "google" else _MEDIA
    if not priced.is_own:
        fees = {tool: fee for tool, fee in fees.items() if tool == "request"}
    return Rates(per_million, {**TOOL_FEES.get(priced.provider.id, {}), **fees}, guessed)


def _at_size(price: Any, input_tokens: int) -> Decimal:
    """Return the price at this size of input: a step holds for all tokens of the call."""
    base: Decimal | None = getattr(price, "base", None)
    if base is None:
        return Decimal(price)
    reached = [tier.price for tier in price.tiers if input_tokens > tier.start]
    return Decimal(reached[-1]) if reached else base
