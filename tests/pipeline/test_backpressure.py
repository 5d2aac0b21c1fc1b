"""How far behind is too far: decisions of `backlog.py`, by numbers."""

import pytest

from respan_langchain.pipeline.backpressure import FAR_BEHIND, STUCK, TURN, Backpressure


@pytest.mark.parametrize(
    ("read_at", "waiting", "turn"),
    [
        (10.0, FAR_BEHIND, 0.0),
        (10.0, FAR_BEHIND + 1, TURN),
        (10.0 - STUCK, FAR_BEHIND + 1, 0.0),
    ],
)
def test_a_call_waits_for_its_turn_far_behind_but_not_for_who_hangs(read_at, waiting, turn):
    backlog = Backpressure(1_000_000)
    backlog.read_at = read_at

    assert backlog.wait_budget(10.0, waiting) == turn
