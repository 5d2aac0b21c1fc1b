"""Maps an HTTP result to the exception that a client raises: the table of status codes is here.

Pure. The server's own text goes into the exception's `body`, not into its message: it may quote the
request, and messages are logged.
"""

import re
from urllib.parse import urlsplit

from respan_langchain.client.http_result import HttpResult
from respan_langchain.client.retry_policy import parse_retry_after
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
    UnexpectedResponseError,
    ValidationError,
)

STATUS_ERRORS: dict[int, tuple[type[ApiError], str]] = {
    400: (ValidationError, "invalid request"),
    401: (AuthenticationError, "the API key is missing or wrong; check api_key (RESPAN_API_KEY)"),
    402: (PlanLimitError, "the plan's limit is reached"),
    403: (
        PermissionDeniedError,
        "the API key does not permit this; check api_key (RESPAN_API_KEY)",
    ),
    404: (NotFoundError, "not found in the API key's organization; check dataset_id and base_url"),
    413: (ValidationError, "the request is too large"),
    422: (ValidationError, "invalid request"),
    429: (RateLimitError, "rate limit exceeded"),
}
"""The exception and the text of each status; delivery logs the same texts."""
MAX_BODY_CHARS = 2_000
"""Characters of the response's body that an exception keeps."""
MAX_NAMED_FIELDS = 5
"""Invalid fields that a message names."""
HOST_NAME = re.compile(r"[\w.:-]{1,253}")
FIELD_NAME = re.compile(r"[A-Za-z_][\w.\[\]-]{0,40}")


def build_error(method: str, path: str, result: HttpResult) -> ApiError:
    """Return the exception for a result that is not a success."""
    if result.status is None:
        lost = DeadlineError if result.timed_out else ConnectionFailedError
        return lost(result.error, method=method, path=path)
    kind, text = _describe_status(result.status, result)
    fields = _field_errors(result) if kind is ValidationError else {}
    named = [name for name in fields if FIELD_NAME.fullmatch(name)][:MAX_NAMED_FIELDS]
    return kind(
        f"{result.status}: {text}" + (f" ({', '.join(named)})" if named else ""),
        method=method,
        path=path,
        status=result.status,
        body=_body_excerpt(result),
        fields=fields,
        retry_after=parse_retry_after(result),
    )


def build_unexpected_error(
    method: str, path: str, result: HttpResult, problem: str
) -> UnexpectedResponseError:
    """Return the exception for a success whose body is not what the API documents."""
    return UnexpectedResponseError(
        f"{result.status}: {problem}",
        method=method,
        path=path,
        status=result.status,
        body=_body_excerpt(result),
    )


def _describe_status(status: int, result: HttpResult) -> tuple[type[ApiError], str]:
    if 300 <= status < 400:
        return UnexpectedResponseError, f"redirect to {_redirect_target(result)}, not followed"
    if status >= 500:
        return ServerError, "server error"
    return STATUS_ERRORS.get(status, (UnexpectedResponseError, "unexpected status"))


def _redirect_target(result: HttpResult) -> str:
    try:
        parts = urlsplit(result.headers.get("location", ""))
    except ValueError:
        return "another path"
    if parts.hostname is None or not HOST_NAME.fullmatch(parts.hostname):
        return "another path"
    return f"{parts.scheme}://{parts.hostname}"


def _field_errors(result: HttpResult) -> dict[str, list[str]]:
    """Return the server's messages by field, from `errors` or from the top level of the body."""
    body = result.read_object()
    errors = body.get("errors", body)
    if not isinstance(errors, dict):
        return {}
    return {
        name: [str(message) for message in messages]
        if isinstance(messages, list)
        else [str(messages)]
        for name, messages in errors.items()
        if errors is not body or isinstance(messages, list)
    }


def _body_excerpt(result: HttpResult) -> str:
    return result.body[: 4 * MAX_BODY_CHARS].decode("utf-8", "replace")[:MAX_BODY_CHARS]
