"""The tables in docs/delivery.md are those that the scoreboard writes."""

import re

from tests.faults import scoreboard
from tests.faults.cases import CASES

PAGE = scoreboard.PAGE.read_text()
LINE = re.compile(r"\| (.+?)( \| \d+){4} \|")


def test_the_page_shows_each_fault_as_it_was_measured():
    table = scoreboard.table(PAGE, "faults")
    lines = table.removeprefix(scoreboard.FAULTS_HEAD).strip().splitlines()

    assert table.startswith(scoreboard.FAULTS_HEAD)
    assert [found[1] for line in lines if (found := LINE.fullmatch(line))] == list(CASES)


def test_the_page_shows_each_promise_with_its_tests():
    expected = "\n".join([scoreboard.BAR_HEAD, *scoreboard.bar_lines()])

    assert scoreboard.table(PAGE, "promises") == expected
