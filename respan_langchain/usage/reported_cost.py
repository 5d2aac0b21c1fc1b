"""The cost that a provider or a proxy reports itself.

Pure; never raises.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from respan_langchain._untyped_values import as_mapping

_COST_KEYS = ("cost", "response_cost", "x-litellm-response-cost", "total_cost", "estimated_cost")
_TICKS_KEY = "cost_in_usd_ticks"
_KEYS = {*_COST_KEYS, _TICKS_KEY}
_CONTAINERS = ("token_usage", "usage", "headers", "_hidden_params")
_PLACES = _KEYS.union(_CONTAINERS)
_TICKS_PER_USD = Decimal(10) ** 10
"""xAI's unit. Source: https://docs.x.ai/developers/cost-tracking, read 2026-11-26."""


def read_reported_cost(reported: Mapping[str, object]) -> Decimal | None:
    """Find the USD that a provider reports beside the message."""
    if _PLACES.isdisjoint(reported):
        return None
    for fields in (reported, *map(reported.get, _CONTAINERS)):
        if not isinstance(fields, dict) or fields.keys().isdisjoint(_KEYS):
            continue
        if (ticks := parse_decimal(fields.get(_TICKS_KEY))) is not None:
            return ticks / _TICKS_PER_USD
        for name in _COST_KEYS:
            value = fields.get(name)
            # Perplexity splits its cost, and gives the sum beside the parts.
            amount = parse_decimal(value.get("total_cost") if isinstance(value, dict) else value)
            if amount is not None:
                return amount + _own_key_cost(fields, amount)
    return None


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


def _own_key_cost(fields: Mapping[str, object], cost: Decimal) -> Decimal:
    """Return what OpenRouter's upstream provider charges to the user's own key.

    OpenRouter charges a fee of its own then. LangChain drops `is_byok`; without it, an upstream
    cost above OpenRouter's own cost shows that the user's key paid, since OpenRouter never sells
    below it.
    """
    upstream = parse_decimal(as_mapping(fields.get("cost_details")).get("upstream_inference_cost"))
    is_own_key = fields.get("is_byok")
    if upstream is None or is_own_key is False:
        return Decimal(0)
    return upstream if is_own_key is True or upstream > cost else Decimal(0)
