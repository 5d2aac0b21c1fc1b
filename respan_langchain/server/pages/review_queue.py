"""The review queue: one row at a time, with the review form beside it and the progress above."""

import sqlite3
from dataclasses import dataclass

from respan_langchain._display import format_count
from respan_langchain.embedded.http import HttpError, Response
from respan_langchain.embedded.store import datasets_table, logs_table
from respan_langchain.embedded.store.review_queue import MAX_COUNTED, QUEUES, ReviewQueue
from respan_langchain.server import layout
from respan_langchain.server.components.messages import ContentRenderer
from respan_langchain.server.html import Html, dataset_link, element, log_link, visible_text
from respan_langchain.server.page_request import PageRequest
from respan_langchain.server.pages.review import review_form, save_review
from respan_langchain.server.pages.row import (
    evaluator_scores,
    load_context,
    render_contents,
    render_error,
    render_facts,
)

LABELS = {
    "all": "All",
    "errors": "Errors",
    "failed": "Failed an evaluator",
    "low": "Low scores",
}


@dataclass(frozen=True, slots=True)
class QueueState:
    """The data of a page of the queue."""

    dataset: sqlite3.Row
    queue: str
    total: int
    reviewed: int
    current: str | None
    """The id of the row to review; None when all are reviewed."""
    previous: str | None


def show(asked: PageRequest) -> Response:
    """Show a row of a queue: `row`, or the next one after `after` that is not reviewed."""
    state = load_state(asked)
    current = state.current
    return layout.page(
        f"Review · {state.dataset['name']}",
        _head(asked, state),
        _finished(asked, state) if current is None else _row(asked, state.queue, current),
        breadcrumbs=layout.breadcrumbs(state.dataset, "Review", asked.view.query(page=1)),
    )


def save(asked: PageRequest) -> Response:
    """Save the review of a row; then show the row, or the next one of the queue it came from."""
    save_review(asked)
    address = log_link(asked.dataset_id, asked.unique_id)
    if "queue" in asked.request.parameters:
        address = _link(asked, _parse_queue(asked), after=asked.unique_id)
    return Response(303, headers={"location": address})


def load_state(asked: PageRequest) -> QueueState:
    """Find the current row and count the queue."""
    name = _parse_queue(asked)
    with asked.store.reading() as connection:
        dataset = datasets_table.get(connection, asked.dataset_id)
        filters = asked.view.condition(logs_table.get_last_seq(connection))
        queue = ReviewQueue(dataset["seq"], name, filters)
        after = _get_seq(connection, dataset["seq"], asked.parameter("after"))
        current = asked.parameter("row") or queue.find_next(connection, after)
        seq = _get_seq(connection, dataset["seq"], current)
        previous = queue.find_previous(connection, seq) if current else None
        total, reviewed = queue.count(connection), queue.count_reviewed(connection)
    return QueueState(dataset, name, total, reviewed, current, previous)


def _parse_queue(asked: PageRequest) -> str:
    name = asked.parameter("queue") or "all"
    if name not in QUEUES:
        raise HttpError.for_field("queue", f"must be one of {', '.join(QUEUES)}")
    return name


def _get_seq(connection: sqlite3.Connection, dataset: int, unique_id: str | None) -> int:
    return int(logs_table.get(connection, dataset, unique_id)["seq"]) if unique_id else 0


def _link(asked: PageRequest, queue: str, **position: str) -> str:
    return dataset_link(asked.dataset_id, "review", _query(asked, queue, **position))


def _query(asked: PageRequest, queue: str, **position: str) -> str:
    """Write the URL's query for a queue of the filtered rows, at a position."""
    fields = [f"{name}={value}" for name, value in {"queue": queue, **position}.items()]
    return "&".join(filter(None, [asked.view.query(page=1), *fields]))


def _head(asked: PageRequest, state: QueueState) -> Html:
    queues = [
        element(
            "a",
            label,
            href=_link(asked, name),
            aria_current="true" if name == state.queue else None,
        )
        for name, label in LABELS.items()
    ]
    reviewed, total = (_format_capped(count) for count in (state.reviewed, state.total))
    progress = element("progress", max=max(state.total, 1), value=state.reviewed)
    previous = _link(asked, state.queue, row=state.previous) if state.previous else None
    following = _link(asked, state.queue, after=state.current) if state.current else None
    return element(
        "div.queue-head",
        element("nav.queues", *queues, aria_label="Review queues"),
        element("p.done", progress, element("span", f"{reviewed} of {total} reviewed")),
        element(
            "nav.neighbours",
            layout.step("Previous", previous, data_key="queue-previous"),
            layout.step("Skip", following, data_key="queue-skip"),
        ),
    )


def _format_capped(count: int) -> str:
    return f"{format_count(MAX_COUNTED)}+" if count > MAX_COUNTED else format_count(count)


def _row(asked: PageRequest, queue: str, unique_id: str) -> Html:
    found, address = load_context(asked, unique_id), log_link(asked.dataset_id, unique_id)
    renderer = ContentRenderer(full_url=f"{address}?whole=1", fold_messages=True)
    link = element("a", visible_text(found.name), href=address, data_key="open-row")
    form = (
        element("p.hint", "This file is read-only: reviews cannot be saved.")
        if asked.store.read_only
        else review_form(
            asked.dataset_id, found.row, found.scores, queue_query=_query(asked, queue)
        )
    )
    return element(
        "div.row-page.in-queue",
        element(
            "div.queue-row",
            element(
                "div", element("h1", link, dir="auto"), render_facts(found.row, asked.dataset_id)
            ),
            render_error(found.row, renderer),
            render_contents(found.row, renderer),
        ),
        element("aside.row-side", form, evaluator_scores(found.scores)),
    )


def _finished(asked: PageRequest, state: QueueState) -> Html:
    messages = {0: "No rows to review", 1: "The only row is reviewed"}
    all_reviewed = f"All {_format_capped(state.total)} rows are reviewed"
    back = element("p", element("a", "Back to the rows", href=dataset_link(asked.dataset_id)))
    return layout.empty_state(messages.get(state.total, all_reviewed), back)
