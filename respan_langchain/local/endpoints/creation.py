"""Creating a dataset: empty, from logs that other datasets hold, or as a copy of one."""

import sqlite3
from typing import Any

import orjson

from respan_langchain.local.endpoints.datasets import name_in, text_in
from respan_langchain.local.endpoints.messages import RefusedError, Response, answer
from respan_langchain.local.endpoints.selections import (
    copy_matching,
    percentage_in,
    source_in,
    time_span,
)
from respan_langchain.local.tables import datasets_table
from respan_langchain.local.tables.fields import Condition, log_field
from respan_langchain.local.tables.filters import all_of, condition_from
from respan_langchain.local.tables.store import Store


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
