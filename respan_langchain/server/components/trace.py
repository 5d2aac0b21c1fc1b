"""The trace of a row: its root and the calls in it."""

import sqlite3

from respan_langchain._display import format_count, format_duration
from respan_langchain.server import layout
from respan_langchain.server.html import Html, element, log_link, visible_text
from respan_langchain.server.preview import row_name, status_class

MAX_INDENT = 8
"""Levels of indentation; deeper rows have the last one."""


def trace_list(dataset_id: str, row: sqlite3.Row, trace: list[sqlite3.Row]) -> Html | None:
    """Show a trace as a waterfall, each row below its parent; None for a row without a trace."""
    if len(trace) < 2:
        return None
    # A row's timestamp is its end.
    begin = min(one["happened_at"] - (one["latency"] or 0.0) for one in trace)
    end = max(one["happened_at"] for one in trace)
    lines = [
        element(
            "li",
            _line(dataset_id, one, depth, is_here=one["seq"] == row["seq"]),
            _bar(one, begin, end),
        )
        for one, depth in _in_order(trace)
    ]
    title = f"Trace, {format_count(len(trace))} rows"
    return layout.section(title, element("ol.trace", *lines))


def _bar(row: sqlite3.Row, begin: float, end: float) -> Html | None:
    """Draw when a row ran within its trace; None where its latency is unknown."""
    if row["latency"] is None or end <= begin:
        return None
    scale = 100 / (end - begin)
    start = (row["happened_at"] - row["latency"] - begin) * scale
    width = max(row["latency"] * scale, 1.0)
    rect = element(
        "rect.span", x=f"{min(start, 99.0):.2f}", y="0", width=f"{width:.2f}", height="3"
    )
    offset = format_duration(row["happened_at"] - row["latency"] - begin)
    title = element("title", f"Starts after {offset}, takes {format_duration(row['latency'])}")
    return element("svg.waterfall", title, rect, viewBox="0 0 100 3", preserveAspectRatio="none")


def _in_order(trace: list[sqlite3.Row]) -> list[tuple[sqlite3.Row, int]]:
    """Order the rows so that each follows its parent, with its depth.

    Where a parent was not captured, the row is placed below the root.
    """
    children = _by_parent(trace)
    listed: list[tuple[sqlite3.Row, int]] = []
    waiting = [(row, 0) for row in reversed(children.pop(None, []))]
    while waiting:
        row, depth = waiting.pop()
        listed.append((row, depth))
        below = children.pop(row["seq"], [])
        waiting += [(child, min(depth + 1, MAX_INDENT)) for child in reversed(below)]
    # A row that is its own ancestor is below no root.
    return listed + [(row, 0) for rows in children.values() for row in rows]


def _by_parent(trace: list[sqlite3.Row]) -> dict[int | None, list[sqlite3.Row]]:
    spans = {row["span_unique_id"]: row for row in trace}
    root = next((row for row in trace if row["span_parent_id"] is None), None)
    children: dict[int | None, list[sqlite3.Row]] = {}
    for row in trace:
        parent = None if row is root else spans.get(row["span_parent_id"], root)
        above = None if parent is None or parent is row else parent["seq"]
        children.setdefault(above, []).append(row)
    return children


def _line(dataset_id: str, row: sqlite3.Row, depth: int, *, is_here: bool) -> Html:
    kind = element("small", visible_text(row["log_type"])) if row["log_type"] else None
    parts = [
        element("span", class_=f"dot dot-{status_class(row)}"),
        element("span.name", visible_text(row_name(row)), kind, dir="auto"),
        element("span.took", format_duration(row["latency"])),
    ]
    place = f"deep-{depth}"
    if is_here:
        return element("span", *parts, aria_current="true", class_=place)
    return element("a", *parts, href=log_link(dataset_id, row["unique_id"]), class_=place)
