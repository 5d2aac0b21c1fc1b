"""The page of a dataset: charts, filters, and its rows as they arrive."""

import sqlite3

from respan_langchain._display import format_count
from respan_langchain.embedded.http import HttpError, Response
from respan_langchain.embedded.store import (
    datasets_table,
    logs_table,
    page_queries,
    scores_table,
    time_series,
)
from respan_langchain.embedded.store.errors import StoreError
from respan_langchain.embedded.store.fields import SqlCondition
from respan_langchain.embedded.store.store import Store
from respan_langchain.server import layout
from respan_langchain.server.components.charts import charts
from respan_langchain.server.components.rows_table import RowsPage, rows_table
from respan_langchain.server.components.toolbar import chips, toolbar
from respan_langchain.server.html import Html, dataset_link, element, join, visible_text
from respan_langchain.server.page_request import PageRequest
from respan_langchain.server.pages import replay
from respan_langchain.server.pages.dataset_settings import settings_menu
from respan_langchain.server.query import MENU_FIELDS, View

PAGE_SIZE = 50
CHARTS_PACE = "5000"
"""Milliseconds between two looks for new rows."""
MAX_COUNTED = 5000
"""Matches are counted up to this number."""


def show(asked: PageRequest) -> Response:
    """Show a dataset."""
    found, view = load_page(asked), asked.view
    with asked.store.reading() as connection:
        menus = {
            column: page_queries.list_values(connection, found.dataset["seq"], column)
            for column in MENU_FIELDS
        }
        evaluators = scores_table.list_evaluators(connection)
    name = str(found.dataset["name"])
    charts_at = dataset_link(asked.dataset_id, "charts", view.query(page=1))
    rows_at = dataset_link(asked.dataset_id, "live", view.query()) if view.is_live else None
    return layout.page(
        name,
        _head(asked.store, found.dataset),
        element(
            "div.charts-place",
            data_load=charts_at,
            data_live=charts_at if view.is_live else None,
            data_pace=CHARTS_PACE,
        ),
        toolbar(asked.dataset_id, view, menus, evaluators),
        chips(asked.dataset_id, view),
        element("div", listing(asked, found), data_live=rows_at, data_pace="1500"),
        breadcrumbs=layout.breadcrumbs(found.dataset),
    )


def live(asked: PageRequest) -> Response:
    """Build the rows again, or an empty response when the dataset has not changed."""
    with asked.store.reading() as connection:
        dataset = datasets_table.get(connection, asked.dataset_id)
    if compute_version(dataset) == asked.parameter("version"):
        return Response(204)
    return layout.fragment(listing(asked, load_page(asked)))


def compute_version(dataset: sqlite3.Row) -> str:
    """Return a text that changes whenever the dataset does."""
    return f"{dataset['updated_at']:.6f}-{dataset['log_count']}"


def show_charts(asked: PageRequest) -> Response:
    """Build the charts of the filtered rows."""
    with asked.store.reading() as connection:
        dataset = datasets_table.get(connection, asked.dataset_id)
        condition = asked.view.condition(logs_table.get_last_seq(connection))
        series = time_series.compute_time_series(connection, dataset, condition)
    drawn = charts(series, asked.dataset_id, asked.view) if series is not None else Html("")
    return layout.fragment(drawn)


def load_page(asked: PageRequest) -> RowsPage:
    """Load a page of rows."""
    store, view = asked.store, asked.view
    with store.reading() as connection:
        dataset = datasets_table.get(connection, asked.dataset_id)
        try:
            condition = view.listed_condition(logs_table.get_last_seq(connection))
        except (HttpError, StoreError) as error:
            return RowsPage(dataset, [], 0, {}, problem=str(error))
        rows = _list_rows(connection, dataset["seq"], condition, view)
        count = _count(connection, dataset, condition, view)
        scores = scores_table.list_for_logs(connection, [row["seq"] for row in rows])
        roots = [row["trace_unique_id"] for row in rows] if view.roots_only else []
        traces = page_queries.count_traces(connection, dataset["seq"], roots)
    return RowsPage(dataset, rows, count, scores, traces, can_write=not store.read_only)


def _list_rows(
    connection: sqlite3.Connection, dataset: int, condition: SqlCondition, view: View
) -> list[sqlite3.Row]:
    offset = (view.page - 1) * PAGE_SIZE
    if view.sorted_by_evaluator is not None:
        return page_queries.list_page_by_score(
            connection,
            dataset,
            condition,
            evaluator=view.sorted_by_evaluator,
            direction=view.direction,
            limit=PAGE_SIZE,
            offset=offset,
        )
    return logs_table.list_page(
        connection,
        dataset,
        condition,
        order=view.order,
        limit=PAGE_SIZE,
        offset=offset,
        columns=page_queries.PREVIEW,
    )


def _count(
    connection: sqlite3.Connection, dataset: sqlite3.Row, condition: SqlCondition, view: View
) -> int:
    if not view.is_filtered:
        return int(dataset["run_count" if view.roots_only else "log_count"])
    evaluator, limit = view.sorted_by_evaluator, MAX_COUNTED + 1
    return page_queries.count_up_to(
        connection, dataset["seq"], condition, limit, evaluator=evaluator
    )


def _head(store: Store, dataset: sqlite3.Row) -> Html:
    description = dataset["description"]
    with store.reading() as connection:
        has_replays = replay.has_replays(connection, dataset)
    replays = element("a.button", "Replay", href=dataset_link(dataset["id"], "replay"))
    return layout.page_head(
        dataset["name"],
        element("p.lead", visible_text(description), dir="auto") if description else None,
        element(
            "div.page-actions",
            replays if has_replays else None,
            None if store.read_only else settings_menu(dataset),
        ),
    )


def listing(asked: PageRequest, found: RowsPage) -> Html:
    """Build the part of the page that is refreshed."""
    if found.problem is not None:
        problem = element("p", visible_text(found.problem))
        content = layout.empty_state("This filter is not valid", problem)
    elif not found.rows:
        content = _empty(asked, found)
    else:
        table = rows_table(asked.dataset_id, asked.view, found)
        content = join(table, _pager(asked.dataset_id, asked.view, found))
    return element("div", content, data_version=compute_version(found.dataset))


def _empty(asked: PageRequest, found: RowsPage) -> Html:
    if asked.view.is_filtered or asked.view.page > 1:
        return layout.empty_state(
            "No rows match",
            element("p", f"The dataset has {format_count(found.dataset['log_count'])} rows."),
            element("p", element("a", "Show them all", href=dataset_link(asked.dataset_id))),
        )
    return layout.empty_state(
        "Waiting for the first row",
        element("p", "Rows appear here as they arrive. This page does not need to be reloaded."),
        layout.handler_lines(asked.store, found.dataset["name"]),
        element("span.pulse", aria_hidden="true"),
    )


def _pager(dataset_id: str, view: View, found: RowsPage) -> Html:
    first = (view.page - 1) * PAGE_SIZE + 1
    last = first + len(found.rows) - 1
    over = found.count > MAX_COUNTED and view.is_filtered
    total = f"more than {format_count(MAX_COUNTED)}" if over else format_count(found.count)
    place = element("span.range", f"{format_count(first)} to {format_count(last)} of {total}")
    newer = dataset_link(dataset_id, "", view.query(page=view.page - 1))
    older = dataset_link(dataset_id, "", view.query(page=view.page + 1))
    return element(
        "nav.pager",
        place,
        layout.step("Previous", newer if view.page > 1 else None, rel="prev"),
        layout.step("Next", older if last < found.count else None, rel="next"),
        aria_label="Pages",
    )
