"""What a model call cost in USD, the source of the price, and how certain it is.

Pure; `Prices.calculate` never raises. The cost that the provider reports comes first, then the
user's prices, then genai-prices; a cost that none of them knows is None, never 0.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Literal, NamedTuple

from respan_langchain._foreign_code import safe_call
from respan_langchain.errors import ConfigurationError
from respan_langchain.usage.media import contains_media
from respan_langchain.usage.model_info import ModelInfo
from respan_langchain.usage.model_lookup import is_local_provider
from respan_langchain.usage.price_list import PriceList
from respan_langchain.usage.price_table import PriceTable
from respan_langchain.usage.rates import Consumption
from respan_langchain.usage.reported_cost import parse_decimal, read_reported_cost
from respan_langchain.usage.tool_fees import count_tool_uses
from respan_langchain.usage.usage import Usage

CostSource = Literal["provider", "custom", "genai-prices", "estimate"]
CostStatus = Literal["complete", "partial", "unknown"]

PriceFunction = Callable[[ModelInfo, Usage], Decimal | float | str | None]
"""Returns the USD of a call; None leaves the call to genai-prices."""
PricesArgument = Mapping[str, Mapping[str, float]] | PriceFunction | Literal["auto-update"] | None

_LEAST_CERTAIN_FIRST: tuple[CostSource, ...] = ("estimate", "genai-prices", "custom", "provider")


class Cost(NamedTuple):
    """USD of one call, or of many added up."""

    amount: Decimal | None
    """None: unknown. In a sum, the known part of it."""
    source: CostSource | None
    """Of a sum, the least certain one; None when nothing is charged or known."""
    status: CostStatus
    """`complete` only when everything that the provider charges for has a price."""

    def __add__(self, other: "Cost") -> "Cost":  # type: ignore[override]  # of no two tuples
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


class Exchange(NamedTuple):
    """Prompt and answer of a model call, in which charges beside the tokens are looked for."""

    reported: Mapping[str, object]
    """What the provider reported beside the message (`get_reported_fields`)."""
    prompt: object = None
    """The messages that were sent."""
    answer: object = None
    """The message that came back."""


class Prices:
    """Prices calls by the first source that has a price for the model."""

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
        """Whether a caller that may do I/O should start `genai_prices.UpdatePrices`."""
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
        info: ModelInfo,
        exchange: Exchange,
        at: datetime,
    ) -> Cost:
        """Calculate what a call cost.

        Args:
            usage: None when it was not reported; then only a reported cost or an HTTP error of the
                provider gives a cost.
            info: Which model was called.
            exchange: Prompt and answer.
            at: When, since some prices depend on the day or the hour.
        """
        if usage is not None and usage.cache_hit:
            return ZERO_COST
        reported = read_reported_cost(exchange.reported)
        if reported is not None:
            return Cost(reported, "provider", "complete")
        if usage is None:
            return ZERO_COST if _is_http_error(exchange.reported) else UNKNOWN_COST
        if self._function is not None:
            cost = self._calculate_by_function(self._function, usage, info)
            if cost is not None:
                return cost
        consumed = Consumption(
            usage,
            count_tool_uses(exchange.answer, exchange.reported, info),
            partial(contains_media, exchange.prompt, exchange.answer),
        )
        return self._calculate_by_table(consumed, info) or self._calculate_by_list(
            consumed, info, at
        )

    @staticmethod
    def _calculate_by_function(
        function: PriceFunction, usage: Usage, info: ModelInfo
    ) -> Cost | None:
        given = safe_call(function, info, usage)
        if given is None:
            return None
        amount = parse_decimal(given)
        return UNKNOWN_COST if amount is None else Cost(amount, "custom", "complete")

    def _calculate_by_table(self, consumed: Consumption, info: ModelInfo) -> Cost | None:
        rates = None if self._table is None else self._table.find(info.served, info.requested)
        if rates is None:
            return None
        amount = rates.calculate(consumed)
        return Cost(amount.usd, "custom", "complete" if amount.is_complete else "partial")

    def _calculate_by_list(self, consumed: Consumption, info: ModelInfo, at: datetime) -> Cost:
        price = self._list.calculate(consumed, info, at)
        if price is None:
            is_free = self._local_models_free and is_local_provider(info.provider)
            return Cost(Decimal(0), "custom", "complete") if is_free else UNKNOWN_COST
        return Cost(
            price.amount,
            "genai-prices" if price.is_certain else "estimate",
            "complete" if price.is_complete else "partial",
        )


def _is_http_error(reported: Mapping[str, object]) -> bool:
    """Whether the provider answered only with an HTTP error, which no provider charges.

    LangChain puts the status where an answer's metadata would be; after the first tokens of a
    stream, the answer's metadata is there instead.
    """
    status = reported.get("status_code")
    return isinstance(status, int) and status >= 400
