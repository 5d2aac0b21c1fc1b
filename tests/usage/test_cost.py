"""What a call cost: whose word counts, how sure it is, and how costs add up."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import reduce
from operator import add

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from respan_langchain.errors import ConfigurationError
from respan_langchain.usage.cost import Cost, Exchange, Prices
from respan_langchain.usage.model_info import ModelInfo, get_reported_fields, parse_response
from respan_langchain.usage.usage import Usage

GPT = ModelInfo(provider="openai", served="gpt-4o-2024-08-06", requested="gpt-4o")
OWN = ModelInfo(provider="openai", served="acme-7b", requested="acme-7b", endpoint="llm.acme.com")
USAGE = Usage(1_000, 100, 1_100)
UNKNOWN = Cost(None, None, "unknown")
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
SILENT = Exchange({})
"""A provider that reports no cost."""


@pytest.mark.parametrize(
    "reported",
    [
        {"cost": 0.0123},
        {"response_cost": "0.0123"},
        {"token_usage": {"prompt_tokens": 1, "cost": 0.0123}},
        {"usage": {"cost": {"input_tokens_cost": 0.01, "total_cost": 0.0123}}},
        {"headers": {"x-litellm-response-cost": "0.0123", "date": "today"}},
        {"_hidden_params": {"response_cost": 0.0123}},
        {"cost": None, "usage": {"estimated_cost": 0.0123}},
        {"token_usage": {"prompt_tokens": 1, "cost_in_usd_ticks": 123_000_000}},
        {"cost": 0.0003, "cost_details": {"upstream_inference_cost": 0.012}},
        {
            "token_usage": {
                "cost": 0.0003,
                "is_byok": True,
                "cost_details": {"upstream_inference_cost": 0.012},
            }
        },
    ],
    ids=lambda reported: next(iter(reported)),
)
def test_a_cost_that_the_provider_reports_comes_first(reported):
    prices = Prices({"gpt-4o.*": {"input": 1, "output": 1}})

    assert prices.calculate(USAGE, GPT, Exchange(reported), AT) == Cost(
        Decimal("0.0123"), "provider", "complete"
    )
    assert prices.calculate(None, GPT, Exchange(reported), AT) == Cost(
        Decimal("0.0123"), "provider", "complete"
    )


@pytest.mark.parametrize(
    "reported",
    [
        {"cost": -1}, {"cost": True}, {"cost": float("nan")}, {"cost": "free"}, {"cost": [1]},
        {"cost": {}}, {"token_usage": None}, {"headers": []}, {"cost": False},
    ],
)  # fmt: skip
def test_values_that_are_no_amount_of_money_are_no_cost(reported):
    assert Prices().calculate(USAGE, GPT, Exchange(reported), AT).source == "genai-prices"


def test_upstream_cost_is_added_only_for_the_users_own_key():
    details = {"upstream_inference_cost": 0.012}
    reported = {"cost": 0.0003, "is_byok": False, "cost_details": details}

    assert Prices().calculate(USAGE, GPT, Exchange(reported), AT).amount == Decimal("0.0003")
    reported = {"cost": 0.0003, "is_byok": True, "cost_details": None}
    assert Prices().calculate(USAGE, GPT, Exchange(reported), AT).amount == Decimal("0.0003")


def test_a_reported_cost_of_zero_is_zero():
    assert Prices().calculate(USAGE, GPT, Exchange({"cost": 0}), AT) == Cost(
        Decimal(0), "provider", "complete"
    )


def test_the_reported_cost_is_found_in_a_real_answer():
    message = AIMessage("hi", response_metadata={"token_usage": {"cost": 0.5}})
    answer = LLMResult(generations=[[ChatGeneration(message=message)]], llm_output={"cost": 7})

    assert Prices().calculate(None, GPT, Exchange(get_reported_fields(answer)), AT).amount == 7
    assert (
        Prices().calculate(None, GPT, Exchange(get_reported_fields(LLMResult(generations=[]))), AT)
        == UNKNOWN
    )


def test_the_users_table_comes_before_the_list():
    prices = Prices({"gpt-4o": {"input": 2, "output": 20}})

    # 1,000 * 2 + 100 * 20, by the requested name; the served one is on the list at 2.50/10.
    assert prices.calculate(USAGE, GPT, SILENT, AT) == Cost(Decimal("0.004"), "custom", "complete")


def test_a_name_comes_before_a_pattern_and_the_first_pattern_before_the_others():
    prices = Prices(
        {
            "gpt-.*": {"input": 1, "output": 1},
            "gpt-4o.*": {"input": 2, "output": 2},
            "gpt-4o-2024-08-06": {"input": 3, "output": 3},
        }
    )
    mini = ModelInfo(provider="openai", served="gpt-4o-mini")

    assert prices.calculate(USAGE, GPT, SILENT, AT).amount == Decimal("0.0033")
    assert prices.calculate(USAGE, mini, SILENT, AT).amount == Decimal("0.0011")


def test_a_model_that_is_not_in_the_table_is_priced_by_the_list():
    prices = Prices({"gpt-4": {"input": 1, "output": 1}})

    assert prices.calculate(USAGE, GPT, SILENT, AT).source == "genai-prices"


def test_the_table_prices_every_kind_of_token():
    everything = Usage(
        input_tokens=10_000, output_tokens=5_000, cache_read_tokens=1_000, cache_write_tokens=600,
        cache_write_5m_tokens=200, cache_write_1h_tokens=300, reasoning_tokens=2_000,
        audio_input_tokens=400, audio_output_tokens=500,
    )  # fmt: skip
    table = {
        "input": 1, "cache_read": 0.1, "cache_write": 1.25, "cache_write_5m": 1.5,
        "cache_write_1h": 2, "audio_input": 3, "output": 10, "reasoning": 20, "audio_output": 40,
    }  # fmt: skip

    cost = Prices({"acme-7b": table}).calculate(everything, OWN, SILENT, AT)

    # in: 8,000 fresh at 1, 1,000 at 0.1, 200 at 1.5, 300 at 2, 100 at 1.25, 400 at 3
    # out: 2,500 at 10, 2,000 at 20, 500 at 40
    assert cost == Cost(Decimal("0.095325"), "custom", "complete")


def test_an_impossible_usage_never_costs_less_than_its_parts():
    impossible = Usage(10, 0, cache_read_tokens=1_000)

    cost = Prices({"acme-7b": {"input": 5, "cache_read": 1}}).calculate(impossible, OWN, SILENT, AT)

    assert cost.amount == Decimal("0.001")


def test_a_kind_without_a_price_costs_the_price_of_the_wider_kind():
    cached = Usage(1_000, 0, cache_read_tokens=400, cache_write_tokens=100)

    assert Prices({"acme-7b": {"input": 5}}).calculate(cached, OWN, SILENT, AT).amount == Decimal(
        "0.005"
    )


def test_tokens_that_the_table_cannot_price_make_the_cost_partial():
    prices = Prices({"acme-7b": {"input": 5}})

    assert prices.calculate(USAGE, OWN, SILENT, AT) == Cost(Decimal("0.005"), "custom", "partial")
    assert prices.calculate(Usage(1_000), OWN, SILENT, AT).status == "partial"


def test_a_function_prices_what_it_knows():
    def ours(model, usage):
        return Decimal(usage.total_tokens) if model.served == "acme-7b" else None

    prices = Prices(ours)

    assert prices.calculate(USAGE, OWN, SILENT, AT) == Cost(Decimal(1_100), "custom", "complete")
    assert prices.calculate(USAGE, GPT, SILENT, AT).source == "genai-prices"


@pytest.mark.parametrize("given", [-1, float("inf"), "much", object()])
def test_a_function_that_returns_no_amount_leaves_the_cost_unknown(given):
    assert Prices(lambda model, usage: given).calculate(USAGE, GPT, SILENT, AT) == UNKNOWN


def test_a_function_that_raises_leaves_the_cost_unknown():
    prices = Prices(lambda model, usage: 1 / 0)

    assert prices.calculate(USAGE, GPT, SILENT, AT) == UNKNOWN


@pytest.mark.parametrize(
    ("prices", "says"),
    [
        ({"m": 3}, "'m' needs USD per million tokens"),
        ({"m": {}}, "'m' needs USD per million tokens"),
        ({"m": {"inptu": 1}}, "'inptu'; what can be priced is input, output"),
        ({"m": {"input": -1}}, "-1 for 'm', 'input'"),
        ({"m": {"input": "cheap"}}, "'cheap' for 'm'"),
        ({"m": {"input": True}}, "True for 'm'"),
        ({"m(": {"input": 1}}, "'m(' is neither a model nor a regular expression"),
        ({7: {"input": 1}}, "7 is neither a model nor a regular expression"),
        ("autoupdate", "or 'auto-update'"),
        (3, "give a mapping"),
    ],
)
def test_invalid_prices_are_rejected_when_they_are_passed(prices, says):
    with pytest.raises(ConfigurationError) as refused:
        Prices(prices)

    assert str(refused.value).startswith("prices: ")
    assert says in str(refused.value)


def test_updates_are_wanted_only_when_asked_for():
    assert Prices("auto-update").wants_updates
    assert not Prices().wants_updates
    assert not Prices({"m": {"input": 1}}).wants_updates


def test_a_hit_in_langchains_cache_costs_nothing():
    hit = Usage(0, 0, 0, cache_hit=True)
    prices = Prices(lambda model, usage: 5)

    assert prices.calculate(hit, OWN, Exchange({"cost": 3}), AT) == Cost(
        Decimal(0), None, "complete"
    )


def test_without_usage_the_cost_is_unknown():
    assert Prices().calculate(None, GPT, SILENT, AT) == UNKNOWN


def test_a_rejected_request_costs_nothing():
    refused = {"status_code": 429, "body": {"error": "busy"}, "headers": {}}

    assert Prices().calculate(None, GPT, Exchange(refused), AT) == Cost(
        Decimal(0), None, "complete"
    )
    assert Prices().calculate(None, GPT, Exchange({"status_code": 200}), AT) == UNKNOWN
    assert Prices().calculate(None, GPT, Exchange({"status_code": "429"}), AT) == UNKNOWN


def test_an_error_after_the_first_tokens_is_not_free():
    reported = ChatGeneration(message=AIMessage("Within"))
    error = ChatGeneration(message=AIMessage("", response_metadata={"status_code": 529}))
    answer = LLMResult(generations=[[reported], [error]])

    assert Prices().calculate(None, GPT, Exchange(get_reported_fields(answer)), AT) == UNKNOWN


def test_the_cost_of_an_unpriced_model_is_unknown():
    assert Prices().calculate(USAGE, OWN, SILENT, AT) == UNKNOWN


@pytest.mark.parametrize("provider", ["ollama", "llamacpp", "fakelist", "genericfake", "vllm"])
def test_a_local_model_is_free_only_when_the_user_says_so(provider):
    local = ModelInfo(provider=provider, served="llama3.1:8b")

    assert Prices().calculate(USAGE, local, SILENT, AT) == UNKNOWN
    free = Prices(local_models_free=True).calculate(USAGE, local, SILENT, AT)
    assert free == Cost(Decimal(0), "custom", "complete")
    own = Prices({"llama.*": {"input": 1, "output": 1}}).calculate(USAGE, local, SILENT, AT)
    assert own.amount == Decimal("0.0011")


def test_a_sum_is_exact_and_as_certain_as_its_least_certain_part():
    dime = Cost(Decimal("0.1"), "provider", "complete")
    guess = Cost(Decimal("0.2"), "estimate", "complete")

    assert dime + guess == Cost(Decimal("0.3"), "estimate", "complete")
    assert dime + dime == Cost(Decimal("0.2"), "provider", "complete")


def test_a_sum_with_an_unknown_part_is_partial():
    known = Cost(Decimal("0.1"), "custom", "complete")
    part = Cost(Decimal("0.2"), "custom", "partial")

    assert known + UNKNOWN == Cost(Decimal("0.1"), "custom", "partial")
    assert (part + known).status == (part + UNKNOWN).status == "partial"
    assert UNKNOWN + UNKNOWN == UNKNOWN


def test_a_cache_hit_does_not_change_what_a_sum_is():
    hit = Prices().calculate(Usage(0, 0, 0, cache_hit=True), GPT, SILENT, AT)
    paid = Prices().calculate(USAGE, GPT, SILENT, AT)

    assert hit + paid == paid
    assert (hit + UNKNOWN).status == "partial"


def test_an_agents_calls_add_up_to_what_each_of_them_cost():
    # gpt-4o at 2.50/10, its mini at 0.15/0.60: three calls of an agent and one of its helper.
    prices = Prices()
    mini = ModelInfo(provider="openai", served="gpt-4o-mini-2024-07-18")
    calls = [
        (GPT, Usage(1_000, 50)),
        (GPT, Usage(1_200, 60)),
        (GPT, Usage(1_500, 200)),
        (mini, Usage(3_000, 10)),
    ]

    costs = [prices.calculate(usage, model, SILENT, AT) for model, usage in calls]
    usage = reduce(add, (usage for _, usage in calls))

    # 3,700 * 2.5 + 310 * 10 + 3,000 * 0.15 + 10 * 0.6
    assert reduce(add, costs) == Cost(Decimal("0.012806"), "genai-prices", "complete")
    assert (usage.input_tokens, usage.output_tokens) == (6_700, 320)


costs = st.builds(
    Cost,
    st.one_of(st.none(), st.integers(0, 10**6).map(lambda n: Decimal(n) / 10**6)),
    st.sampled_from(["provider", "custom", "genai-prices", "estimate", None]),
    st.sampled_from(["complete", "partial", "unknown"]),
)


@settings(deadline=None)
@given(costs, costs, costs)
def test_the_order_of_a_sum_does_not_matter(one, two, three):
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(),
    st.dictionaries(st.text(), st.integers()), st.lists(st.integers()),
)  # fmt: skip


@settings(deadline=None)
@given(
    reported=st.dictionaries(
        st.one_of(
            st.text(), st.sampled_from(["cost", "response_cost", "usage", "headers", "is_byok"])
        ),
        anything,
    ),
    names=st.tuples(*[st.one_of(st.none(), st.text())] * 4),
    counts=st.tuples(*[st.one_of(st.none(), st.integers(0, 10**12))] * 2),
)
def test_the_cost_of_any_call_is_an_amount_or_unknown(reported, names, counts):
    provider, served, requested, endpoint = names
    model = ModelInfo(provider=provider, served=served, requested=requested, endpoint=endpoint)

    cost = Prices().calculate(Usage(*counts), model, Exchange(reported), AT)

    assert (cost.amount is None) == (cost.status == "unknown")
    assert cost.amount is None or cost.amount >= 0


class WithoutTruth:
    """What has no truth value, such as an array of numbers."""

    def __bool__(self):
        raise ValueError("ambiguous")


@pytest.mark.parametrize(
    "name", ["usage", "token_usage", "headers", "_hidden_params", "ResponseMetadata"]
)
def test_a_reported_value_without_truth_value_is_passed_over(name):
    message = AIMessage("hi", response_metadata={name: WithoutTruth()})
    response = LLMResult(generations=[[ChatGeneration(message=message)]])
    exchange = Exchange(get_reported_fields(response), answer=message)
    info = parse_response(GPT, message, exchange.reported)

    assert Prices().calculate(USAGE, info, exchange, AT).status == "complete"
