"""Datasets: endpoints 1 to 5."""

import sqlite3
from collections.abc import Callable
from typing import Any

import orjson

from respan_langchain.embedded.endpoints import bulk_copy_delete
from respan_langchain.embedded.endpoints.bulk_copy_delete import (
    copy_matching,
    percentage_in,
    source_in,
    time_span,
)
from respan_langchain.embedded.http import (
    RefusedError,
    Request,
    Response,
    answer,
    object_in,
)
from respan_langchain.embedded.pagination import envelope, order_from, page_from
from respan_langchain.embedded.store import datasets_table
from respan_langchain.embedded.store.datasets_table import shown
from respan_langchain.embedded.store.fields import EVERYTHING, Condition, dataset_field, log_field
from respan_langchain.embedded.store.filters import all_of, condition_from
from respan_langchain.embedded.store.migrations import SAVED_LOGS
from respan_langchain.embedded.store.store import Store

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
    bulk_copy_delete.remove_matching(store, dataset, EVERYTHING)
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


def create(store: Store, said: dict[str, Any]) -> Response:
    """Answer endpoint 1. The copies are made when the answer comes, so the dataset is ready."""
    wanted, percentage = _wanted(said), percentage_in(said, "sampling")
    with store.writing() as connection:
        source = source_in(connection, said)
        dataset_id = datasets_table.add(connection, _columns(connection, said))
        dataset = datasets_table.find_seq(connection, dataset_id)
    if wanted is not None:
        copy_matching(store, dataset, all_of([source, wanted]), percentage)
    with store.reading() as connection:
        found = datasets_table.find(connection, dataset_id)
        return answer(201, datasets_table.shown(found))


def _wanted(said: dict[str, Any]) -> Condition | None:
    """Say which logs are copied; None for an empty dataset."""
    condition = condition_from(said.get("initial_log_filters"), log_field)
    is_empty = said.get("is_empty", False)
    if not isinstance(is_empty, bool):
        raise RefusedError.of_field("is_empty", "must be true or false")
    if is_empty:
        return None
    if said.get("source_dataset_id") is None:
        _require_span(said)
    return all_of([time_span(said), condition])


def _require_span(said: dict[str, Any]) -> None:
    for name in ("start_time", "end_time"):
        if said.get(name) is None:
            raise RefusedError.of_field(name, "this field is required unless is_empty is true")


def _columns(connection: sqlite3.Connection, said: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": _name(connection, said),
        "description": text_in("description", said.get("description", "")),
        "initial_log_filters": orjson.dumps(said.get("initial_log_filters") or {}).decode(),
    }


def _name(connection: sqlite3.Connection, said: dict[str, Any]) -> str:
    if said.get("name") is not None:
        return name_in("name", said["name"])
    if said.get("source_dataset_id") is None:
        raise RefusedError.of_field("name", "this field is required")
    source = datasets_table.find(connection, said["source_dataset_id"])
    return f"{source['name']} (copy)"
