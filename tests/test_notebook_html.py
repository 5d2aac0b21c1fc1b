"""What Python and notebooks show of logs, captured rows and counts: short, and escaped."""

from langchain_core.language_models import FakeListChatModel

from respan_langchain import Stats, capture
from respan_langchain._notebook_html import render_pairs, render_table, shorten


def test_every_cell_and_name_is_escaped():
    bad = "<script>alert(1)</script>"

    for html in (render_table([bad], [[bad], [{"a": bad}]]), render_pairs([(bad, bad)])):
        assert "<script" not in html
        assert html.count("&lt;script&gt;") >= 2


def test_long_texts_are_cut_to_one_line():
    assert shorten("a\n b " + "c" * 300, 10) == "a b ccccc…"


def test_stats_are_one_line_and_a_short_table():
    stats = Stats(captured=3, delivered=2, dropped={"queue_full": 1})

    assert repr(stats) == "Stats(captured=3 delivered=2 pending=0 dropped[queue_full]=1 requests=0)"
    html = stats._repr_html_()
    assert "captured" in html
    assert "queue_full" in html
    assert "rejected" not in html


def test_captured_rows_are_counted_and_shown_as_a_table(platform):
    with capture("nightly", base_url=platform) as captured:
        FakeListChatModel(responses=["<b>Yes."]).invoke("Open?")

    assert repr(captured) == "CaptureResult(1 rows)"
    html = captured._repr_html_()
    assert "Open?" in html
    assert "&lt;b&gt;Yes." in html
