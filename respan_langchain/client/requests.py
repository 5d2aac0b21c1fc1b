"""An API request as a value, and what its HTTP result means: a value or an error.

Pure. `endpoints.py` builds requests with the functions for their parts, `request_flow.py` repeats
them.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ValidationError

from respan_langchain._arguments import check_count
from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client.http_result import HttpResult
from respan_langchain.client.models import Message
from respan_langchain.client.status_errors import build_error, build_unexpected_error
from respan_langchain.client.urls import quote_segment
from respan_langchain.errors import ConfigurationError, UnexpectedResponseError

Value = TypeVar("Value")
Timestamp = dt.datetime | str
"""A time; text must be in ISO 8601."""


@dataclass(frozen=True, slots=True)
class ApiRequest(Generic[Value]):
    """A request to one endpoint, and how to parse its response. The repr shows no content."""

    method: str
    path: str
    """Quoted, from `/api/` on."""
    parse: Callable[[Any], Value] = field(repr=False)
    """Converts the response's JSON (None for an empty body) to the value that the caller gets.

    Raises pydantic's ValidationError for unexpected JSON.
    """
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    only_reads: bool = False
    """Whether a POST changes nothing."""
    parses_400: bool = False
    """Whether a 400 response may have the same body as a success."""

    def target(self) -> str:
        """Return the path and the query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def is_idempotent(self) -> bool:
        """Whether sending it twice has the same effect as sending it once."""
        return self.method != "POST" or self.only_reads

    def encode_body(self) -> bytes:
        """Return the body as JSON; empty when there is none.

        Raises:
            ConfigurationError: JSON has no form for a number in it, or it contains itself.
            TypeError: It contains an object of an unknown type.
        """
        if self.body is None:
            return b""
        try:
            text = json.dumps(self.body, default=_to_json, allow_nan=False, ensure_ascii=False)
        except (ValueError, RecursionError):
            raise ConfigurationError(
                "the request body contains NaN, Infinity or a circular reference; remove it"
            ) from None
        return text.encode("utf-8", "replace")


def dataset_path(*segments: str) -> str:
    """Return the path of a dataset, by its id, or of something below it."""
    return "/".join(["/api/datasets", *map(quote_segment, segments), ""])


def page_query(page: int, page_size: int, **more: str | None) -> dict[str, str]:
    """Return the query parameters of one page; `more` is left out where it is None."""
    check_count("page", page)
    check_count("page_size", page_size, maximum=MAX_PAGE_SIZE)
    return {"page": str(page), "page_size": str(page_size), **omit_none(more)}


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


def read_result(request: ApiRequest[Value], result: HttpResult, attempt: int) -> Value:
    """Return the value of try number `attempt` (from 1).

    Raises:
        ApiError: The try failed.
    """
    if result.status is not None and 200 <= result.status < 300:
        return _parse_body(request, result)
    if result.status == 400 and request.parses_400:
        with suppress(UnexpectedResponseError):
            return _parse_body(request, result)
    if result.status == 404 and request.method == "DELETE" and attempt > 1:
        # An earlier try may have deleted it, its response having been lost.
        return _parse_body(request, HttpResult(204))
    raise build_error(request.method, request.path, result)


def _parse_body(request: ApiRequest[Value], result: HttpResult) -> Value:
    try:
        return request.parse(json.loads(result.body) if result.body.strip() else None)
    except ValidationError:
        problem = "unexpected JSON in the response"
    except (ValueError, RecursionError):
        content_type = result.headers.get("content-type", "no type").split(";")[0][:40]
        problem = f"response is not JSON ({len(result.body)} bytes of {content_type})"
    # Outside of the handlers, whose exceptions quote the response.
    raise build_unexpected_error(request.method, request.path, result, problem)


def _to_json(value: object) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(
        f"cannot encode a {type(value).__name__} as JSON; convert it to str, a number, list or dict"
    )
