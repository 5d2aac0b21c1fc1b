"""Parts that API requests share: paths, page parameters, filters and optional fields.

Pure.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from respan_langchain._arguments import check_count
from respan_langchain._constants import LOG_FIELDS, MAX_PAGE_SIZE
from respan_langchain.client.filters import Filters, filters_body
from respan_langchain.client.models import Message
from respan_langchain.client.urls import quote_segment
from respan_langchain.errors import ConfigurationError

FilterInput = Filters | Mapping[str, Any] | None
Timestamp = dt.datetime | str
"""A time; text must be in ISO 8601."""


def dataset_path(*segments: str) -> str:
    """Return the path of a dataset, by its id, or of something below it."""
    return "/".join(["/api/datasets", *map(quote_segment, segments), ""])


def page_query(page: int, page_size: int, **more: str | None) -> dict[str, str]:
    """Return the query parameters of one page; `more` is left out where it is None."""
    check_count("page", page)
    check_count("page_size", page_size, maximum=MAX_PAGE_SIZE)
    return {"page": str(page), "page_size": str(page_size), **omit_none(more)}


def filters_field(filters: FilterInput, fields: frozenset[str] = LOG_FIELDS) -> dict[str, Any]:
    """Return the `filters` field of a body; nothing when there are no filters."""
    written = filters_body(filters, fields)
    return {"filters": written} if written else {}


def filtered_fields(body: Mapping[str, Any] | None) -> list[str]:
    """Return the fields of logs or datasets by which a request's body filters."""
    named = [(body or {}).get(name) for name in ("filters", "initial_log_filters")]
    return [field for filters in named if filters for field in filters]


def omit_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def require_changes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are not None.

    Raises:
        ConfigurationError: All are None.
    """
    changes = omit_none(values)
    if not changes:
        raise ConfigurationError(f"nothing to update: pass at least one of {', '.join(values)}")
    return changes


def parse_message(content: Any) -> Message:
    """Parse a response that is a message, or empty."""
    return Message.model_validate({} if content is None else content)


def parse_empty(_content: Any) -> None:
    """Ignore a response's body."""
