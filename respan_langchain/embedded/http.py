"""Requests, responses and errors of the embedded platform, as values.

No socket and no framework: `transport.py` translates for httpx, `server/asgi.py` for ASGI.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from respan_langchain.embedded.store.errors import (
    InvalidFieldError,
    MissingRecordError,
    ReadOnlyError,
    StoreError,
)

MAX_QUERY_FIELDS = 100


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as it was sent."""

    method: str
    path: str
    """As sent, still percent-encoded."""
    query: str = ""
    """As sent, without the question mark."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name."""
    body: bytes = b""
    origin: str = "http://localhost"
    """Scheme and host, for links to other pages of a list."""
    client: str = ""
    """The address of the sender; empty in process."""

    @property
    def segments(self) -> list[str]:
        """The decoded parts of the path; the last is empty when the path ends in a slash."""
        return [unquote(segment) for segment in self.path.split("/")[1:]]

    @property
    def parameters(self) -> dict[str, str]:
        """The query's fields; of a repeated name the last."""
        try:
            return dict(
                parse_qsl(self.query, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS)
            )
        except ValueError as error:
            raise HttpError(400, "The query string is malformed.") from error


@dataclass(frozen=True, slots=True)
class Response:
    """One response."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: Iterator[bytes] | None = None
    """The body in pieces, where it may be long; `body` is empty then."""


class HttpError(Exception):
    """A request is rejected; `error_response` builds the response."""

    def __init__(self, status: int, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.extra = extra

    @classmethod
    def for_field(cls, name: str, message: str) -> "HttpError":
        """Refuse one field of the body: status 400."""
        return cls(400, f"{name}: {message}", errors={name: [message]})


def to_http_error(error: HttpError | StoreError) -> HttpError:
    """Map an error of the store to its HTTP status; the only place where that is decided."""
    match error:
        case HttpError():
            return error
        case MissingRecordError():
            return HttpError(404, str(error))
        case ReadOnlyError():
            return HttpError(403, str(error))
        case InvalidFieldError():
            return HttpError.for_field(error.field, error.message)
        case _:
            return HttpError(400, str(error))


def json_response(status: int, body: Any) -> Response:
    """Build a response with a JSON body."""
    return Response(status, orjson.dumps(body), {"content-type": "application/json"})


def error_response(error: HttpError | StoreError) -> Response:
    """Build the response for an error."""
    refused = to_http_error(error)
    response = json_response(refused.status, {"detail": refused.detail, **refused.extra})
    if refused.status == 401:
        return Response(401, response.body, {**response.headers, "www-authenticate": "Bearer"})
    return response


def parse_object(body: bytes) -> dict[str, Any]:
    """Read a body that must be a JSON object; an empty body is an empty object."""
    if not body:
        return {}
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise HttpError(422, f"The body is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise HttpError(422, "The body must be a JSON object.")
    return value
