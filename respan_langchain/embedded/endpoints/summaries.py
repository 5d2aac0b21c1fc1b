"""Summaries: the sums and means of a dataset's logs."""

from typing import Any

from respan_langchain.embedded.http import Response, json_response
from respan_langchain.embedded.store import datasets_table
from respan_langchain.embedded.store.fields import find_log_field
from respan_langchain.embedded.store.filters import parse_filters
from respan_langchain.embedded.store.store import Store
from respan_langchain.embedded.store.summary import compute_summary


def summarize(store: Store, dataset_id: str, body: dict[str, Any]) -> Response:
    """`GET` and `POST /api/datasets/{id}/logs/summary/`."""
    condition = parse_filters(body.get("filters"), find_log_field)
    with store.reading() as connection:
        dataset = datasets_table.get_seq(connection, dataset_id)
        return json_response(200, compute_summary(connection, dataset, condition))
