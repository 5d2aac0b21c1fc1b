"""What an answer that is no success says: which exception it is, and how long it asks to wait.

Pure. The server's words stay in the exception's `body`: they may quote what was sent, and messages
are logged.
"""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from respan_langchain._http_result import HttpResult
from respan_langchain.client.retry import parse_retry_after
from respan_langchain.errors import (
    ApiError,
    AuthenticationError,
    ConnectionFailedError,
    DeadlineError,
    NotFoundError,
    PermissionDeniedError,
    PlanLimitError,
    RateLimitError,
    ServerError,
    UnexpectedAnswerError,
    ValidationError,
)

STATUS_ERRORS: dict[int, tuple[type[ApiError], str]] = {
    400: (ValidationError, "the request is refused"),
    401: (AuthenticationError, "the key is missing or wrong"),
    402: (PlanLimitError, "the plan's limit is reached"),
    403: (PermissionDeniedError, "the key may not do this"),
    404: (NotFoundError, "not found in this organization"),
    413: (ValidationError, "the request is too large"),
    422: (ValidationError, "the request is refused"),
    429: (RateLimitError, "too many requests"),
}
MAX_BODY_CHARS = 2_000
"""Characters of the server's words that an error keeps."""
FIELD_NAME = re.compile(r"[A-Za-z_][\w.\[\]-]{0,40}")


def build_error(method: str, path: str, result: HttpResult) -> ApiError:
    """Turn an answer that is no success into the exception that says so."""
    if result.status is None:
        lost = DeadlineError if result.timed_out else ConnectionFailedError
        return lost(result.error, method=method, path=path)
    kind, words = _error_type(result)
    fields = _field_errors(result) if kind is ValidationError else {}
    named = [name for name in fields if FIELD_NAME.fullmatch(name)][:5]
    return kind(
        f"{result.status}: {words}" + (f" ({', '.join(named)})" if named else ""),
        method=method,
        path=path,
        status=result.status,
        body=_body_excerpt(result),
        fields=fields,
        retry_after=parse_retry_after(result),
    )


def build_unexpected_error(
    method: str, path: str, result: HttpResult, problem: str
) -> UnexpectedAnswerError:
    """Say that a success is not one: its body is not what the documentation promises."""
    return UnexpectedAnswerError(
        f"{result.status}: {problem}",
        method=method,
        path=path,
        status=result.status,
        body=_body_excerpt(result),
    )


def _error_type(result: HttpResult) -> tuple[type[ApiError], str]:
    status = result.status or 0
    if 300 <= status < 400:
        return (
            UnexpectedAnswerError,
            f"a redirect to {_redirect_target(result)}, which is not followed",
        )
    if status >= 500:
        return ServerError, "the platform failed"
    return STATUS_ERRORS.get(
        status, (UnexpectedAnswerError, "an answer that the documentation does not know")
    )


def _redirect_target(result: HttpResult) -> str:
    try:
        parts = urlsplit(result.headers.get("location", ""))
        host = parts.hostname
    except ValueError:
        host = None
    if host is None or not re.fullmatch(r"[\w.:-]{1,253}", host):
        return "another path"
    return f"{parts.scheme}://{host}"


def _field_errors(result: HttpResult) -> dict[str, list[str]]:
    body = _json_object(result)
    said = body.get("errors", body)
    if not isinstance(said, dict):
        return {}
    return {
        name: [str(one) for one in words] if isinstance(words, list) else [str(words)]
        for name, words in said.items()
        if said is not body or isinstance(words, list)
    }


def _json_object(result: HttpResult) -> dict[str, Any]:
    try:
        said = json.loads(result.body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _body_excerpt(result: HttpResult) -> str:
    return result.body[: 4 * MAX_BODY_CHARS].decode("utf-8", "replace")[:MAX_BODY_CHARS]
