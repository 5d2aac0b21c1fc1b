"""Corrections of genai-prices' list: each applies from its day on, while it is still needed."""

from datetime import UTC, datetime, time
from decimal import Decimal

import pytest
from genai_prices.data_snapshot import get_snapshot

from respan_langchain.usage.cost import Exchange, Prices
from respan_langchain.usage.model_info import ModelInfo
from respan_langchain.usage.price_corrections import CORRECTIONS, find_correction
from respan_langchain.usage.usage import Usage

USAGE = Usage(100_000, 1_000, 101_000)
LONG = Usage(300_000, 1_000, 301_000)


def cost(provider, model, day, usage=USAGE, **context):
    info = ModelInfo(provider=provider, served=model, price_context=context)
    at = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    return Prices().calculate(usage, info, Exchange({}), at)


@pytest.mark.parametrize(
    "correction", CORRECTIONS, ids=[f"{c.provider} {c.name} {c.since}" for c in CORRECTIONS]
)
def test_every_correction_is_still_needed(correction):
    provider = get_snapshot().find_provider(None, correction.provider, None)
    by_id = {model.id: model for model in provider.models}
    model = by_id.get(correction.name) or provider.find_model(correction.name)
    at = datetime.combine(correction.since, time(12), UTC)

    assert str(model.get_prices(at).input_mtok) in correction.replaces


@pytest.mark.parametrize(
    ("provider", "model", "day", "usd"),
    [
        ("mistralai", "mistral-large-latest", "2025-12-01", "0.206"),  # 2 in, 6 out
        ("mistralai", "mistral-large-latest", "2025-12-02", "0.0515"),  # 0.50 in, 1.50 out
        ("mistralai", "mistral-large-2411", "2025-12-02", "0.206"),
        ("deepseek", "deepseek-chat", "2025-09-28", "0.0281"),  # 0.27 in, 1.10 out
        ("deepseek", "deepseek-chat", "2025-09-29", "0.02842"),  # 0.28 in, 0.42 out
        ("deepseek", "deepseek-reasoner", "2026-04-24", "0.01428"),  # 0.14 in, 0.28 out
    ],
)
def test_a_model_costs_its_published_price_of_the_day(provider, model, day, usd):
    assert cost(provider, model, day).amount == Decimal(usd)


@pytest.mark.parametrize(
    ("provider", "model", "short", "long"),
    [
        ("anthropic", "claude-sonnet-4-20250514", "0.315", "1.8225"),
        ("anthropic", "claude-sonnet-4-5-20250929", "0.315", "1.8225"),
    ],
)
def test_sonnet_costs_more_above_200_000_tokens(provider, model, short, long):
    # 3 in and 15 out, above 200,000 tokens 6 and 22.50.
    assert cost(provider, model, "2025-11-01").amount == Decimal(short)
    assert cost(provider, model, "2025-11-01", LONG).amount == Decimal(long)


@pytest.mark.parametrize(
    ("size", "usd"), [("low", "0.121"), ("medium", "0.125"), ("high", "0.129")]
)
def test_perplexitys_fee_depends_on_the_size_of_the_search(size, usd):
    # sonar-pro: 3 in, 15 out, and 6, 10 or 14 for a thousand requests.
    short = Usage(38_000, 67, 38_067)
    paid = cost("perplexity", "sonar-pro", "2026-01-01", short, search_context_size=size)

    assert paid.amount == Decimal(usd) + Decimal("0.000005")
    assert (paid.source, paid.status) == ("genai-prices", "complete")


def test_a_correction_ends_once_the_list_has_another_price():
    [correction] = (each for each in CORRECTIONS if each.name == "mistral-large-latest")
    day = correction.since

    for listed, found in (("2", correction), ("0.5", None), (None, None)):
        price = None if listed is None else Decimal(listed)
        assert find_correction("mistral", ["mistral-large-latest"], {}, day, price) is found
