"""A short soak: nothing is lost, and rows are stored twice only where that was counted."""

import pytest

from tests.faults import soak


@pytest.mark.slow(seconds=40)
def test_half_a_minute_of_faults_forks_and_kills_loses_nothing(tmp_path):
    figures = soak.run(30.0, tmp_path)

    assert all(one.holds for one in figures), [str(one) for one in figures]
