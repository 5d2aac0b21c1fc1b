"""The first page: all datasets with their totals."""

import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlencode

from respan_langchain._display import format_bytes, format_cost, format_count, format_short_count
from respan_langchain.embedded.http import Response
from respan_langchain.embedded.store import datasets_table
from respan_langchain.embedded.store.store import Store
from respan_langchain.server import layout
from respan_langchain.server.formatting import describe_known, format_age
from respan_langchain.server.html import (
    Html,
    dataset_link,
    element,
    join,
    time_element,
    visible_text,
)
from respan_langchain.server.page_request import PageRequest
from respan_langchain.server.pages.dataset_settings import create_form

MAX_DATASETS = 500
DAY = 86_400
DAYS = 30
"""Days of a sparkline."""


def show(asked: PageRequest) -> Response:
    """Show the datasets; with a search those whose names or descriptions contain it."""
    store, search = asked.store, asked.parameter("q").strip()
    refreshed = f"/live?{urlencode({'q': search})}" if search else "/live"
    field = layout.search_field(search, "Search datasets", "Search datasets")
    return layout.page(
        "Datasets",
        layout.page_head(
            "Datasets",
            element("p.lead", *_describe_file(store)),
            element(
                "div.page-actions",
                element("form", field, method="get", action="/", role="search"),
                None if store.read_only else create_form(),
            ),
        ),
        element("div", _listing(store, search), data_live=refreshed, data_pace="2000"),
    )


def _describe_file(store: Store) -> list[Html | str]:
    if store.in_memory:
        return ["In memory: the rows are lost when this process ends."]
    size = format_bytes(Path(store.path).stat().st_size)
    note = ", read-only" if store.read_only else ""
    return [element("code", visible_text(store.path)), f", {size}{note}"]


def live(asked: PageRequest) -> Response:
    """Build the part of the page that is refreshed."""
    return layout.fragment(_listing(asked.store, asked.parameter("q").strip()))


def _listing(store: Store, search: str) -> Html:
    today = int(time.time() // DAY)
    with store.reading() as connection:
        rows = datasets_table.list_recent(connection, MAX_DATASETS, search)
        days = datasets_table.count_logs_by_day(connection, today - DAYS + 1)
    if not rows:
        link = element("p", element("a", "Show all datasets", href="/"))
        return layout.empty_state("No dataset of this name", link) if search else _empty(store)
    counts = {
        row["seq"]: [days.get(row["seq"], {}).get(today - ago, 0) for ago in reversed(range(DAYS))]
        for row in rows
    }
    return join(_totals(rows), _table(rows, counts))


def _sparkline(counts: list[int]) -> Html:
    """Draw the number of rows of each of the last days."""
    highest = max(counts) or 1
    bars = [
        element("rect.bar-strong", x=place * 3, y=f"{20 - tall:.1f}", width=2, height=f"{tall:.1f}")
        for place, count in enumerate(counts)
        if count and (tall := max(count / highest * 20, 1.5))
    ]
    total = f"{format_count(sum(counts))} rows in the last {DAYS} days"
    drawing = element(
        "svg.sparkline",
        element("title", total),
        *bars,
        viewBox=f"0 0 {DAYS * 3} 20",
        role="img",
        aria_label=total,
    )
    return element("td.spark", drawing)


def _totals(rows: list[sqlite3.Row]) -> Html:
    return layout.metric_strip(
        ("Datasets", format_count(len(rows))),
        ("Rows", format_count(sum(row["log_count"] for row in rows))),
        ("Tokens", format_short_count(_sum_known(rows, "total_tokens", "token_count"))),
        ("Cost", format_cost(_sum_known(rows, "total_cost", "cost_count"))),
    )


def _sum_known(rows: list[sqlite3.Row], total: str, count: str) -> float | None:
    known = [row[total] for row in rows if row[count]]
    # Additions and subtractions of floats leave 1e-18 where nothing is left.
    return round(sum(known), 9) if known else None


def _table(rows: list[sqlite3.Row], counts: Mapping[int, list[int]]) -> Html:
    now = time.time()
    heads = [("Name", None), (f"Last {DAYS} days", "spark"), ("Rows", "number"),
             ("Errors", "number"), ("Tokens", "number"), ("Cost", "number"),
             ("Last change", "when")]  # fmt: skip
    lines = [_row(row, counts[row["seq"]], now) for row in rows]
    return layout.table([layout.column_head(*head) for head in heads], lines, "datasets")


def _row(row: sqlite3.Row, counts: list[int], now: float) -> Html:
    link = element("a", visible_text(row["name"]), href=dataset_link(row["id"]), dir="auto")
    about = row["description"] or None
    name = element(
        "th",
        link,
        element("span.description", visible_text(about), dir="auto") if about else None,
        scope="row",
    )
    errors = row["error_count"]
    return element(
        "tr",
        name,
        _sparkline(counts),
        _figure("Rows", format_count(row["log_count"])),
        _figure("Errors", format_count(errors), "has-errors" if errors else "none"),
        _known_figure(row, "Tokens", "total_tokens", "token_count", format_short_count),
        _known_figure(row, "Cost", "total_cost", "cost_count", format_cost),
        element(
            "td.when",
            time_element(row["updated_at"], format_age(row["updated_at"], now)),
            data_label="Last change",
        ),
        data_row=True,
    )  # fmt: skip


def _figure(label: str, figure: str, kind: str = "") -> Html:
    return element("td", figure, class_=f"number {kind}".strip(), data_label=label)


def _known_figure(
    row: sqlite3.Row, label: str, total: str, count: str, write: Callable[[float | None], str]
) -> Html:
    figure = write(_sum_known([row], total, count))
    note = describe_known(row[count], row["run_count"]).removeprefix(", ")
    hint = element("small.hint", note) if note else None
    return element("td.number", figure, hint, data_label=label)


def _empty(store: Store) -> Html:
    return layout.empty_state(
        "No datasets yet",
        element("p", "Run a chain with the handler; its rows appear here as they arrive."),
        layout.handler_lines(store),
        element("p", "Or fill one with examples: ", element("code", "respan-langchain demo")),
    )
