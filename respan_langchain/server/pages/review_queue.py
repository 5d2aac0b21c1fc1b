"""The review queue: one row at a time, with the review form beside it and the progress above."""

import sqlite3
from dataclasses import dataclass

from respan_langchain._display import format_count
from respan_langchain.embedded.http import HttpError, Response
from respan_langchain.embedded.store import datasets_table, logs_table
from respan_langchain.embedded.store.review_queue import MAX_COUNTED, QUEUES, ReviewQueue
from respan_langchain.embedded.store.store import Store
from respan_langchain.server import layout
from respan_langchain.server.html import Html, dataset_link, element, log_link, visible_text
from respan_langchain.server.page_request import PageRequest
from respan_langchain.server.pages.messages import ContentRenderer
from respan_langchain.server.pages.review import review_form, save_review
from respan_langchain.server.pages.row import (
    RowContext,
    evaluator_scores,
    load_context,
    render_contents,
    render_error,
    render_facts,
)
from respan_langchain.server.query import View

LABELS = {
    "all": "All",
    "errors": "Errors",
    "failed": "Failed an evaluator",
    "low": "Low scores",
}


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """A queue and a position in it."""

    name: str
    view: View
    row: str = ""
    """The id of the row to show; empty for the next one that is not reviewed."""
    after: str = ""
    """The id of the row after which the next one is looked for; empty for the beginning."""

    def query(self, **position: str) -> str:
        """Write the URL's query for this queue, at a position."""
        fields = [self.view.query(page=1), f"queue={self.name}"]
        fields += [f"{name}={value}" for name, value in position.items()]
        return "&".join(field for field in fields if field)


def parse_position(asked: PageRequest) -> QueuePosition:
    """Read the URL's query."""
    found = asked.request.parameters
    name = found.get("queue") or "all"
    if name not in QUEUES:
        raise HttpError.for_field("queue", f"must be one of {', '.join(QUEUES)}")
    return QueuePosition(name, asked.view, found.get("row", ""), found.get("after", ""))


@dataclass(frozen=True, slots=True)
class QueueState:
    """The data of a page of the queue."""

    dataset: sqlite3.Row
    total: int
    reviewed: int
    current: str | None
    """The id of the row to review; None when all are reviewed."""
    previous: str | None


def save(asked: PageRequest) -> Response:
    """Save the review of a row; then show the row, or the next one of the queue it came from."""
    save_review(asked)
    if "queue" not in asked.request.parameters:
        return Response(303, headers={"location": log_link(asked.dataset_id, asked.unique_id)})
    query = parse_position(asked).query(after=asked.unique_id)
    return Response(303, headers={"location": dataset_link(asked.dataset_id, "review", query)})


def load_state(store: Store, dataset_id: str, position: QueuePosition) -> QueueState:
    """Find the current row and count the queue."""
    with store.reading() as connection:
        dataset = datasets_table.get(connection, dataset_id)
        filters = position.view.condition(logs_table.get_last_seq(connection))
        queue = ReviewQueue(dataset["seq"], position.name, filters)
        after = _get_seq(connection, dataset["seq"], position.after)
        current = position.row or queue.find_next(connection, after)
        seq = _get_seq(connection, dataset["seq"], current)
        return QueueState(
            dataset,
            queue.count(connection),
            queue.count_reviewed(connection),
            current,
            queue.find_previous(connection, seq) if current else None,
        )


def _get_seq(connection: sqlite3.Connection, dataset: int, unique_id: str | None) -> int:
    return int(logs_table.get(connection, dataset, unique_id)["seq"]) if unique_id else 0


def show(asked: PageRequest) -> Response:
    """Show the current row of the queue."""
    store, dataset_id, position = asked.store, asked.dataset_id, parse_position(asked)
    state = load_state(store, dataset_id, position)
    name = str(state.dataset["name"])
    body = (
        _row(store, dataset_id, position, state.current)
        if state.current is not None
        else _finished(dataset_id, state)
    )
    return layout.page(
        f"Review · {name}",
        _head(dataset_id, position, state),
        body,
        breadcrumbs=layout.breadcrumbs(state.dataset, "Review", position.view.query(page=1)),
    )


def _head(dataset_id: str, position: QueuePosition, state: QueueState) -> Html:
    queues = [
        element(
            "a",
            label,
            href=dataset_link(dataset_id, "review", QueuePosition(name, position.view).query()),
            aria_current="true" if name == position.name else None,
        )
        for name, label in LABELS.items()
    ]
    reviewed, total = (_format_capped(count) for count in (state.reviewed, state.total))
    progress = element("progress", max=max(state.total, 1), value=state.reviewed)
    return element(
        "div.queue-head",
        element("nav.queues", *queues, aria_label="Review queues"),
        element("p.done", progress, element("span", f"{reviewed} of {total} reviewed")),
        element("nav.neighbours", *_steps(dataset_id, position, state)),
    )


def _format_capped(count: int) -> str:
    return f"{format_count(MAX_COUNTED)}+" if count > MAX_COUNTED else format_count(count)


def _steps(dataset_id: str, position: QueuePosition, state: QueueState) -> list[Html]:
    previous, following = (
        dataset_link(dataset_id, "review", position.query(**{field: unique_id}))
        if unique_id
        else None
        for field, unique_id in [("row", state.previous), ("after", state.current)]
    )
    return [
        layout.step("Previous", previous, data_key="queue-previous"),
        layout.step("Skip", following, data_key="queue-skip"),
    ]


def _row(store: Store, dataset_id: str, position: QueuePosition, unique_id: str) -> Html:
    context = load_context(store, dataset_id, unique_id, position.view)
    full = log_link(dataset_id, unique_id, query="whole=1")
    renderer = ContentRenderer(full_url=full, fold_messages=True)
    return element(
        "div.row-page.in-queue",
        element(
            "div.queue-row",
            _title(dataset_id, context),
            render_error(context.row, renderer),
            render_contents(context.row, renderer),
        ),
        element(
            "aside.row-side",
            _form(store, dataset_id, position, context),
            evaluator_scores(context.scores),
        ),
    )


def _title(dataset_id: str, context: RowContext) -> Html:
    address = log_link(dataset_id, context.row["unique_id"])
    link = element("a", visible_text(context.name), href=address, data_key="open-row")
    return element("div", element("h1", link, dir="auto"), render_facts(context.row, dataset_id))


def _form(store: Store, dataset_id: str, position: QueuePosition, context: RowContext) -> Html:
    if store.read_only:
        return element("p.hint", "This file is read-only: reviews cannot be saved.")
    query = position.query()
    return review_form(dataset_id, context.row, context.scores, queue_query=query)


def _finished_message(total: int) -> str:
    match total:
        case 0:
            return "No rows to review"
        case 1:
            return "The only row is reviewed"
        case _:
            return f"All {_format_capped(total)} rows are reviewed"


def _finished(dataset_id: str, state: QueueState) -> Html:
    back = element("p", element("a", "Back to the rows", href=dataset_link(dataset_id)))
    return layout.empty_state(_finished_message(state.total), back)
