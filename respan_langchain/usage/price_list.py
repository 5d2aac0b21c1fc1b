"""What genai-prices knows: who sells a model, and what a usage costs there.

Pure, and the only file that touches genai-prices, which is imported when the first price is asked
for. Its own calculation is the reference, but it validates and resolves anew at each call; where a
price is plain arithmetic that is done here, and a test holds both equal over the library's list.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from respan_langchain._safe_call import safe_call
from respan_langchain.usage.model_info import ModelInfo
from respan_langchain.usage.providers import (
    PriceLookup,
    get_lookup_names,
    get_price_provider,
    is_private_host,
    is_self_hosted_name,
    split_prefixed_names,
)
from respan_langchain.usage.usage import Usage

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo as ListedModel
    from genai_prices.types import ModelPrice, PriceCalculation, Provider

_PER_MILLION = Decimal(1_000_000)
_PER_THOUSAND = Decimal(1_000)
_STANDARD_TIERS = {"default", "standard", "auto", "on_demand", "standard_only"}
_MAX_KEPT = 4_096
"""Lookups kept; a process that names more models than that (one per tenant, say) starts over."""

_MULTIPLIED_HERE = {
    "input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok",
    "requests_kcount",
}  # fmt: skip
_NEVER_REPORTED = {
    "web_searches_kcount", "storage_searches_kcount", "input_audio_mtok", "output_audio_mtok",
    "cache_audio_read_mtok", "input_image_mtok", "output_image_mtok", "cache_image_read_mtok",
    "input_video_mtok", "output_video_mtok", "output_citation_mtok",
}  # fmt: skip
"""Prices of what a usage without audio does not count, and so worth 0 to it."""
_PLAIN = _MULTIPLIED_HERE | _NEVER_REPORTED


@dataclass(frozen=True, slots=True)
class PricedModel:
    """A model as somebody sells it."""

    provider: "Provider"
    model: "ListedModel"
    is_certain: bool
    """False: the seller was guessed from the model's name."""
    fixed_prices: Mapping[str, Any]
    """The prices that hold at any time; none where they depend on it."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a usage costs, and how far to trust it."""

    amount: Decimal
    is_certain: bool
    is_complete: bool
    """False: something that was used has no price, or is not known to have been used."""


class PriceList:
    """genai-prices' list, with what was looked up in it."""

    def __init__(self) -> None:
        self._offers: dict[tuple[str | None, ...], PricedModel | None] = {}
        self._snapshot: DataSnapshot | None = None
        self._current: Callable[[], DataSnapshot] | None = None

    def calculate(self, usage: Usage, facts: ModelInfo, at: datetime | None) -> Price | None:
        """Price a usage at a time; None when nobody is known to sell the model.

        Without a time it is priced as of now.
        """
        offer = self.find_model(facts)
        if offer is None:
            return None
        return calculate_price(usage, offer, usage.service_tier or facts.service_tier, at)

    def find_model(self, facts: ModelInfo) -> PricedModel | None:
        """Find who sells the model; what was not found is kept as well."""
        if self._current is None:
            from genai_prices.data_snapshot import get_snapshot

            self._current = get_snapshot
        snapshot = self._current()
        if snapshot is not self._snapshot or len(self._offers) > _MAX_KEPT:
            self._offers.clear()
            self._snapshot = snapshot
        key = (facts.provider, facts.served, facts.requested, facts.endpoint)
        if key not in self._offers:
            self._offers[key] = next(_find_models(snapshot, facts), None)
        return self._offers[key]


def build_priced_model(provider: "Provider", model: "ListedModel", *, sure: bool) -> PricedModel:
    """A model as this provider sells it."""
    return PricedModel(
        provider, model, sure, {} if isinstance(model.prices, list) else _listed(model.prices)
    )


def calculate_price(
    usage: Usage, offer: PricedModel, tier: str | None, at: datetime | None
) -> Price | None:
    """Price a usage by an offer; None when the library refuses to, or lists no price of tokens."""
    context = _context(tier, offer)
    listed = _prices_at(offer, context, at)
    amount = _multiplied(usage, listed) if listed else None
    if amount is None:
        calculated = safe_call(_calculate_with_library, usage, offer, context, at)
        if isinstance(calculated, type):
            return None
        amount, listed = calculated.total_price, _listed(calculated.model_price)
    sure = offer.is_certain and (context is not None or _is_standard(tier))
    if "input_mtok" in listed or "output_mtok" in listed:
        return Price(amount, sure, _is_complete(usage, listed, offer))
    return Price(amount, sure, is_complete=True) if ":free" in offer.model.id else None


def _prices_at(
    offer: PricedModel, context: dict[str, str] | None, at: datetime | None
) -> Mapping[str, Any]:
    """The prices that hold; none when they depend on a time and there is none to go by."""
    if context is None and offer.fixed_prices:
        return offer.fixed_prices
    return {} if at is None else _listed(offer.model.get_prices(at, context))


def _listed(prices: "ModelPrice") -> dict[str, Any]:
    return {name: price for name, price in prices.__dict__.items() if price is not None}


