"""The arithmetic of a price: what is paid, and when a price is complete."""

from decimal import Decimal

import pytest

from respan_langchain.usage.rates import Consumption, Rates
from respan_langchain.usage.usage import Usage

USAGE = Usage(1_000, 100, 1_100)
TEXT = {"input": Decimal(2), "output": Decimal(10)}
BY_HAND = Decimal("0.003")  # 1,000 * 2 + 100 * 10


def test_a_fee_is_paid_for_each_use_and_a_request_once():
    rates = Rates(TEXT, {"web_search": Decimal("0.01"), "request": Decimal("0.005")})

    assert rates.calculate(Consumption(USAGE, {"web_search": 3})) == (
        BY_HAND + Decimal("0.035"),
        True,
    )
    assert rates.calculate(Consumption(USAGE)) == (BY_HAND + Decimal("0.005"), True)


@pytest.mark.parametrize(
    "tools", [{"web_search": None}, {"telescope": 1}, {"telescope": None}], ids=str
)
def test_a_tool_without_a_fee_or_a_count_leaves_the_price_incomplete(tools):
    rates = Rates(TEXT, {"web_search": Decimal("0.01")})

    assert rates.calculate(Consumption(USAGE, tools)) == (BY_HAND, False)


def test_a_tool_that_was_not_used_costs_nothing():
    assert Rates(TEXT).calculate(Consumption(USAGE, {"telescope": 0})) == (BY_HAND, True)


@pytest.mark.parametrize(
    "usage",
    [
        Usage(1_000, None, None), Usage(None, 100, None), Usage(None, None, 1_100),
        Usage(1_000, 100, 1_500),
    ],
    ids=["no output", "no input", "total alone", "total above its parts"],
)  # fmt: skip
def test_a_usage_that_is_not_fully_reported_leaves_the_price_incomplete(usage):
    assert not Rates(TEXT).calculate(Consumption(usage)).is_complete


def test_an_image_is_paid_at_its_own_price():
    rates = Rates({**TEXT, "image_output": Decimal(30)})
    drawn = Usage(1_000, 1_395, 2_395, image_output_tokens=1_295)

    # the text as before, and 1,295 * 30
    assert rates.calculate(Consumption(drawn)) == (BY_HAND + Decimal("0.03885"), True)


def test_uncounted_media_with_a_higher_price_leave_the_price_incomplete():
    dearer = Rates({**TEXT, "audio_input": Decimal(32)})
    same = Rates({**TEXT, "audio_input": Decimal(2)})
    heard = Consumption(USAGE, find_media=lambda kinds: "audio_input" in kinds)
    counted = Consumption(
        Usage(1_000, 100, 1_100, audio_input_tokens=0), find_media=lambda kinds: True
    )

    assert dearer.calculate(heard) == (BY_HAND, False)
    assert same.calculate(heard) == (BY_HAND, True)
    assert dearer.calculate(counted) == (BY_HAND, True)


def test_a_price_that_is_only_guessed_leaves_the_price_incomplete_where_it_is_used():
    guessed = Rates(TEXT, guessed_kinds=frozenset({"audio_output", "image_output"}))
    spoken = Usage(1_000, 100, 1_100, audio_output_tokens=40)
    drawn = Consumption(USAGE, find_media=lambda kinds: "image_output" in kinds)

    assert guessed.calculate(Consumption(spoken)) == (BY_HAND, False)
    assert guessed.calculate(drawn) == (BY_HAND, False)
    assert guessed.calculate(Consumption(USAGE)) == (BY_HAND, True)
