"""The table of a dataset's rows."""

import sqlite3
from collections.abc import Mapping

from respan_langchain._display import UNKNOWN, format_cost, format_count, format_duration
from respan_langchain.server.formatting import format_iso, format_time
from respan_langchain.server.html import (
    Html,
    dataset_link,
    element,
    join,
    log_link,
    strip_invisible,
    visible_text,
)
from respan_langchain.server.preview import parse_stored, preview
from respan_langchain.server.query import View

Scores = Mapping[int, list[sqlite3.Row]]

COLUMNS = (
    ("created_at", "When", "when"),
    ("name", "Kind", "kind"),
    ("", "Input", "said-in"),
    ("", "Output", "said-out"),
    ("model", "Model", "model"),
    ("tokens", "Tokens", "number"),
    ("cost", "Cost", "number cost"),
    ("latency", "Latency", "number"),
)
"""What it is sorted by, its name, its class."""


def rows_table(dataset_id: str, view: View, rows: list[sqlite3.Row], scores: Scores) -> Html:
    """Make the table, in a form that compares the rows that are marked."""
    mark = element(
        "th", element("span", "Compare", class_="for-readers"), scope="col", class_="mark"
    )
    heads = [_head(dataset_id, view, *column) for column in COLUMNS]
    body = [_row(dataset_id, view, row, scores.get(row["seq"], [])) for row in rows]
    table = element(
        "table",
        element("thead", element("tr", mark, *heads)),
        element("tbody", *body),
        class_="rows",
    )
    bar = element(
        "div",
        element("span", "Mark two rows to compare them", class_="hint"),
        element("button", "Compare", type="submit", class_="primary"),
        class_="compare-bar",
    )
    return element(
        "form",
        element("div", table, class_="table-frame"),
        bar,
        method="get",
        action=dataset_link(dataset_id, "compare"),
        class_="rows-form",
    )


def _head(dataset_id: str, view: View, sort: str, name: str, kind: str) -> Html:
    if not sort:
        return element("th", name, scope="col", class_=kind)
    down = view.sort == f"-{sort}"
    is_sorted = view.sort.removeprefix("-") == sort
    address = dataset_link(dataset_id, "", view.query(sort=sort if down else f"-{sort}", page=1))
    arrow = element("span", "\u2193" if down else "\u2191", class_="arrow") if is_sorted else None
    order = ("descending" if down else "ascending") if is_sorted else None
    link = element("a", name, arrow, href=address)
    return element("th", link, scope="col", class_=kind, aria_sort=order)


def _row(dataset_id: str, view: View, row: sqlite3.Row, scores: list[sqlite3.Row]) -> Html:
    address = log_link(dataset_id, row["unique_id"], query=view.query(page=1))
    said = preview(parse_stored(row["input"])) or "(empty)"
    link = element("a", visible_text(said), href=address, class_="row-link", dir="auto")
    output = element("span", visible_text(_output(row)), dir="auto")
    judged = element("div", *[_score(score) for score in scores[:3]]) if scores else None
    return element(
        "tr",
        element("td", _mark(row), class_="mark"),
        element("td", _state(row), _timestamp(row["happened_at"]), class_="when"),
        element("td", *_kind(row), class_="kind"),
        element("td", link, class_="said-in"),
        element("td", output, judged, class_="said-out"),
        element("td", visible_text(row["model"] or UNKNOWN), class_="model"),
        _number("tokens", format_count(row["total_tokens"])),
        _number("cost", format_cost(row["cost"])),
        _number("", format_duration(row["latency"])),
        data_row=True,
        data_id=row["unique_id"],
        class_="failed" if row["status"] == "error" else None,
    )


def _output(row: sqlite3.Row) -> str:
    if row["output"] is None:
        return row["error_message"] or UNKNOWN
    return preview(parse_stored(row["output"])) or "(empty)"


def _mark(row: sqlite3.Row) -> Html:
    return element(
        "input", type="checkbox", name="row", value=row["unique_id"], aria_label="Mark to compare"
    )


def _state(row: sqlite3.Row) -> Html:
    status = row["status"]
    known = status if status in {"success", "error"} else "unknown"
    said = element("span", visible_text(status or "unknown"), class_="for-readers")
    return element(
        "span", said, class_=f"dot dot-{known}", title=strip_invisible(status or "status unknown")
    )


def _timestamp(moment: float) -> Html:
    return element("time", format_time(moment), datetime=format_iso(moment))


def _kind(row: sqlite3.Row) -> list[Html]:
    name = row["span_name"] or row["log_type"] or UNKNOWN
    parts = [element("span", visible_text(name), class_="name")]
    if row["log_type"] and row["span_name"]:
        parts.append(element("span", visible_text(row["log_type"]), class_="type"))
    return parts


def _number(unit: str, figure: str) -> Html:
    return element("td", figure, class_="number", data_unit=unit or None)


def _score(score: sqlite3.Row) -> Html:
    value = score["score"]
    kind = {1: "good", 0: "bad", None: "plain"}[score["passed"]]
    figure = f"{value:.2g}" if isinstance(value, float) else UNKNOWN
    label = join(visible_text(str(score["evaluator"]).partition(":")[0]), " ", figure)
    return element("span", label, class_=f"score score-{kind}")
