"""Which provider sells a model, and for how much, by genai-prices' list.

`price_pairs.csv` has one line for each provider and model as LangChain reports them, with USD per
million tokens at 10,000 tokens as they stood on 23 November 2026, checked by hand. A line without a
price provider is a model whose price nobody can know from its names.
"""

import csv
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import Usage as GenaiUsage
from hypothesis import given, settings
from hypothesis import strategies as st

from respan_langchain.usage.cost import Cost, Exchange, Prices
from respan_langchain.usage.model_info import ModelInfo
from respan_langchain.usage.model_lookup import get_price_provider, is_private_host
from respan_langchain.usage.price_corrections import CORRECTIONS
from respan_langchain.usage.price_list import PricedModel, PriceList, calculate_price
from respan_langchain.usage.rates import Consumption
from respan_langchain.usage.usage import Usage

TABLE = (Path(__file__).parent / "price_pairs.csv").read_text()
PAIRS = list(csv.DictReader(TABLE.splitlines()))
AT_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
AT_PEAK = datetime(2026, 11, 23, 7, tzinfo=UTC)
CORRECTED = {(each.provider, each.name) for each in CORRECTIONS}
MODELS = [
    PricedModel(provider, model, model.id, is_certain=True)
    for provider in get_snapshot().providers
    for model in provider.models
    if (provider.id, model.id) not in CORRECTED
]


def model_info(pair):
    return ModelInfo(
        provider=pair["provider"],
        served=pair["served"] or None,
        requested=pair["requested"] or None,
        endpoint=pair["endpoint"] or None,
    )


def cost(model, usage=None, at=AT_NOON):
    usage = usage or Usage(input_tokens=10_000, output_tokens=1_000)
    return Prices().calculate(usage, model, Exchange({}), at)


@pytest.mark.parametrize(
    "pair", PAIRS, ids=[f"{p['number']} {p['langchain_class']} {p['served']}" for p in PAIRS]
)
def test_a_model_costs_what_its_provider_charges_or_is_unknown(pair):
    priced, paid = PriceList().find_model(model_info(pair)), cost(model_info(pair))

    if not pair["price_provider"]:
        assert (priced, paid.amount, paid.source, paid.status) == (None, None, None, "unknown")
        return
    assert (priced.provider.id, priced.model.id) == (pair["price_provider"], pair["model"])
    per_request = Decimal(pair["thousand_requests"] or 0) / 1000
    tokens = Decimal(pair["input"]) * 10_000 + Decimal(pair["output"]) * 1_000
    assert paid.amount == tokens / 1_000_000 + per_request
    assert paid.status == "complete"


def test_the_table_has_88_pairs_of_which_72_have_a_price():
    assert len(PAIRS) == 88
    assert sum(1 for pair in PAIRS if cost(model_info(pair)).amount is not None) == 72


counts = st.integers(0, 400_000)


def library_price(priced, usage, at, context=None):
    """What the library's own calculation gives for a usage; its input must hold its parts."""
    uncached = usage.input_tokens - (usage.cache_read_tokens or 0) - (usage.cache_write_tokens or 0)
    audio_output = usage.audio_output_tokens or 0
    reported = GenaiUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
        input_audio_tokens=min(usage.audio_input_tokens or 0, uncached),
        output_audio_tokens=audio_output,
        output_reasoning_tokens=min(
            usage.reasoning_tokens or 0, usage.output_tokens - audio_output
        ),
        cache_audio_read_tokens=0,
    )
    return priced.model.calc_price(
        reported, priced.provider, genai_request_timestamp=at, price_context=context
    ).total_price


