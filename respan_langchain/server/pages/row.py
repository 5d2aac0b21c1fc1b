"""The page of one row: contents, figures, review, scores, metadata, raw JSON."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from respan_langchain._display import UNKNOWN, format_short_count
from respan_langchain.embedded.http import HttpError, Response
from respan_langchain.embedded.store import datasets_table, logs_table, page_queries, scores_table
from respan_langchain.embedded.store.errors import StoreError
from respan_langchain.server import layout
from respan_langchain.server.components.messages import ContentRenderer
from respan_langchain.server.components.metadata import raw_json, render_object
from respan_langchain.server.components.trace import trace_list
from respan_langchain.server.formatting import FIGURES
from respan_langchain.server.html import (
    Html,
    dataset_link,
    element,
    join,
    log_link,
    time_element,
    visible_text,
)
from respan_langchain.server.page_request import PageRequest
from respan_langchain.server.pages.review import review_form
from respan_langchain.server.preview import are_documents, parse_stored, row_name, status_class
from respan_langchain.server.query import View


@dataclass(frozen=True, slots=True)
class RowContext:
    """A row with its scores, neighbours and trace."""

    dataset: sqlite3.Row
    row: sqlite3.Row
    scores: list[sqlite3.Row]
    newer: str | None
    older: str | None
    trace: list[sqlite3.Row]

    @property
    def name(self) -> str:
        """The name of the row."""
        return row_name(self.row)


def show(asked: PageRequest) -> Response:
    """Show a row: with `whole` all of long texts, with `raw` Markdown as it was written."""
    show_all, raw = (name in asked.request.parameters for name in ("whole", "raw"))
    found, query = load_context(asked, asked.unique_id), asked.view.query(page=1)
    rest = log_link(asked.dataset_id, asked.unique_id, "", query, "whole=1")
    renderer = ContentRenderer(show_all, rest, raw, fold_messages=not show_all)
    return layout.page(
        f"{found.name} · {found.dataset['name']}",
        _head(asked.dataset_id, found, query, raw=raw),
        _figures(found.row),
        render_error(found.row, renderer),
        element(
            "div.row-page",
            render_contents(found.row, renderer),
            _side(asked.dataset_id, found, rest),
        ),
        breadcrumbs=layout.breadcrumbs(found.dataset, found.name, query),
    )


def load_context(asked: PageRequest, unique_id: str) -> RowContext:
    """Load a row, and its neighbours among the filtered rows."""
    with asked.store.reading() as connection:
        dataset = datasets_table.get(connection, asked.dataset_id)
        row = logs_table.get(connection, dataset["seq"], unique_id)
        scores = scores_table.list_for_logs(connection, [row["seq"]]).get(row["seq"], [])
        newer, older = _neighbours(connection, dataset["seq"], row["seq"], asked.view)
        trace = page_queries.list_trace(connection, dataset["seq"], row["trace_unique_id"])
    return RowContext(dataset, row, scores, newer, older, trace)


def _neighbours(
    connection: sqlite3.Connection, dataset: int, seq: int, view: View
) -> tuple[str | None, str | None]:
    try:
        condition = view.listed_condition(logs_table.get_last_seq(connection))
    except (HttpError, StoreError):
        return None, None
    find = partial(page_queries.find_neighbour, connection, dataset, condition, seq)
    return find(newer=True), find(newer=False)


def _head(dataset_id: str, found: RowContext, query: str, *, raw: bool) -> Html:
    newer, older = (
        log_link(dataset_id, unique_id, "", query) if unique_id is not None else None
        for unique_id in (found.newer, found.older)
    )
    other = log_link(dataset_id, found.row["unique_id"], "", query, "" if raw else "raw=1")
    links = [
        element("a.button", "Formatted" if raw else "As written", href=other),
        layout.step("Newer", newer, data_key="newer"),
        layout.step("Older", older, data_key="older"),
    ]
    return layout.page_head(
        found.name,
        render_facts(found.row, dataset_id),
        element("nav.neighbours", *links, aria_label="Neighbouring rows"),
    )


def render_facts(row: sqlite3.Row, dataset_id: str) -> Html:
    """Show a row's status, time, type, model, customer and thread in one line.

    Each value leads to the rows that have it too.
    """
    status, badge = row["status"] or "status unknown", f"badge badge-{status_class(row)}"
    facts = [
        element("span", visible_text(status), class_=badge),
        time_element(row["happened_at"]),
    ]
    facts += [
        element(
            "a.fact",
            visible_text(row[name]),
            href=dataset_link(dataset_id, "", View().with_filter(name, row[name])),
            title=f"Only rows with this {name}",
        )
        for name in ("log_type", "model", "customer_identifier", "thread_identifier")
        if row[name]
    ]
    if row["thread_identifier"]:
        query = urlencode({"id": row["thread_identifier"]})
        address = dataset_link(dataset_id, "thread", query)
        facts.append(element("a", "Whole thread", href=address))
    return element("p.facts", *facts)


def _figures(row: sqlite3.Row) -> Html:
    speed = row["tokens_per_second"]
    shown = [(name, write(row[column])) for name, column, write in FIGURES]
    if speed is not None:
        shown.append(("Tokens a second", format_short_count(round(speed, 1))))
    return layout.metric_strip(*shown)


def render_error(row: sqlite3.Row, renderer: ContentRenderer) -> Html | None:
    """Show a row's error message; None where it has none."""
    if row["error_message"] is None:
        return None
    return layout.section("Error", renderer.text(row["error_message"]), kind="failure")


def render_contents(row: sqlite3.Row, renderer: ContentRenderer) -> Html:
    """Show a row's input, what its run retrieved and called, and its output."""
    given, output = (
        renderer.render(parse_stored(row[name]), name)
        if row[name] is not None
        else layout.nothing(f"No {name}.")
        for name in ("input", "output")
    )
    return element(
        "div.row-main",
        layout.section("Input", given, kind="input"),
        *_documents_and_tools(parse_stored(row["metadata"]), renderer),
        layout.section("Output", output, kind="output"),
    )


def _documents_and_tools(metadata: Any, renderer: ContentRenderer) -> Iterator[Html]:
    """Show the documents and tool calls that the metadata names."""
    found = metadata if isinstance(metadata, dict) else {}
    documents, steps = found.get("retrieved_documents"), found.get("trajectory")
    if are_documents(documents):
        yield layout.section("Documents", renderer.documents(documents))
    if isinstance(steps, list) and steps:
        yield layout.section("Tools", renderer.steps(steps))


def _side(dataset_id: str, found: RowContext, rest: str) -> Html:
    row = found.row
    return element(
        "aside.row-side",
        review_form(dataset_id, row, found.scores),
        trace_list(dataset_id, row, found.trace),
        evaluator_scores(found.scores),
        render_object("Metadata", parse_stored(row["metadata"]), dataset_id),
        render_object("Metrics", parse_stored(row["metrics"])),
        raw_json(dataset_id, row, rest),
    )


def evaluator_scores(scores: list[sqlite3.Row]) -> Html | None:
    """Show the scores of evaluators; None where there are none."""
    scored = [one for one in scores if one["evaluator"] != scores_table.HUMAN_EVALUATOR]
    if not scored:
        return None
    rows = [
        join(
            element("dt", visible_text(one["evaluator"])),
            element("dd", f"{one['score']:.3g}" if one["score"] is not None else UNKNOWN,
                    element("span.hint", visible_text(one["comment"]))),
        )
        for one in scored
    ]  # fmt: skip
    return layout.section("Scores", element("dl.facts-list", *rows))
