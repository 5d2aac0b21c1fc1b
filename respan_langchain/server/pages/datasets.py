"""The first page: all datasets with their totals."""

import sqlite3
import time
from collections.abc import Callable

from respan_langchain._display import format_cost, format_count, format_short_count
from respan_langchain.embedded.http import Response
from respan_langchain.embedded.store import datasets_table
from respan_langchain.embedded.store.store import Store
from respan_langchain.server import layout
from respan_langchain.server.formatting import describe_known, format_age, format_iso
from respan_langchain.server.html import Html, dataset_link, element, join, visible_text

MAX_DATASETS = 500


def show(store: Store) -> Response:
    """Show all datasets."""
    return layout.page(
        "Datasets",
        element("h1", "Datasets"),
        element("div", listing(store), data_live="/live", data_pace="2000"),
    )


def listing(store: Store) -> Html:
    """Build the part of the page that is refreshed."""
    with store.reading() as connection:
        rows = datasets_table.list_recent(connection, MAX_DATASETS)
    if not rows:
        return _empty(store)
    return join(_totals(rows), _table(rows))


def _totals(rows: list[sqlite3.Row]) -> Html:
    return layout.metric_strip(
        [
            ("Datasets", format_count(len(rows))),
            ("Rows", format_count(sum(row["log_count"] for row in rows))),
            ("Tokens", format_short_count(_sum_known(rows, "total_tokens", "token_count"))),
            ("Cost", format_cost(_sum_known(rows, "total_cost", "cost_count"))),
        ]
    )


def _sum_known(rows: list[sqlite3.Row], total: str, count: str) -> float | None:
    known = [row[total] for row in rows if row[count]]
    # Additions and subtractions of floats leave 1e-18 where nothing is left.
    return round(sum(known), 9) if known else None


def _table(rows: list[sqlite3.Row]) -> Html:
    now = time.time()
    heads = [("Name", ""), ("Rows", "number"), ("Errors", "number"), ("Tokens", "number"),
             ("Cost", "number"), ("Last change", "when")]  # fmt: skip
    head = element(
        "thead",
        element("tr", *[element("th", name, scope="col", class_=kind) for name, kind in heads]),
    )
    body = element("tbody", *[_row(row, now) for row in rows])
    return element("div", element("table", head, body, class_="datasets"), class_="table-frame")


def _row(row: sqlite3.Row, now: float) -> Html:
    link = element("a", visible_text(row["name"]), href=dataset_link(row["id"]), dir="auto")
    about = row["description"] or None
    name = element(
        "th",
        link,
        element("span", visible_text(about), class_="description", dir="auto") if about else None,
        scope="row",
    )
    errors = row["error_count"]
    return element(
        "tr",
        name,
        _figure("Rows", format_count(row["log_count"])),
        _figure("Errors", format_count(errors), "has-errors" if errors else "none"),
        _known_figure(row, "Tokens", "total_tokens", "token_count", format_short_count),
        _known_figure(row, "Cost", "total_cost", "cost_count", format_cost),
        element(
            "td",
            element("time", format_age(row["updated_at"], now),
                    datetime=format_iso(row["updated_at"])),
            class_="when",
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
    hint = element("small", note, class_="hint") if note else None
    return element("td", figure, hint, class_="number", data_label=label)


def _empty(store: Store) -> Html:
    url = "sqlite:///respan.db" if store.in_memory else f"sqlite:///{store.path}"
    lines = [
        "from respan_langchain import RespanDatasetCallbackHandler\n",
        "handler = RespanDatasetCallbackHandler(",
        f'    dataset="support-bot", base_url="{url}"',
        ")",
        'chain.invoke(question, config={"callbacks": [handler]})',
    ]
    return element(
        "section",
        element("h2", "No datasets yet"),
        element("p", "Run a chain with the handler; its rows appear here as they arrive."),
        element("pre", element("code", "\n".join(lines)), tabindex="0"),
        element("p", "Or fill one with examples: ", element("code", "respan-langchain demo")),
        class_="empty",
    )
