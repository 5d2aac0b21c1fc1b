"""A wall clock that is wrong or jumps by hours delays, doubles and loses nothing."""

import pytest

from tests.faults.cases import answers, failing, store_and_reset
from tests.faults.hosting import app, host
from tests.faults.server import FaultServer, Listing, healthy

pytestmark = pytest.mark.slow

JUMPS = ["0 1 0", "0 -1 0", "1 0 -1"]


@pytest.mark.parametrize("hours", ["1", "-1"])
def test_rows_are_found_in_a_list_without_filters_by_a_machine_whose_clock_is_wrong(
    hours, tmp_path
):
    with FaultServer(
        moods=[healthy, store_and_reset], listing=Listing(has_filters=False)
    ) as server:
        ended = host(tmp_path, server.url, *app("clocks", "deliver", hours))

    (report,) = ended.said
    assert report["flush"] is True
    assert (len(server.stored), server.doubled, report["resent"]) == (500, 0, 0)


@pytest.mark.parametrize("hours", JUMPS)
def test_a_clock_that_jumps_while_rows_wait_for_a_retry_or_a_lookup_delays_nothing(hours, tmp_path):
    moods = [*failing(503, 2), store_and_reset]
    with FaultServer(moods=moods) as server:
        ended = host(tmp_path, server.url, *app("clocks", "deliver", *hours.split()))

    (report,) = ended.said
    assert report["flush"] is True
    assert (len(server.stored), server.doubled, report["resent"]) == (500, 0, 0)


@pytest.mark.parametrize("hours", ["0 1", "1 0", "200 0"])
def test_a_clock_that_jumps_while_rows_are_on_disk_expires_none(hours, tmp_path):
    place = {"RESPAN_DELIVERY": "durable", "RESPAN_SPOOL_DIR": str(tmp_path / "spool")}
    with FaultServer(mood=answers(503)) as server:
        left = host(tmp_path, server.url, *app("clocks", "leave", *hours.split()), told=place)
        server.mood = healthy
        host(tmp_path, server.url, *app("clocks", "deliver", "0"), told=place)

    assert left.said[0]["pending"] == 80
    assert (len(server.stored), server.doubled) == (580, 0)
