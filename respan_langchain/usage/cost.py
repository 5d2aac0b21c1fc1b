"""What a model call cost in USD, where that is from, and how sure it is.

Pure and total. The provider's own word comes first, then the user's prices, then genai-prices; what
none of them knows is None, never 0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from respan_langchain._safe_call import safe_call
from respan_langchain.errors import ConfigurationError
from respan_langchain.usage.model_info import ModelInfo, get_reported_fields
from respan_langchain.usage.price_list import PriceList
from respan_langchain.usage.price_table import PriceTable, parse_decimal
from respan_langchain.usage.providers import is_local_provider
from respan_langchain.usage.usage import Usage

__all__ = ["Cost", "PriceFunction", "Prices", "PricesArgument", "get_reported_fields"]

CostSource = Literal["provider", "custom", "genai-prices", "estimate"]
CostStatus = Literal["complete", "partial", "unknown"]

PriceFunction = Callable[[ModelInfo, Usage], Decimal | float | str | None]
"""Gives USD for a call; None leaves the call to genai-prices."""
PricesArgument = Mapping[str, Mapping[str, float]] | PriceFunction | Literal["auto-update"] | None

_LEAST_CERTAIN_FIRST: tuple[CostSource, ...] = ("estimate", "genai-prices", "custom", "provider")
_COST_KEYS = ("cost", "response_cost", "x-litellm-response-cost", "total_cost", "estimated_cost")
_COST_CONTAINERS = ("token_usage", "usage", "headers", "_hidden_params")


@dataclass(frozen=True, slots=True)
class Cost:
    """USD of one call, or of many added up."""

    amount: Decimal | None
    """None: unknown. In a sum, what is known of it."""
    source: CostSource | None
    """Of a sum, the least sure one; None when nothing was paid for or known."""
    status: CostStatus

    def __add__(self, other: "Cost") -> "Cost":
        """Add up; with an unknown part, the sum is partial."""
        known = [cost.amount for cost in (self, other) if cost.amount is not None]
        sources = (self.source, other.source)
        return Cost(
            amount=sum(known, Decimal(0)) if known else None,
            source=next((each for each in _LEAST_CERTAIN_FIRST if each in sources), None),
            status=self.status if self.status == other.status else "partial",
        )


UNKNOWN_COST = Cost(None, None, "unknown")
ZERO_COST = Cost(Decimal(0), None, "complete")


class Prices:
    """Prices calls by every source in turn, and remembers which models nobody could price."""

    def __init__(self, prices: PricesArgument = None, *, local_models_free: bool = False) -> None:
        """Take the user's prices.

        Args:
            prices: USD per million tokens by model (or regular expression), or a function of a
                call's ModelInfo and Usage, or "auto-update".
            local_models_free: Whether models on the user's own machine cost 0 instead of unknown.

        Raises:
            ConfigurationError: The argument is none of these.
        """
        self.wants_updates = prices == "auto-update"
        """Whether somebody who may do I/O should start `genai_prices.UpdatePrices`."""
        self._local_models_free = local_models_free
        self._table: PriceTable | None = None
        self._function: PriceFunction | None = None
        self._list = PriceList()
        if isinstance(prices, Mapping):
            self._table = PriceTable(prices)
        elif callable(prices):
            self._function = prices
        elif prices is not None and not self.wants_updates:
            raise ConfigurationError(
                f"prices: {prices!r} is not understood; give a mapping of models to USD per"
                " million tokens, a function, or 'auto-update'"
            )

    def calculate(
        self,
        usage: Usage | None,
        model: ModelInfo,
        reported: Mapping[str, object],
        at: datetime | None = None,
    ) -> Cost:
        """Say what a call cost.

        Args:
            usage: None when nobody said; then only the provider's own word gives a cost, or its
                refusal.
            model: Who was called.
            reported: What the provider said beside the message (`get_reported_fields`).
            at: When, since some prices depend on the day or the hour; None is now.
        """
        if usage is not None and usage.cache_hit:
            return ZERO_COST
        told = _reported_cost(reported)
        if told is not None:
            return Cost(told, "provider", "complete")
        if usage is None:
            return ZERO_COST if _was_refused(reported) else UNKNOWN_COST
        return self._calculate_custom(usage, model) or self._calculate_listed(usage, model, at)

    def _calculate_custom(self, usage: Usage, model: ModelInfo) -> Cost | None:
        if self._function is not None:
            given = safe_call(self._function, model, usage)
            if given is None:
                return None
            amount = parse_decimal(given)
            return UNKNOWN_COST if amount is None else Cost(amount, "custom", "complete")
        if self._table is None:
            return None
        rates = self._table.find(model.served, model.requested)
        if rates is None:
            return None
        amount, whole = rates.calculate(usage)
        return Cost(amount, "custom", "complete" if whole else "partial")

    def _calculate_listed(self, usage: Usage, model: ModelInfo, at: datetime | None) -> Cost:
        if is_local_provider(model.provider):
            return (
                Cost(Decimal(0), "custom", "complete") if self._local_models_free else UNKNOWN_COST
            )
        price = self._list.calculate(usage, model, at)
        if price is None:
            return UNKNOWN_COST
        return Cost(
            price.amount,
            "genai-prices" if price.is_certain else "estimate",
            "complete" if price.is_complete else "partial",
        )


def _was_refused(reported: Mapping[str, object]) -> bool:
    """Whether nothing was answered but an HTTP error, which no provider charges for.

    LangChain puts the status where an answer's metadata would be; after the first words of a
    stream, theirs stand there instead.
    """
    status = reported.get("status_code")
    return isinstance(status, int) and status >= 400


def _reported_cost(reported: Mapping[str, object]) -> Decimal | None:
    """Find the cost that a provider or a proxy reported itself."""
    inner = [place for name in _COST_CONTAINERS if isinstance(place := reported.get(name), dict)]
    for place in (reported, *inner):
        if place.keys().isdisjoint(_COST_KEYS):
            continue
        for name in _COST_KEYS:
            amount = _parse_amount(place[name]) if name in place else None
            if amount is not None:
                return amount + _upstream_cost(place)
    return None


def _parse_amount(told: object) -> Decimal | None:
    # Perplexity splits its cost, and gives the sum beside the parts.
    return parse_decimal(told.get("total_cost") if isinstance(told, dict) else told)


def _upstream_cost(place: Mapping[str, object]) -> Decimal:
    """OpenRouter with the user's own key charges a fee, and the provider charges the rest."""
    details = place.get("cost_details")
    if place.get("is_byok") is not True or not isinstance(details, dict):
        return Decimal(0)
    return parse_decimal(details.get("upstream_inference_cost")) or Decimal(0)
