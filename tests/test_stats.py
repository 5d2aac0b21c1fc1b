"""The counts of a handler, in Python and in notebooks."""

from respan_langchain import Stats


def test_stats_are_one_line_and_a_short_table():
    stats = Stats(captured=3, delivered=2, dropped={"queue_full": 1})

    assert repr(stats) == "Stats(captured=3 delivered=2 pending=0 dropped[queue_full]=1 requests=0)"
    html = stats._repr_html_()
    assert "captured" in html
    assert "queue_full" in html
    assert "rejected" not in html
