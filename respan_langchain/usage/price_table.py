"""The user's own prices, as a table: USD per million tokens, by model.

Pure. What is wrong with a table is said when it is given, not when the first call is priced.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from respan_langchain.errors import ConfigurationError
from respan_langchain.usage.usage import Usage

_PER_MILLION = Decimal(1_000_000)
_KINDS = (
    "input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h", "reasoning",
    "audio_input", "audio_output",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per million tokens, by kind; a kind without a price is paid as the wider one it is in."""

    by_kind: Mapping[str, Decimal]

    def calculate(self, usage: Usage) -> tuple[Decimal, bool]:
        """What the usage costs, and whether everything in it is known and has a price."""
        whole = usage.input_tokens is not None and usage.output_tokens is not None
        amount = Decimal(0)
        for kinds, count in _split_usage(usage):
            rate = next((self.by_kind[kind] for kind in kinds if kind in self.by_kind), None)
            if rate is not None:
                amount += rate * count / _PER_MILLION
            elif count:
                whole = False
        return amount, whole


class PriceTable:
    """Rates by model: first the name itself, then the first pattern that matches all of it."""

    def __init__(self, table: Mapping[str, object]) -> None:
        self._by_pattern = [
            (_parse_pattern(model), _parse_rates(model, table[model])) for model in table
        ]
        self._by_name = {pattern.pattern: rates for pattern, rates in self._by_pattern}

    def find(self, *names: str | None) -> Rates | None:
        """Find the rates of the first name that the table knows."""
        known = [name for name in names if name]
        exact = (self._by_name[name] for name in known if name in self._by_name)
        matching = (
            rates
            for name in known
            for pattern, rates in self._by_pattern
            if pattern.fullmatch(name)
        )
        return next(exact, None) or next(matching, None)


def parse_decimal(value: object) -> Decimal | None:
    """Read an amount of money; None when it is not one.

    >>> parse_decimal(0.1), parse_decimal("1e-6"), parse_decimal(float("nan"))
    (Decimal('0.1'), Decimal('0.000001'), None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None


def _split_usage(usage: Usage) -> list[tuple[tuple[str, ...], int]]:
    """Cut a usage into parts that do not overlap, each with the kinds that may price it."""
    read, write = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
    write_5m, write_1h = usage.cache_write_5m_tokens or 0, usage.cache_write_1h_tokens or 0
    fresh = max((usage.input_tokens or 0) - read - write, 0)
    heard = min(usage.audio_input_tokens or 0, fresh)
    written = usage.output_tokens or 0
    spoken = min(usage.audio_output_tokens or 0, written)
    thought = min(usage.reasoning_tokens or 0, written - spoken)
    return [
        (("cache_read", "input"), read),
        (("cache_write_5m", "cache_write", "input"), write_5m),
        (("cache_write_1h", "cache_write", "input"), write_1h),
        (("cache_write", "input"), max(write - write_5m - write_1h, 0)),
        (("audio_input", "input"), heard),
        (("input",), fresh - heard),
        (("audio_output", "output"), spoken),
        (("reasoning", "output"), thought),
        (("output",), written - spoken - thought),
    ]


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
    return Rates(
        {
            _parse_kind(model, kind): _parse_rate(model, kind, price)
            for kind, price in prices.items()
        }
    )


def _parse_kind(model: object, kind: object) -> str:
    if isinstance(kind, str) and kind in _KINDS:
        return kind
    raise ConfigurationError(
        f"prices: {model!r} has a price for {kind!r}; what can be priced is {', '.join(_KINDS)}"
    )


def _parse_rate(model: object, kind: object, price: object) -> Decimal:
    rate = parse_decimal(price)
    if rate is None:
        raise ConfigurationError(
            f"prices: {price!r} for {model!r}, {kind!r}, is not USD per million tokens;"
            " give a number that is not negative"
        )
    return rate
