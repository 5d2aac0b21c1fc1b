"""What goes into the platform and what comes out: requests, responses, and refusals, as values.

No socket, no framework: httpx (transport.py) and Starlette (web.py) translate to and from these.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson


@dataclass(frozen=True, slots=True)
class Request:
    """One request, nothing interpreted."""

    method: str
    path: str
    """As sent, percent signs and all."""
    query: str = ""
    """As sent, without the question mark."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name."""
    body: bytes = b""
    origin: str = "http://localhost"
    """Scheme and host, for the links between pages."""

    @property
    def segments(self) -> list[str]:
        """The path between its slashes, unquoted; the last is empty when the path ends in one."""
        return [unquote(segment) for segment in self.path.split("/")[1:]]

    @property
    def parameters(self) -> dict[str, str]:
        """The query; of a name that is given twice, the last."""
        try:
            return dict(parse_qsl(self.query, keep_blank_values=True, max_num_fields=100))
        except ValueError as error:
            raise HttpError(400, "The query string is malformed.") from error


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, ready for the wire."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: Iterator[bytes] | None = None
    """The body piece by piece, where it may be long; `body` is empty then."""


class HttpError(Exception):
    """Why a request is not carried out; becomes the answer, and never leaves this room."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.extra = more

    @classmethod
    def for_field(cls, name: str, complaint: str) -> "HttpError":
        """Refuse one field of the body."""
        return cls(400, f"{name}: {complaint}", errors={name: [complaint]})


def json_response(status: int, body: Any) -> Response:
    """Answer with JSON."""
    return Response(status, orjson.dumps(body), {"content-type": "application/json"})


def error_response(refused: HttpError) -> Response:
    """Answer with the reason."""
    response = json_response(refused.status, {"detail": refused.detail, **refused.extra})
    if refused.status == 401:
        return Response(401, response.body, {**response.headers, "www-authenticate": "Bearer"})
    return response


def parse_object(body: bytes) -> dict[str, Any]:
    """Read a body that must be a JSON object; an absent one is an empty object."""
    if not body:
        return {}
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise HttpError(422, f"The body is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise HttpError(422, "The body must be a JSON object.")
    return found
