"""Two calls with one run id are two rows, on the wire and on disk."""

import pytest

from tests.faults.cases import Case, play, store_and_reset
from tests.faults.server import healthy


def store_half_and_reset(request):
    request.store(request.ids[: len(request.ids) // 2])
    request.reset()


def store_each_once_and_reset(request):
    request.store(sorted(set(request.ids)))
    request.reset()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "resent"),
    [
        (healthy, 0),
        (store_and_reset, 0),
        # No later row proves that the others are missing.
        (store_half_and_reset, 20),
        (store_each_once_and_reset, 20),
    ],
)
def test_rows_with_equal_ids_are_both_delivered_once_after_a_lost_response(first, resent):
    outcome = play(Case("equal ids", "equal_ids_and_flush", count=20, moods=(first,)))

    assert outcome.said["flush"] is True
    assert (outcome.said["captured"], outcome.said["delivered"]) == (40, 40)
    assert (outcome.stored, outcome.doubled, outcome.said["resent"]) == (20, 20, resent)


@pytest.mark.slow
@pytest.mark.parametrize("first", [healthy, store_and_reset])
def test_rows_with_equal_ids_are_both_on_disk_for_the_next_process(first):
    case = Case(
        "equal ids on disk",
        "equal_ids_and_die",
        count=20,
        moods=(first,),
        level="durable",
        then="adopt",
    )

    outcome = play(case)

    assert outcome.after["adopted"] == 40
    assert (outcome.stored, outcome.doubled) == (20, 20)
