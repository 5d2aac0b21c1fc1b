"""Reservoirs: a cap for each hour or day, spread over it, from which totals can be estimated."""

import random
from collections import Counter

import pytest

from respan_langchain.rules.reservoir import MAX_STRATA, Reservoir, Strata

DAY = 86_400.0
MIDNIGHT = 20_000 * DAY


def admit_all(times, cap, *, seed=1):
    """The probabilities of the admitted ones, by time."""
    positions, reservoir = random.Random(seed), Reservoir(cap, DAY, times[0])  # noqa: S311
    admitted = [(at, reservoir.admit(positions.random(), at)) for at in times]
    return [(at, probability) for at, probability in admitted if probability is not None]


def test_all_are_kept_while_there_are_fewer_than_the_cap():
    times = [MIDNIGHT + 1_000 * number for number in range(86 * 3)]

    assert [p for _, p in admit_all(times, cap=200)] == [1.0] * len(times)


@pytest.mark.parametrize("burst", [False, True])
def test_no_window_has_more_than_the_cap_and_most_have_more_than_half_of_it(burst):
    rng = random.Random(3)  # noqa: S311
    share = (lambda: rng.random() ** 2) if burst else rng.random
    times = sorted(MIDNIGHT + day * DAY + share() * DAY for day in range(5) for _ in range(5_000))
    by_day = Counter(int(at // DAY) for at, _ in admit_all(times, cap=200))

    assert len(by_day) == 5
    assert all(100 <= count <= 200 for count in by_day.values()), by_day


def test_rows_are_spread_over_the_day():
    times = [MIDNIGHT + number * DAY / 40_000 for number in range(40_000)]
    late = [at for at, _ in admit_all(times, cap=400) if at > MIDNIGHT + DAY / 2]

    assert 120 <= len(late) <= 220


def test_a_day_after_days_without_traffic_starts_with_the_full_cap():
    times = [MIDNIGHT + number for number in range(1_000)]
    times += [MIDNIGHT + 9 * DAY + number * 1_000 for number in range(50)]

    assert sum(at > MIDNIGHT + DAY for at, _ in admit_all(times, cap=100)) == 50


def test_clocks_that_go_back_do_not_start_another_window():
    reservoir = Reservoir(1, DAY, MIDNIGHT)

    assert reservoir.admit(0.0, MIDNIGHT) == 1.0
    assert reservoir.admit(0.0, MIDNIGHT - 1) is None


def test_each_value_has_its_own_cap_and_the_number_of_values_is_bounded():
    strata = Strata(1, DAY)
    first = [strata.admit(f"model {n}", 0.0, MIDNIGHT) for n in range(MAX_STRATA + 5)]

    assert first[:MAX_STRATA] == [1.0] * MAX_STRATA
    assert first[MAX_STRATA:].count(None) == 4
    assert strata.admit("model 0", 0.0, MIDNIGHT) is None
