"""What the calls have in common: paths, pages, filters and left-out values.

Pure.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client.filters import Filters, filters_body
from respan_langchain.client.models import Message
from respan_langchain.client.urls import quote_segment
from respan_langchain.errors import ConfigurationError

FilterInput = Filters | Mapping[str, Any] | None
Timestamp = dt.datetime | str
"""A time, in ISO 8601 when it is text."""


def dataset_path(dataset_id: str, *rest: str) -> str:
    """Name a dataset, or something under it."""
    return "/".join(["/api/datasets", quote_segment(dataset_id), *rest, ""])


def log_path(dataset_id: str, unique_id: str) -> str:
    """Name one log."""
    return dataset_path(dataset_id, "logs", quote_segment(unique_id))


def page_query(page: int, page_size: int, **more: str | None) -> dict[str, str]:
    """Ask for one page."""
    if page < 1 or not 1 <= page_size <= MAX_PAGE_SIZE:
        raise ConfigurationError(f"Pages count from 1 and hold 1 to {MAX_PAGE_SIZE} results.")
    return {"page": str(page), "page_size": str(page_size), **omit_none(more)}


def filters_field(filters: FilterInput, fields: frozenset[str] | None = None) -> dict[str, Any]:
    """Write filters as a part of the body; nothing when there are none."""
    written = filters_body(filters) if fields is None else filters_body(filters, fields)
    return {"filters": written} if written else {}


def omit_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is None."""
    return {name: value for name, value in values.items() if value is not None}


def require_changes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is None, and refuse to send nothing at all."""
    changes = omit_none(values)
    if not changes:
        raise ConfigurationError("Say what to change: at least one field.")
    return changes


def parse_message(said: Any) -> Message:
    """Read an answer of words only, which may be empty."""
    return Message.model_validate({} if said is None else said)


def parse_empty(_said: Any) -> None:
    """Read an answer that says nothing but its status."""