def _find_models(snapshot: "DataSnapshot", facts: ModelInfo) -> Iterator[PricedModel]:
    """Try every lead, the surest first."""
    names, private = get_lookup_names(facts), is_private_host(facts.endpoint)
    host = _provider_at_host(snapshot, facts.endpoint)
    seller = host or get_price_provider(facts.provider)
    if private and seller == "openai":
        # What one's own server speaks is OpenAI's protocol, whatever model it runs.
        names = [name for name in names if not is_self_hosted_name(name)]
    if seller is not None:
        for name in names:
            yield from _look_up(snapshot, PriceLookup(name, seller), sure=not private)
    # A gateway says by a prefix who is behind it; a seller that does not list the model does not.
    gateway = facts.endpoint is not None and host is None
    unlisted = not gateway and _is_listed_provider(snapshot, seller)
    for lead in split_prefixed_names(names):
        yield from _look_up(snapshot, lead, sure=not (unlisted or private))
    for name in names:
        yield from _look_up(snapshot, PriceLookup(name), sure=False)


def _look_up(snapshot: "DataSnapshot", lead: PriceLookup, *, sure: bool) -> Iterator[PricedModel]:
    try:
        provider, model = snapshot.find_provider_model(lead.model, None, lead.provider, None)
    except LookupError:
        return
    yield build_priced_model(provider, model, sure=sure)


def _provider_at_host(snapshot: "DataSnapshot", host: str | None) -> str | None:
    if host is None:
        return None
    try:
        return snapshot.find_provider(None, None, f"https://{host}/").id
    except LookupError:
        return None


def _is_listed_provider(snapshot: "DataSnapshot", seller: str | None) -> bool:
    if seller is None or seller == "litellm":
        return False
    try:
        snapshot.find_provider(None, seller, None)
    except LookupError:
        return False
    return True


def _is_standard(tier: str | None) -> bool:
    return tier is None or tier in _STANDARD_TIERS


def _context(tier: str | None, offer: PricedModel) -> dict[str, str] | None:
    """Say the tier in the list's words, when it has prices of its own."""
    if tier is None or tier in _STANDARD_TIERS:
        return None
    if not any(offer.model is model for model in offer.provider.models):
        # Azure and Google sell others' models by the maker's list, without the maker's tiers.
        return None
    context = {"processing": "batch"} if tier == "batch" else {"service_tier": tier}
    variants = offer.model.price_variants or ()
    return context if any(variant.when == context for variant in variants) else None


def _multiplied(usage: Usage, listed: Mapping[str, Any]) -> Decimal | None:
    """Do the library's arithmetic for a usage that has only text and cache; None for all others."""
    if usage.audio_input_tokens or usage.audio_output_tokens:
        return None
    if not _PLAIN.issuperset(listed):
        return None
    left = put_in = usage.input_tokens or 0
    amount = Decimal(0)
    for name, count in _cached(usage, listed):
        amount += _rate(listed[name], put_in) * count / _PER_MILLION
        left -= count
    if left < 0:
        return None
    if "input_mtok" in listed:
        amount += _rate(listed["input_mtok"], put_in) * left / _PER_MILLION
    if "output_mtok" in listed:
        amount += _rate(listed["output_mtok"], put_in) * (usage.output_tokens or 0) / _PER_MILLION
    if "requests_kcount" in listed:
        amount += _rate(listed["requests_kcount"], put_in) / _PER_THOUSAND
    return amount


def _cached(usage: Usage, listed: Mapping[str, object]) -> Iterator[tuple[str, int]]:
    """The parts of the input that have prices of their own; they do not overlap."""
    write, write_1h = usage.cache_write_tokens or 0, usage.cache_write_1h_tokens or 0
    if "cache_read_mtok" in listed:
        yield "cache_read_mtok", usage.cache_read_tokens or 0
    if "cache_write_1h_mtok" in listed:
        yield "cache_write_1h_mtok", write_1h
        write -= write_1h
    if "cache_write_mtok" in listed:
        yield "cache_write_mtok", write


def _rate(price: Any, put_in: int) -> Decimal:
    """The price at this size of input: a step holds for all tokens, not only for those beyond."""
    base: Decimal | None = getattr(price, "base", None)
    if base is None:
        return Decimal(price)
    reached = [tier.price for tier in price.tiers if put_in > tier.start]
    return Decimal(reached[-1]) if reached else base


def _calculate_with_library(
    usage: Usage, offer: PricedModel, context: dict[str, str] | None, at: datetime | None
) -> "PriceCalculation":
    """Let the library calculate; audio that was read from the cache counts as cached text."""
    from genai_prices.types import Usage as GenaiUsage

    put_in, put_out = usage.input_tokens or 0, usage.output_tokens or 0
    spoken = usage.audio_output_tokens or 0
    fresh = put_in - (usage.cache_read_tokens or 0) - (usage.cache_write_tokens or 0)
    reported = GenaiUsage(
        input_tokens=put_in,
        output_tokens=put_out,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
        input_audio_tokens=min(usage.audio_input_tokens or 0, fresh),
        output_audio_tokens=spoken,
        output_reasoning_tokens=min(usage.reasoning_tokens or 0, put_out - spoken),
        cache_audio_read_tokens=0,
    )
    return offer.model.calc_price(
        reported, offer.provider, genai_request_timestamp=at, price_context=context
    )


def _is_complete(usage: Usage, listed: Mapping[str, object], offer: PricedModel) -> bool:
    if usage.input_tokens is None or usage.output_tokens is None:
        return False
    needed = {"input_mtok": usage.input_tokens, "output_mtok": usage.output_tokens}
    if offer.provider.id != "google":
        # Only Google sells audio at the price of text; elsewhere the audio's price is missing.
        needed["input_audio_mtok"] = usage.audio_input_tokens or 0
        needed["output_audio_mtok"] = usage.audio_output_tokens or 0
    return all(name in listed for name, count in needed.items() if count)
