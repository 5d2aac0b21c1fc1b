"""Rows side by side, with their differences from the first one word by word."""

import re
import sqlite3
from difflib import SequenceMatcher
from typing import Any

from respan_langchain._display import UNKNOWN, content_text
from respan_langchain.embedded.http import HttpError, Response
from respan_langchain.embedded.store import datasets_table, logs_table, scores_table
from respan_langchain.server import layout
from respan_langchain.server.components.messages import MAX_CHARS, ContentRenderer
from respan_langchain.server.formatting import FIGURES, format_score
from respan_langchain.server.html import Html, element, join, log_link, time_element, visible_text
from respan_langchain.server.page_request import PageRequest
from respan_langchain.server.preview import parse_stored, pretty, row_name

MAX_ROWS = 6
MAX_WORDS = 1000
"""Longer texts are shown without marking their differences."""


def show(asked: PageRequest) -> Response:
    """Show rows of a dataset side by side."""
    unique_ids = list(dict.fromkeys(asked.parameters("row")))
    with asked.store.reading() as connection:
        dataset = datasets_table.get(connection, asked.dataset_id)
        if not 2 <= len(unique_ids) <= MAX_ROWS:
            raise HttpError(400, f"Mark 2 to {MAX_ROWS} rows to compare them.")
        rows = [logs_table.get(connection, dataset["seq"], unique_id) for unique_id in unique_ids]
        scores = scores_table.list_for_logs(connection, [row["seq"] for row in rows])
    return layout.page(
        "Comparison",
        element("h1", "Comparison"),
        _figures(asked.dataset_id, rows, [scores.get(row["seq"], []) for row in rows]),
        _section("Input", rows, "input"),
        _section("Output", rows, "output"),
        _section("Expected output", rows, "expected_output"),
        _trajectories(rows),
        breadcrumbs=layout.breadcrumbs(dataset, "Comparison"),
    )


def _figures(dataset_id: str, rows: list[sqlite3.Row], scores: list[list[sqlite3.Row]]) -> Html:
    names = [element("th", _name(dataset_id, row), scope="col") for row in rows]
    facts = [
        _line(title, [str(row[column] or UNKNOWN) for row in rows])
        for title, column in [("Model", "model"), ("Status", "status")]
    ]
    figures = [
        _line(
            title,
            [write(row[column]) for row in rows],
            _changes([row[column] for row in rows]),
        )
        for title, column, write in FIGURES
    ]
    lines = [*facts, *figures, *_score_lines(scores)]
    return layout.table([element("td"), *names], lines, "comparison")


def _score_lines(scores: list[list[sqlite3.Row]]) -> list[Html]:
    by_row = [{one["evaluator"]: one["score"] for one in of_row} for of_row in scores]
    evaluators = sorted({name for of_row in by_row for name in of_row})
    return [
        _line(f"Score: {name}", [format_score(of_row.get(name)) for of_row in by_row])
        for name in evaluators
    ]


def _line(title: str, values: list[str], changes: list[str] | None = None) -> Html:
    cells = [
        element("td.number", visible_text(value), element("small.hint", change) if change else None)
        for value, change in zip(values, changes or [""] * len(values), strict=True)
    ]
    return element("tr", element("th", visible_text(title), scope="row"), *cells)


def _changes(values: list[float | None]) -> list[str]:
    """Describe how each value differs from the first."""
    first, *others = values
    return ["", *(_difference(first, other) for other in others)]


def _name(dataset_id: str, row: sqlite3.Row) -> Html:
    address = log_link(dataset_id, row["unique_id"])
    link = element("a", visible_text(row_name(row)), href=address)
    return join(link, time_element(row["happened_at"]))


def _difference(one: float | None, other: float | None) -> str:
    if one is None or other is None:
        return ""
    if one == other:
        return "same"
    if one == 0:
        return "+" if other > 0 else "\u2212"
    change = (other - one) / one
    sign = "+" if change > 0 else "\u2212"
    return f"{sign}{abs(change):.0%}"


def _section(title: str, rows: list[sqlite3.Row], name: str) -> Html | None:
    """Show one content of all rows, with what differs from the first row marked."""
    stored = [row[name] for row in rows]
    if not any(one is not None for one in stored):
        return None
    if len(set(stored)) == 1:
        content = element("div.side", ContentRenderer().render(parse_stored(stored[0])))
        note = element("span.hint", "the same in all")
        return element("section.compared", element("h2", title, note), content)
    values = [parse_stored(one) for one in stored]
    diffs = [_diff(values[0], other) for other in values[1:]]
    # With more than two rows, the first one is what the others are compared with.
    first = diffs[0][0] if len(diffs) == 1 else _diff(values[0], values[0])[0]
    return _columns(title, [first, *(side for _, side in diffs)])


def _trajectories(rows: list[sqlite3.Row]) -> Html | None:
    metadata = [parse_stored(row["metadata"]) for row in rows]
    steps = [one.get("trajectory") if isinstance(one, dict) else None for one in metadata]
    if not any(steps):
        return None
    return _columns(
        "Tools",
        [
            ContentRenderer().steps(one)
            if isinstance(one, list) and one
            else layout.nothing("No tools.")
            for one in steps
        ],
    )


def _columns(title: str, sides: list[Html]) -> Html:
    columns = [element("div.side", side) for side in sides]
    return layout.section(title, element("div.sides", *columns), kind="compared")


def _diff(one: Any, other: Any) -> tuple[Html, Html]:
    """Mark what only one side has, where both texts are short enough."""
    before, after = (re.findall(r"\w+\s*|[^\w\s]\s*|\s+", _text(side)) for side in (one, other))
    if max(len(before), len(after)) > MAX_WORDS or not before or not after:
        return _content(one), _content(other)
    left: list[Html] = []
    right: list[Html] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        left.append(_piece("del", "".join(before[a:b]), kind != "equal"))
        right.append(_piece("ins", "".join(after[c:d]), kind != "equal"))
    return _side(left), _side(right)


def _content(value: Any) -> Html:
    return layout.nothing("None.") if value is None else ContentRenderer().render(value)


def _side(pieces: list[Html]) -> Html:
    return element("div.text", *pieces, dir="auto")


def _piece(name: str, text: str, marked: bool) -> Html:
    return element(name, visible_text(text)) if marked and text else visible_text(text)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n\n".join(_text(one) for one in value)[:MAX_CHARS]
    if value is None:
        return ""
    if isinstance(value, dict) and isinstance(value.get("role"), str):
        return f"{value['role']}: {content_text(value)}"
    if isinstance(value, dict) and list(value) == ["messages"]:
        return _text(value["messages"])
    return (value if isinstance(value, str) else pretty(value))[:MAX_CHARS]
