"""How far behind is too far: decisions of `backlog.py`, by numbers."""

import pytest

from respan_langchain.backlog import FAR_BEHIND, LONGEST_MOMENT, STUCK, Backlog


@pytest.mark.parametrize(
    ("read_at", "waiting", "moment"),
    [
        (10.0, FAR_BEHIND, 0.0),
        (10.0, FAR_BEHIND * 3 // 2, 0.001),
        (10.0, FAR_BEHIND * 3, 0.004),
        (10.0, FAR_BEHIND * 1_000, LONGEST_MOMENT),
        (9.9 - STUCK, FAR_BEHIND * 3, 0.0),
    ],
)
def test_a_call_waits_the_longer_the_more_is_behind_but_not_for_who_hangs(read_at, waiting, moment):
    backlog = Backlog(1_000_000)
    backlog.read_at = read_at

    assert backlog.moment(10.0, waiting) == pytest.approx(moment)
