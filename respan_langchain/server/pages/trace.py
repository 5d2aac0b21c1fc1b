"""The other rows of a row's trace: its root, and the calls in it."""

import sqlite3

from respan_langchain._display import format_count, format_duration
from respan_langchain.server.html import Html, element, log_link, visible_text

MAX_INDENT = 2
"""Steps to the right; deeper ones stand with these."""


def trace_list(dataset_id: str, row: sqlite3.Row, trace: list[sqlite3.Row]) -> Html | None:
    """List a trace, each row under the one that it belongs to; None for a row by itself."""
    if len(trace) < 2:
        return None
    lines = [
        element("li", _line(dataset_id, one, depth, is_here=one["seq"] == row["seq"]))
        for one, depth in _in_order(trace)
    ]
    title = f"Trace, {format_count(len(trace))} rows"
    return element("section", element("h2", title), element("ol", *lines, class_="trace"))


def _in_order(trace: list[sqlite3.Row]) -> list[tuple[sqlite3.Row, int]]:
    """Put each row after its parent, with its depth.

    A parent that was not captured is the trace's root, as far as can be told.
    """
    children = _by_parent(trace)
    listed: list[tuple[sqlite3.Row, int]] = []
    waiting = [(row, 0) for row in reversed(children.pop(None, []))]
    while waiting:
        row, depth = waiting.pop()
        listed.append((row, depth))
        below = children.pop(row["seq"], [])
        waiting += [(child, min(depth + 1, MAX_INDENT)) for child in reversed(below)]
    # What names itself as its own ancestor is under nobody.
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
    status = row["status"] if row["status"] in {"success", "error"} else "unknown"
    name = row["span_name"] or row["log_type"] or "Row"
    kind = element("small", visible_text(row["log_type"])) if row["log_type"] else None
    parts = [
        element("span", class_=f"dot dot-{status}"),
        element("span", visible_text(name), kind, class_="name", dir="auto"),
        element("span", format_duration(row["latency"]), class_="took"),
    ]
    place = f"deep-{depth}"
    if is_here:
        return element("span", *parts, aria_current="true", class_=place)
    return element("a", *parts, href=log_link(dataset_id, row["unique_id"]), class_=place)
