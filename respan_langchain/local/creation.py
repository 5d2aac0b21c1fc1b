"""Creating a dataset: empty, from logs that are there, or as a copy of another."""

from typing import Any

import orjson

from respan_langchain.local import datasets_table
from respan_langchain.local.datasets import name_in, text_in
from respan_langchain.local.datasets_table import shown
from respan_langchain.local.fields import log_field
from respan_langchain.local.filters import condition_from
from respan_langchain.local.messages import RefusedError, Response, answer
from respan_langchain.local.store import Store


def create(store: Store, said: dict[str, Any]) -> Response:
    """Answer endpoint 1."""
    columns = _columns(said)
    with store.writing() as connection:
        dataset_id = datasets_table.add(connection, columns)
        return answer(201, shown(datasets_table.find(connection, dataset_id)))


def _columns(said: dict[str, Any]) -> dict[str, Any]:
    if "name" not in said:
        raise RefusedError.of_field("name", "this field is required")
    filters = said.get("initial_log_filters", {})
    condition_from(filters, log_field)
    return {
        "name": name_in("name", said["name"]),
        "description": text_in("description", said.get("description", "")),
        "initial_log_filters": orjson.dumps(filters).decode(),
    }