@settings(deadline=None)
@given(
    priced=st.sampled_from(MODELS),
    uncached=counts, read=counts, write=counts, write_1h=counts, text=counts, reasoning=counts,
    audio_input=counts, audio_output=counts,
    at=st.sampled_from([datetime.now(UTC), AT_NOON, AT_PEAK]),
    tier=st.sampled_from([None, "flex", "priority"]),
)  # fmt: skip
def test_our_arithmetic_equals_the_librarys(
    priced, uncached, read, write, write_1h, text, reasoning, audio_input, audio_output, at, tier
):
    usage = Usage(
        input_tokens=uncached + read + write + write_1h,
        output_tokens=text + reasoning + audio_output,
        cache_read_tokens=read,
        cache_write_tokens=write + write_1h,
        cache_write_1h_tokens=write_1h,
        reasoning_tokens=reasoning,
        audio_input_tokens=audio_input,
        audio_output_tokens=audio_output,
    )
    context = {} if tier is None else {"service_tier": tier}

    price = calculate_price(Consumption(usage), priced, context, at)

    assert price is None or price.amount == library_price(priced, usage, at, context)


def test_our_arithmetic_equals_the_librarys_for_every_model_of_its_list():
    usage = Usage(
        input_tokens=300_000, output_tokens=2_000, cache_read_tokens=200_000,
        cache_write_tokens=50_000, cache_write_1h_tokens=20_000, reasoning_tokens=500,
    )  # fmt: skip

    unpriced, different = 0, []
    for priced in MODELS:
        ours = calculate_price(Consumption(usage), priced, {}, AT_NOON)
        unpriced += ours is None
        if ours is not None and ours.amount != library_price(priced, usage, AT_NOON):
            different.append((priced.provider.id, priced.model.id))

    assert not different
    assert unpriced < len(MODELS) / 20


def test_audio_in_the_cache_is_priced_as_cached_text():
    # gemini-2.5-flash: 0.30 text, 1.00 audio, 0.03 cached text, 2.50 out.
    flash = ModelInfo(provider="google_genai", served="gemini-2.5-flash")
    heard = Usage(10_000, 0, cache_read_tokens=8_000, audio_input_tokens=5_000)

    # 2,000 heard afresh, 8,000 from the cache
    assert cost(flash, heard).amount == Decimal("0.00224")


def test_a_batch_has_its_own_price():
    gpt = ModelInfo(provider="openai", served="gpt-5-2025-08-07", service_tier="batch")

    assert cost(gpt).amount == Decimal("0.01125")


def test_a_resellers_tier_does_not_get_the_makers_price():
    gpt = ModelInfo(provider="azure", served="gpt-5-2025-08-07", service_tier="priority")

    assert cost(gpt) == Cost(Decimal("0.0225"), "estimate", "partial")


@pytest.mark.parametrize("tier", ["flex", "auto"])
def test_a_tier_at_the_standard_price_is_no_tier_of_its_own(tier):
    # gpt-oss-120b: 0.15 in, 0.60 out.
    oss = ModelInfo(provider="groq", served="openai/gpt-oss-120b", service_tier=tier)

    assert cost(oss) == Cost(Decimal("0.0021"), "genai-prices", "complete")


def test_reasoning_tokens_have_their_own_price_where_listed():
    # sonar-deep-research: 2 in, 8 out, 3 for thoughts.
    sonar = ModelInfo(provider="perplexity", served="sonar-deep-research")

    assert cost(sonar, Usage(10_000, 5_000, reasoning_tokens=4_000)).amount == Decimal("0.04")


def test_an_output_without_a_price_makes_the_cost_partial():
    embeddings = ModelInfo(provider="openai", served="text-embedding-3-small")

    assert cost(embeddings, Usage(1_000, 0)) == Cost(Decimal("0.00002"), "genai-prices", "complete")
    assert cost(embeddings, Usage(1_000, 5)).status == "partial"


def test_a_model_that_is_listed_without_a_price_is_unknown_and_not_free():
    qwen = ModelInfo(provider="cerebras", served="qwen-3-coder-480b")

    assert cost(qwen).status == "unknown"


