"""Datasets: endpoints 1 to 5."""

from collections.abc import Callable
from typing import Any

import orjson

from respan_langchain.local.endpoints import selections
from respan_langchain.local.endpoints.messages import (
    RefusedError,
    Request,
    Response,
    answer,
    object_in,
)
from respan_langchain.local.endpoints.paging import envelope, order_from, page_from
from respan_langchain.local.tables import datasets_table
from respan_langchain.local.tables.datasets_table import shown
from respan_langchain.local.tables.fields import EVERYTHING, dataset_field
from respan_langchain.local.tables.filters import condition_from
from respan_langchain.local.tables.steps import SAVED_LOGS
from respan_langchain.local.tables.store import Store

LONGEST_NAME = 255
"""Characters."""


def list_all(request: Request, store: Store) -> Response:
    """Answer endpoint 2."""
    page, order = page_from(request.parameters), _order(request)
    condition = condition_from(object_in(request.body).get("filters"), dataset_field)
    with store.reading() as connection:
        count = datasets_table.count(connection, condition)
        rows = datasets_table.page(
            connection, condition, order=order, limit=page.size, offset=page.offset
        )
    return answer(200, envelope(request, page, count, [shown(row) for row in rows]))


def retrieve(store: Store, dataset_id: str) -> Response:
    """Answer endpoint 3."""
    with store.reading() as connection:
        return answer(200, shown(datasets_table.find(connection, dataset_id)))


def change(store: Store, dataset_id: str, said: dict[str, Any]) -> Response:
    """Answer endpoint 4."""
    columns = {name: read(name, said[name]) for name, read in CHANGES.items() if name in said}
    _refuse_if_virtual(dataset_id)
    with store.writing() as connection:
        datasets_table.find(connection, dataset_id)
        datasets_table.change(connection, dataset_id, columns)
        return answer(200, shown(datasets_table.find(connection, dataset_id)))


def remove(store: Store, dataset_id: str) -> Response:
    """Answer endpoint 5."""
    _refuse_if_virtual(dataset_id)
    with store.reading() as connection:
        dataset = datasets_table.find_seq(connection, dataset_id)
    selections.remove_matching(store, dataset, EVERYTHING)
    with store.writing() as connection:
        datasets_table.remove(connection, dataset_id)
    return Response(204)


def text_in(name: str, value: object) -> str:
    """Read a text of the body."""
    if not isinstance(value, str):
        raise RefusedError.of_field(name, "must be a string")
    return value


def name_in(name: str, value: object) -> str:
    """Read a dataset's name."""
    text = text_in(name, value).strip()
    if not 1 <= len(text) <= LONGEST_NAME:
        raise RefusedError.of_field(name, f"must have 1 to {LONGEST_NAME} characters")
    return text


def _order(request: Request) -> str:
    return order_from(request.parameters, datasets_table.SORTABLE, {})


def _refuse_if_virtual(dataset_id: str) -> None:
    if dataset_id == SAVED_LOGS:
        raise RefusedError(400, "The saved logs are not a dataset that can be changed or removed.")


def _is_starred(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise RefusedError.of_field(name, "must be true or false")
    return value


def _tags(name: str, value: object) -> str:
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise RefusedError.of_field(name, "must be an array of ids")
    return orjson.dumps(value).decode()


CHANGES: dict[str, Callable[[str, object], Any]] = {
    "name": name_in,
    "description": text_in,
    "starred": _is_starred,
    "tags": _tags,
}
