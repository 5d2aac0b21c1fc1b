"""The user's own prices as a table: USD per million tokens, by model.

Pure. A mistake in the table raises when the table is given, not when the first call is priced.
`price_list.py` has the prices of everybody; `cost.py` says which come first.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

from respan_langchain.errors import ConfigurationError
from respan_langchain.usage.rates import Rates
from respan_langchain.usage.reported_cost import parse_decimal

_KINDS = (
    "input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "reasoning",
    "audio_input", "audio_output", "image_output",
)  # fmt: skip
_USES = ("request", "web_search", "file_search")
"""What is priced in USD per thousand uses."""


class PriceTable:
    """Rates by model: first the name itself, then the first pattern that matches all of it."""

    def __init__(self, table: Mapping[str, object]) -> None:
        self._by_pattern = [
            (_parse_pattern(model), _parse_rates(model, table[model])) for model in table
        ]
        self._by_name = {pattern.pattern: rates for pattern, rates in self._by_pattern}

    def find(self, *names: str | None) -> Rates | None:
        """Find the rates of the first name that the table has."""
        known = [name for name in names if name]
        exact = (self._by_name[name] for name in known if name in self._by_name)
        matching = (
            rates
            for name in known
            for pattern, rates in self._by_pattern
            if pattern.fullmatch(name)
        )
        return next(exact, None) or next(matching, None)


def _parse_pattern(model: object) -> re.Pattern[str]:
    try:
        return re.compile(model if isinstance(model, str) else "(")
    except re.error as error:
        raise ConfigurationError(
            f"prices: {model!r} is neither a model nor a regular expression; give a string"
        ) from error


def _parse_rates(model: object, prices: object) -> Rates:
    if not isinstance(prices, Mapping) or not prices:
        raise ConfigurationError(
            f"prices: {model!r} needs USD per million tokens,"
            " such as {'input': 2.5, 'output': 10}"
        )
    rates: dict[str, Decimal] = {}
    for kind, price in prices.items():
        if kind not in (*_KINDS, *_USES):
            raise ConfigurationError(
                f"prices: {model!r} has a price for {kind!r};"
                f" what can be priced is {', '.join((*_KINDS, *_USES))}"
            )
        rate = parse_decimal(price)
        if rate is None:
            raise ConfigurationError(
                f"prices: {price!r} for {model!r}, {kind!r}, is not USD per"
                f" {'thousand uses' if kind in _USES else 'million tokens'};"
                " give a number that is not negative"
            )
        rates[kind] = rate
    return Rates(
        per_million={kind: rates[kind] for kind in _KINDS if kind in rates},
        per_use={use: rates[use] / 1_000 for use in _USES if use in rates},
    )
