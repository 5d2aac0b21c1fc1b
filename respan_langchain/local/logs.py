"""Logs: listing them, and looking at one."""

from typing import Any

from respan_langchain.local import datasets_table, logs_table
from respan_langchain.local.fields import log_field
from respan_langchain.local.filters import condition_from
from respan_langchain.local.logs_table import shown
from respan_langchain.local.messages import Request, Response, answer, object_in
from respan_langchain.local.paging import envelope, order_from, page_from
from respan_langchain.local.store import Store

COLUMN_OF = {"timestamp": "happened_at", "total_request_tokens": "total_tokens"}
"""Columns that the API calls otherwise."""


def list_all(request: Request, store: Store, dataset_id: str) -> Response:
    """Answer endpoint 7."""
    page = page_from(request.parameters)
    order = order_from(request.parameters, logs_table.SORTABLE, COLUMN_OF)
    condition = condition_from(object_in(request.body).get("filters"), log_field)
    with store.reading() as connection:
        dataset = datasets_table.find(connection, dataset_id)
        count = logs_table.count(connection, dataset, condition)
        rows = logs_table.page(
            connection, dataset["seq"], condition, order=order, limit=page.size, offset=page.offset
        )
    wanted = _wanted_fields(request)
    return answer(200, envelope(request, page, count, [_only(wanted, shown(row)) for row in rows]))


def retrieve(store: Store, dataset_id: str, unique_id: str) -> Response:
    """Answer endpoint 8."""
    with store.reading() as connection:
        dataset = datasets_table.find_seq(connection, dataset_id)
        return answer(200, shown(logs_table.find(connection, dataset, unique_id)))


def _wanted_fields(request: Request) -> frozenset[str]:
    """Read `include_fields`; empty means all."""
    asked = request.parameters.get("include_fields", "")
    return frozenset(name for part in asked.split(",") if (name := part.strip()))


def _only(wanted: frozenset[str], log: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in log.items() if name in wanted} if wanted else log
