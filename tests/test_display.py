"""Values and figures as the terminal, the pages and notebooks show them."""

import doctest

import pytest

from respan_langchain import _display
from respan_langchain._display import UNKNOWN, render_pairs, render_table, shorten


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


def test_every_cell_and_name_is_escaped():
    bad = "<script>alert(1)</script>"

    for html in (render_table([bad], [[bad], [{"a": bad}]]), render_pairs([(bad, bad)])):
        assert "<script" not in html
        assert html.count("&lt;script&gt;") >= 2


def test_long_texts_are_cut_to_one_line():
    assert shorten("a\n b " + "c" * 300, 10) == "a b ccccc…"
