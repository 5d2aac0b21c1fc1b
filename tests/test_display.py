"""Values and figures as the terminal and the pages show them."""

import doctest

import pytest

from respan_langchain import _display
from respan_langchain._display import UNKNOWN


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(_display).failed == 0


@pytest.mark.parametrize(
    "format_figure",
    [
        _display.format_cost,
        _display.format_count,
        _display.format_short_count,
        _display.format_duration,
    ],
)
def test_unknown_is_not_shown_as_zero(format_figure):
    assert format_figure(None) == UNKNOWN
    assert "0" in format_figure(0)
