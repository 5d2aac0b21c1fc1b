"""Every promise of the bar has its tests; none may go missing."""

from pathlib import Path

import pytest

from tests.faults.bar import BAR

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("promise", BAR)
def test_each_promise_has_tests(promise):
    for test in BAR[promise]:
        file, name = test.split(" ", 1)
        assert name in (TESTS / f"{file}.py").read_text(), test
