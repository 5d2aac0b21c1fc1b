"""The rows of one thread as one conversation."""

import sqlite3
from typing import Any

from respan_langchain._display import format_count, is_conversation
from respan_langchain.embedded.http import HttpError, Response
from respan_langchain.embedded.store import datasets_table, logs_table
from respan_langchain.embedded.store.fields import SqlCondition
from respan_langchain.embedded.store.filters import all_of
from respan_langchain.embedded.store.review_queue import ROOTS
from respan_langchain.server import layout
from respan_langchain.server.components.messages import ContentRenderer
from respan_langchain.server.html import Html, element, join, log_link, time_element, visible_text
from respan_langchain.server.page_request import PageRequest
from respan_langchain.server.pages.row import render_error
from respan_langchain.server.preview import parse_stored, row_name

MAX_TURNS = 100
"""The newest rows of a thread that are shown."""


def show(asked: PageRequest) -> Response:
    """Show a thread, the oldest row first."""
    thread = asked.parameter("id")
    in_thread = SqlCondition("logs.thread_identifier = ?", (thread,))
    with asked.store.reading() as connection:
        dataset = datasets_table.get(connection, asked.dataset_id)
        rows = logs_table.list_page(
            connection,
            dataset["seq"],
            all_of([in_thread, ROOTS]),
            order="seq DESC",
            limit=MAX_TURNS,
        )
    if not rows:
        raise HttpError(404, "Thread not found.")
    count = f"{format_count(len(rows))} {'row' if len(rows) == 1 else 'rows'}"
    return layout.page(
        f"Thread {thread}",
        layout.page_head(
            f"Thread {thread}",
            element("p.lead", f"The newest {count}" if len(rows) == MAX_TURNS else count),
        ),
        element("ol.thread", *[_turn(asked.dataset_id, row) for row in reversed(rows)]),
        breadcrumbs=layout.breadcrumbs(dataset, f"Thread {thread}"),
    )


def _turn(dataset_id: str, row: sqlite3.Row) -> Html:
    """Show what one row adds to the conversation: its question and its answer."""
    address = log_link(dataset_id, row["unique_id"])
    renderer = ContentRenderer(full_url=f"{address}?whole=1")
    link = element("a", visible_text(row_name(row)), href=address)
    said = _select_new_messages(parse_stored(row["input"])), parse_stored(row["output"])
    return element(
        "li",
        element("header", link, time_element(row["happened_at"])),
        render_error(row, renderer),
        join(*[_said(renderer, value, role) for value, role in zip(said, ROLES, strict=True)]),
    )


ROLES = ("user", "assistant")
"""Who says a row's input and its output, where these are no messages."""


def _said(renderer: ContentRenderer, value: Any, role: str) -> Html | None:
    if value is None or value == []:
        return None
    is_text = isinstance(value, str)
    return renderer.render({"role": role, "content": value} if is_text else value)


def _select_new_messages(value: Any) -> Any:
    """Leave out the messages of earlier rows: all up to the last answer."""
    messages = value.get("messages") if isinstance(value, dict) else value
    if not isinstance(messages, list) or not is_conversation(messages):
        return value
    answers = [place for place, one in enumerate(messages) if one["role"] == "assistant"]
    new = messages[answers[-1] + 1 :] if answers else messages
    return [one for one in new if one["role"] not in {"system", "developer"}]
