"""What an answer that is no success says: which exception it is, and how long it asks to wait.

Pure. The server's words stay in the exception's `body`: they may quote what was sent, and messages
are logged.
"""

import datetime as dt
import email.utils
import json
import math
import re
from typing import Any
from urllib.parse import urlsplit

from respan_langchain._http_result import Answer
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

KINDS: dict[int, tuple[type[ApiError], str]] = {
    400: (ValidationError, "the request is refused"),
    401: (AuthenticationError, "the key is missing or wrong"),
    402: (PlanLimitError, "the plan's limit is reached"),
    403: (PermissionDeniedError, "the key may not do this"),
    404: (NotFoundError, "not found in this organization"),
    413: (ValidationError, "the request is too large"),
    422: (ValidationError, "the request is refused"),
    429: (RateLimitError, "too many requests"),
}
LONGEST_BODY = 2_000
"""Characters of the server's words that an error keeps."""
FIELD_NAME = re.compile(r"[A-Za-z_][\w.\[\]-]{0,40}")


def error_from(method: str, path: str, answer: Answer) -> ApiError:
    """Turn an answer that is no success into the exception that says so."""
    if answer.status is None:
        lost = DeadlineError if answer.timed_out else ConnectionFailedError
        return lost(answer.problem, method=method, path=path)
    kind, words = _kind_of(answer)
    fields = _complaints(answer) if kind is ValidationError else {}
    named = [name for name in fields if FIELD_NAME.fullmatch(name)][:5]
    return kind(
        f"{answer.status}: {words}" + (f" ({', '.join(named)})" if named else ""),
        method=method,
        path=path,
        status=answer.status,
        body=_start_of(answer),
        fields=fields,
        retry_after=retry_after(answer),
    )


def unexpected(method: str, path: str, answer: Answer, problem: str) -> UnexpectedAnswerError:
    """Say that a success is not one: its body is not what the documentation promises."""
    return UnexpectedAnswerError(
        f"{answer.status}: {problem}",
        method=method,
        path=path,
        status=answer.status,
        body=_start_of(answer),
    )


def retry_after(answer: Answer) -> float | None:
    """Read how many seconds the server asks to wait; None when it does not, or makes no sense.

    The body comes before the header. A date is measured against the answer's own Date, so that a
    wrong clock here does not matter.
    """
    said = _json_object(answer).get("retry_after")
    seconds = _seconds(said) if not isinstance(said, bool) else None
    if seconds is None:
        seconds = _seconds(answer.headers.get("retry-after"))
    return seconds if seconds is not None else _seconds_until(answer)


def _kind_of(answer: Answer) -> tuple[type[ApiError], str]:
    status = answer.status or 0
    if 300 <= status < 400:
        return (
            UnexpectedAnswerError,
            f"a redirect to {_redirected_to(answer)}, which is not followed",
        )
    if status >= 500:
        return ServerError, "the platform failed"
    return KINDS.get(
        status, (UnexpectedAnswerError, "an answer that the documentation does not know")
    )


def _redirected_to(answer: Answer) -> str:
    try:
        parts = urlsplit(answer.headers.get("location", ""))
        host = parts.hostname
    except ValueError:
        host = None
    if host is None or not re.fullmatch(r"[\w.:-]{1,253}", host):
        return "another path"
    return f"{parts.scheme}://{host}"


def _complaints(answer: Answer) -> dict[str, list[str]]:
    body = _json_object(answer)
    said = body.get("errors", body)
    if not isinstance(said, dict):
        return {}
    return {
        name: [str(one) for one in words] if isinstance(words, list) else [str(words)]
        for name, words in said.items()
        if said is not body or isinstance(words, list)
    }


def _json_object(answer: Answer) -> dict[str, Any]:
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(said: object) -> float | None:
    try:
        seconds = float(said) if isinstance(said, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _seconds_until(answer: Answer) -> float | None:
    then, now = (_date(answer.headers.get(name)) for name in ("retry-after", "date"))
    if then is None or now is None:
        return None
    return max(0.0, (then - now).total_seconds())


def _date(said: str | None) -> dt.datetime | None:
    try:
        date = email.utils.parsedate_to_datetime(said or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=dt.UTC)


def _start_of(answer: Answer) -> str:
    return answer.body[: 4 * LONGEST_BODY].decode("utf-8", "replace")[:LONGEST_BODY]