def test_a_model_that_is_listed_as_free_costs_nothing():
    free = ModelInfo(provider="azure", served="phi-4-reasoning:free")

    assert cost(free) == Cost(Decimal(0), "genai-prices", "complete")


def test_a_long_prompt_pays_the_higher_rate_for_all_of_it():
    # Gemini 2.5 Pro: 1.25/10 up to 200,000 tokens of input, 2.50/15 beyond.
    gemini = ModelInfo(provider="google_genai", served="gemini-2.5-pro")

    short = cost(gemini, Usage(input_tokens=200_000, output_tokens=1_000))
    long = cost(gemini, Usage(input_tokens=200_001, output_tokens=1_000))

    assert short.amount == Decimal("0.26")
    assert long.amount == Decimal("0.5150025")


def test_a_long_prompt_of_many_requests_leaves_the_cost_partial():
    # Whether one of the requests passed 200,000 tokens cannot be known of their sum.
    gemini = PriceList().find_model(ModelInfo(provider="google_genai", served="gemini-2.5-pro"))
    searched = Consumption(Usage(200_001, 1_000, 201_001), {"web_search": 1})
    short = Consumption(Usage(200_000, 1_000, 201_000), {"web_search": 1})

    assert not calculate_price(searched, gemini, {}, AT_NOON).is_complete
    assert calculate_price(short, gemini, {}, AT_NOON).is_complete


