"""Two rows side by side, with their differences word by word."""

import re
import sqlite3
from collections.abc import Callable
from difflib import SequenceMatcher
from typing import Any

from respan_langchain._display import (
    UNKNOWN,
    content_text,
    format_cost,
    format_count,
    format_duration,
)
from respan_langchain.embedded.http import HttpError, Response
from respan_langchain.embedded.store import datasets_table, logs_table
from respan_langchain.embedded.store.store import Store
from respan_langchain.server import layout
from respan_langchain.server.formatting import format_iso, format_time
from respan_langchain.server.html import Html, dataset_link, element, join, log_link, visible_text
from respan_langchain.server.pages.messages import MAX_CHARS, ContentRenderer
from respan_langchain.server.preview import parse_stored, pretty

MAX_WORDS = 1000
"""Longer texts are shown without marking their differences."""

FIGURES: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("Tokens in", "prompt_tokens", format_count),
    ("Tokens out", "completion_tokens", format_count),
    ("Cost", "cost", format_cost),
    ("Latency", "latency", format_duration),
    ("First token", "time_to_first_token", format_duration),
)


def show(store: Store, dataset_id: str, unique_ids: list[str]) -> Response:
    """Show two rows of a dataset."""
    with store.reading() as connection:
        dataset = datasets_table.get(connection, dataset_id)
        if len(unique_ids) != 2:
            raise HttpError(400, "Mark two rows to compare them.")
        one, other = (
            logs_table.get(connection, dataset["seq"], unique_id) for unique_id in unique_ids
        )
    crumbs = layout.breadcrumbs(
        ("Datasets", "/"), (dataset["name"], dataset_link(dataset_id)), ("Comparison", "")
    )
    return layout.page(
        "Comparison",
        element("h1", "Comparison"),
        _figures(dataset_id, one, other),
        _section("Input", one, other, "input"),
        _section("Output", one, other, "output"),
        _section("Expected output", one, other, "expected_output"),
        breadcrumbs=crumbs,
    )


def _figures(dataset_id: str, one: sqlite3.Row, other: sqlite3.Row) -> Html:
    head = element(
        "tr",
        element("td"),
        *[element("th", _name(dataset_id, row), scope="col") for row in (one, other)],
        element("th", "Difference", scope="col", class_="number"),
    )
    lines = [
        element(
            "tr",
            element("th", title, scope="row"),
            element("td", write(one[column]), class_="number"),
            element("td", write(other[column]), class_="number"),
            element("td", _difference(one[column], other[column]), class_="number"),
        )
        for title, column, write in FIGURES
    ]
    facts = [
        element(
            "tr",
            element("th", title, scope="row"),
            *[element("td", visible_text(row[column] or UNKNOWN), class_="number")
              for row in (one, other)],
            element("td", "" if one[column] == other[column] else "differs", class_="number"),
        )
        for title, column in [("Model", "model"), ("Status", "status")]
    ]  # fmt: skip
    table = element("table", element("thead", head), element("tbody", *facts, *lines))
    return element("div", table, class_="table-frame comparison")


def _name(dataset_id: str, row: sqlite3.Row) -> Html:
    name = row["span_name"] or row["log_type"] or "Row"
    when = element("time", format_time(row["happened_at"]), datetime=format_iso(row["happened_at"]))
    link = element("a", visible_text(name), href=log_link(dataset_id, row["unique_id"]))
    return join(link, when)


def _difference(one: float | None, other: float | None) -> str:
    if one is None or other is None:
        return UNKNOWN
    if one == other:
        return "same"
    if one == 0:
        return "+" if other > 0 else "\u2212"
    change = (other - one) / one
    sign = "+" if change > 0 else "\u2212"
    return f"{sign}{abs(change):.0%}"


def _section(title: str, one: sqlite3.Row, other: sqlite3.Row, name: str) -> Html | None:
    if one[name] is None and other[name] is None:
        return None
    if one[name] == other[name]:
        content = element("div", ContentRenderer().render(parse_stored(one[name])), class_="side")
        note = element("span", "the same in both", class_="hint")
        return element("section", element("h2", title, note), content, class_="compared")
    sides = _diff(parse_stored(one[name]), parse_stored(other[name]))
    columns = [element("div", side, class_="side") for side in sides]
    return element(
        "section", element("h2", title), element("div", *columns, class_="sides"), class_="compared"
    )


def _diff(one: Any, other: Any) -> tuple[Html, Html]:
    """Mark what only one side has, where both texts are short enough."""
    before, after = (re.findall(r"\w+\s*|[^\w\s]\s*|\s+", _text(side)) for side in (one, other))
    if max(len(before), len(after)) > MAX_WORDS or not before or not after:
        return ContentRenderer().render(one), ContentRenderer().render(other)
    left: list[Html] = []
    right: list[Html] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        left.append(_piece("del", "".join(before[a:b]), kind != "equal"))
        right.append(_piece("ins", "".join(after[c:d]), kind != "equal"))
    return _side(left), _side(right)


def _side(pieces: list[Html]) -> Html:
    return element("div", *pieces, class_="text", dir="auto")


def _piece(name: str, text: str, marked: bool) -> Html:
    return element(name, visible_text(text)) if marked and text else visible_text(text)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n\n".join(_text(one) for one in value)[:MAX_CHARS]
    if value is None:
        return ""
    if isinstance(value, dict) and isinstance(value.get("role"), str):
        return f"{value['role']}: {content_text(value)}"
    return (value if isinstance(value, str) else pretty(value))[:MAX_CHARS]
