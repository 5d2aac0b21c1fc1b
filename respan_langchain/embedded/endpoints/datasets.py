"""Creating, listing, reading, changing and deleting datasets."""

import sqlite3
from collections.abc import Callable
from typing import Any

import orjson

from respan_langchain._constants import MAX_DATASET_NAME
from respan_langchain.embedded.endpoints.body_fields import (
    parse_flag,
    parse_percentage,
    parse_source,
    parse_text,
    parse_time_range,
)
from respan_langchain.embedded.endpoints.serialize import serialize_dataset
from respan_langchain.embedded.http import (
    HttpError,
    Request,
    Response,
    json_response,
    parse_object,
)
from respan_langchain.embedded.pagination import page_response, parse_order, parse_page
from respan_langchain.embedded.store import datasets_table
from respan_langchain.embedded.store.bulk import copy_matching, delete_matching
from respan_langchain.embedded.store.fields import (
    MATCH_ALL,
    SqlCondition,
    find_dataset_field,
    find_log_field,
)
from respan_langchain.embedded.store.filters import all_of, parse_filters
from respan_langchain.embedded.store.schema import SAVED_LOGS
from respan_langchain.embedded.store.store import Store


def list_all(request: Request, store: Store) -> Response:
    """`POST /api/datasets/list/`."""
    page = parse_page(request.parameters)
    order = parse_order(request.parameters, datasets_table.SORTABLE, {})
    condition = parse_filters(parse_object(request.body).get("filters"), find_dataset_field)
    with store.reading() as connection:
        count = datasets_table.count(connection, condition)
        rows = datasets_table.list_page(
            connection, condition, order=order, limit=page.size, offset=page.offset
        )
    return page_response(request, page, count, [serialize_dataset(row) for row in rows])


def retrieve(store: Store, dataset_id: str) -> Response:
    """`GET /api/datasets/{id}/`."""
    with store.reading() as connection:
        return json_response(200, serialize_dataset(datasets_table.get(connection, dataset_id)))


def update(store: Store, dataset_id: str, body: dict[str, Any]) -> Response:
    """`PATCH /api/datasets/{id}/`."""
    columns = {name: read(name, body[name]) for name, read in PATCH_PARSERS.items() if name in body}
    _reject_virtual(dataset_id)
    with store.writing() as connection:
        datasets_table.get(connection, dataset_id)
        datasets_table.update(connection, dataset_id, columns)
        return json_response(200, serialize_dataset(datasets_table.get(connection, dataset_id)))


def delete(store: Store, dataset_id: str) -> Response:
    """`DELETE /api/datasets/{id}/`."""
    _reject_virtual(dataset_id)
    with store.reading() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
    delete_matching(store, dataset, MATCH_ALL)
    with store.writing() as connection:
        datasets_table.delete(connection, dataset_id)
    return Response(204)


def parse_name(name: str, value: object) -> str:
    """Read a dataset's name."""
    text = parse_text(name, value).strip()
    if not 1 <= len(text) <= MAX_DATASET_NAME:
        raise HttpError.for_field(name, f"must have 1 to {MAX_DATASET_NAME} characters")
    return text


def _reject_virtual(dataset_id: str) -> None:
    if dataset_id == SAVED_LOGS:
        raise HttpError(400, "The dataset of saved logs cannot be changed or removed.")


def _parse_tags(name: str, value: object) -> str:
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise HttpError.for_field(name, "must be an array of ids")
    return orjson.dumps(value).decode()


PATCH_PARSERS: dict[str, Callable[[str, object], Any]] = {
    "name": parse_name,
    "description": parse_text,
    "starred": parse_flag,
    "tags": _parse_tags,
}


def create(store: Store, body: dict[str, Any]) -> Response:
    """`POST /api/datasets/`. The logs are copied before the response is sent."""
    wanted, percentage = _parse_selection(body), parse_percentage(body, "sampling")
    with store.writing() as connection:
        source = parse_source(connection, body)
        dataset_id = datasets_table.insert(
            connection,
            _choose_name(connection, body),
            parse_text("description", body.get("description", "")),
            orjson.dumps(body.get("initial_log_filters") or {}).decode(),
        )
        dataset = datasets_table.get_seq(connection, dataset_id)
    if wanted is not None:
        copy_matching(store, dataset, all_of([source, wanted]), percentage)
    with store.reading() as connection:
        found = datasets_table.get(connection, dataset_id)
        return json_response(201, serialize_dataset(found))


def _parse_selection(body: dict[str, Any]) -> SqlCondition | None:
    """Read which logs are copied; None for an empty dataset."""
    condition = parse_filters(body.get("initial_log_filters"), find_log_field)
    if parse_flag("is_empty", body.get("is_empty", False)):
        return None
    for name in ("start_time", "end_time"):
        if body.get("source_dataset_id") is None and body.get(name) is None:
            raise HttpError.for_field(name, "this field is required unless is_empty is true")
    return all_of([parse_time_range(body), condition])


def _choose_name(connection: sqlite3.Connection, body: dict[str, Any]) -> str:
    if body.get("name") is not None:
        return parse_name("name", body["name"])
    if body.get("source_dataset_id") is None:
        raise HttpError.for_field("name", "this field is required")
    source = datasets_table.get(connection, body["source_dataset_id"])
    return f"{source['name']} (copy)"