def test_a_prompt_beyond_the_listed_context_window_leaves_the_cost_partial():
    # Sonnet costs more above 200,000 tokens; of Amazon and Google the list has the price below.
    for provider, model in (
        ("bedrock_converse", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("bedrock_converse", "global.anthropic.claude-sonnet-4-20250514-v1:0"),
        ("anthropicvertex", "claude-sonnet-4@20250514"),
    ):
        info = ModelInfo(provider=provider, served=model)
        assert cost(info, Usage(200_000, 1_000, 201_000)).status == "complete"
        assert cost(info, Usage(200_001, 1_000, 201_001)).status == "partial"

    maker = ModelInfo(provider="anthropic", served="claude-sonnet-4-5-20250929")
    assert cost(maker, Usage(200_001, 1_000, 201_001)).status == "complete"
    # Several requests of one call may add up to more.
    bedrock = PriceList().find_model(info)
    searched = Consumption(Usage(200_001, 1_000, 201_001), {"web_search": 0})
    assert calculate_price(searched, bedrock, {}, AT_NOON).is_complete


def test_anthropics_cache_is_priced_by_its_time_to_live():
    # Sonnet 4.5: 3 fresh, 0.30 read, 3.75 written for 5 minutes, 6 for an hour, 15 out.
    sonnet = ModelInfo(provider="anthropic", served="claude-sonnet-4-5-20250929")
    usage = Usage(
        input_tokens=100_000, output_tokens=10_000, cache_read_tokens=10_000,
        cache_write_tokens=6_000, cache_write_5m_tokens=4_000, cache_write_1h_tokens=2_000,
    )  # fmt: skip

    # 84,000 * 3 + 10,000 * 0.3 + 4,000 * 3.75 + 2,000 * 6 + 10,000 * 15
    assert cost(sonnet, usage).amount == Decimal("0.432")


def test_cached_input_is_cheaper():
    # gpt-4o: 2.50 fresh, 1.25 cached, 10 out.
    gpt = ModelInfo(provider="openai", served="gpt-4o-2024-08-06")
    usage = Usage(input_tokens=1_000, output_tokens=100, cache_read_tokens=800)

    assert cost(gpt, usage).amount == Decimal("0.0025")


@pytest.mark.parametrize(
    ("tier", "amount", "source", "status"),
    [
        ("default", "0.0225", "genai-prices", "complete"),
        ("flex", "0.01125", "genai-prices", "complete"),
        ("priority", "0.045", "genai-prices", "complete"),
        ("unheard-of", "0.0225", "estimate", "partial"),
        # The provider chose, and did not report what.
        ("auto", "0.0225", "estimate", "partial"),
    ],
)
def test_a_service_tier_has_its_own_price(tier, amount, source, status):
    # gpt-5: 1.25/10, half of it as flex, double as priority.
    gpt = ModelInfo(provider="openai", served="gpt-5-2025-08-07")
    usage = Usage(input_tokens=10_000, output_tokens=1_000, service_tier=tier)

    assert cost(gpt, usage) == Cost(Decimal(amount), source, status)


def test_night_rates_apply_by_the_hour():
    # deepseek-flash: 0.15/0.60, and twice as much from 6 to 10 o'clock UTC.
    deepseek = ModelInfo(provider="deepseek", served="deepseek-flash")

    assert cost(deepseek, at=AT_NOON).amount == Decimal("0.0021")
    assert cost(deepseek, at=AT_PEAK).amount == Decimal("0.0042")


def test_a_call_of_today_is_priced():
    now = datetime.now(UTC)
    gpt = ModelInfo(provider="openai", served="gpt-4o-2024-08-06")
    deepseek = ModelInfo(provider="deepseek", served="deepseek-flash")

    assert cost(gpt, at=now).amount == Decimal("0.035")
    assert cost(deepseek, at=now).amount in (Decimal("0.0021"), Decimal("0.0042"))


def test_audio_without_a_price_makes_the_cost_partial():
    gpt = ModelInfo(provider="openai", served="gpt-4o-audio-preview")
    spoken = Usage(input_tokens=1_000, output_tokens=500, audio_output_tokens=400)

    assert cost(gpt, spoken).status == "partial"
    assert cost(gpt, Usage(input_tokens=1_000, output_tokens=500)).status == "complete"


def test_google_charges_audio_as_text_unless_it_lists_a_price():
    # gemini-2.5-flash: 0.30 text, 1.00 audio, 2.50 out.
    flash = ModelInfo(provider="google_genai", served="gemini-2.5-flash")
    pro = ModelInfo(provider="google_genai", served="gemini-2.5-pro")
    heard = Usage(input_tokens=10_000, output_tokens=1_000, audio_input_tokens=4_000)

    assert cost(flash, heard).amount == Decimal("0.0083")
    assert (cost(pro, heard).amount, cost(pro, heard).status) == (Decimal("0.0225"), "complete")


@pytest.mark.parametrize(
    "usage",
    [Usage(input_tokens=10), Usage(output_tokens=10), Usage(total_tokens=10)],
    ids=["no output", "no input", "total alone"],
)
def test_half_a_usage_gives_a_partial_cost(usage):
    gpt = ModelInfo(provider="openai", served="gpt-4o-2024-08-06")

    assert cost(gpt, usage).status == "partial"


def test_amazons_inference_profile_gives_the_region_for_the_price():
    regional, everywhere = (
        ModelInfo(
            provider="anthropic-bedrock",
            served="claude-sonnet-4-5-20250929",
            requested=f"{region}.anthropic.claude-sonnet-4-5-20250929-v1:0",
        )
        for region in ("us", "global")
    )

    # 3.30/16.50 in a region, 3/15 worldwide.
    assert cost(regional).amount == Decimal("0.0495")
    assert cost(everywhere).amount == Decimal("0.045")


def test_only_amazons_profiles_come_before_the_answers_own_name():
    # A deployment's name may contain any other.
    azure = ModelInfo(provider="azure", served="gpt-4o-mini", requested="gpt-4o-mini-or-gpt-4.1")
    other = ModelInfo(
        provider="amazon_bedrock",
        served="amazon.nova-pro-v1:0",
        requested="us.meta.llama3-3-70b-instruct-v1:0",
    )

    # 0.15/0.60 and 0.80/3.20
    assert (cost(azure).amount, cost(other).amount) == (Decimal("0.0021"), Decimal("0.0112"))


def test_a_model_its_provider_does_not_list_is_estimated_by_the_makers_price():
    free = ModelInfo(provider="openrouter", served="deepseek/deepseek-chat-v3.1:free")

    assert cost(free).source == "estimate"


def test_a_gateway_names_the_provider_by_a_prefix():
    gateway = ModelInfo(provider="openai", served="gemini/gemini-2.5-pro", endpoint="api.respan.ai")

    assert cost(gateway).source == "genai-prices"


def test_a_prefix_names_the_provider_if_nothing_else_does():
    assert cost(ModelInfo(served="anthropic/claude-opus-5")).source == "genai-prices"
    assert cost(ModelInfo(served="claude-opus-5")).source == "estimate"


def test_lookups_are_cached_with_and_without_a_result():
    prices, gpt = PriceList(), ModelInfo(provider="openai", served="gpt-4o")
    nobody = ModelInfo(provider="acme", served="acme-7b")

    assert prices.find_model(gpt) is prices.find_model(gpt)
    assert prices.find_model(nobody) is prices.find_model(nobody) is None


def test_a_proxy_in_the_users_own_network_is_an_estimate():
    proxy = ModelInfo(provider="openai", served="gpt-4o", endpoint="litellm.internal")

    assert (cost(proxy).amount, cost(proxy).source) == (Decimal("0.035"), "estimate")


@pytest.mark.parametrize("name", ["deepseek-r1:7b", "mistralai/mistral-7b", "openai/gpt-oss-120b"])
def test_a_self_hosted_model_is_not_priced_like_a_similar_one(name):
    own = ModelInfo(provider="openai", served=name, requested=name, endpoint="localhost")

    assert cost(own).status == "unknown"


@pytest.mark.parametrize(
    ("host", "private"),
    [
        (None, False), ("api.openai.com", False), ("8.8.8.8", False),
        ("2001:4860:4860::8888", False), ("localhost", True), ("ollama", True),
        ("127.0.0.1", True), ("192.168.1.7", True),
        ("10.0.0.3", True), ("::1", True), ("llm.internal", True), ("box.local", True),
    ],
)  # fmt: skip
def test_a_private_host_is_recognized_by_its_name_or_address(host, private):
    assert is_private_host(host) is private


@pytest.mark.parametrize(
    ("provider", "price_provider"),
    [
        ("azure", "azure"), ("azureaichatcompletionsmodel", "azure"), ("azure_openai", "azure"),
        ("amazon_bedrock", "aws"), ("bedrock_converse", "aws"), ("anthropic-bedrock", "aws"),
        ("google_genai", "google"), ("google_vertexai", "google"), ("anthropicvertex", "google"),
        ("google_anthropic_vertex", "google"), ("mistralai", "mistral"), ("mistral", "mistral"),
        ("xai", "x-ai"), ("moonshot", "moonshotai"), ("openai-codex", "openai"), ("groq", "groq"),
        ("openai", "openai"), (None, None),
    ],
)  # fmt: skip
def test_langchains_name_of_a_provider_becomes_the_price_providers(provider, price_provider):
    assert get_price_provider(provider) == price_provider


def test_the_price_list_is_loaded_when_the_first_price_is_needed():
    code = (
        "import sys; from respan_langchain.usage.cost import Prices; Prices();"
        "sys.exit('genai_prices' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_new_list_of_prices_is_used_at_once():
    from genai_prices.data_snapshot import DataSnapshot, set_custom_snapshot

    prices, gpt = Prices(), ModelInfo(provider="openai", served="gpt-4o-2024-08-06")
    usage = Usage(input_tokens=1_000, output_tokens=0)
    before = prices.calculate(usage, gpt, Exchange({}), AT_NOON)
    set_custom_snapshot(DataSnapshot(providers=[], from_auto_update=True))
    try:
        after = prices.calculate(usage, gpt, Exchange({}), AT_NOON)
    finally:
        set_custom_snapshot(None)

    assert (before.status, after.status) == ("complete", "unknown")
