"""What a response such as a 413 means for each row of its batch, and which `Action` follows.

Pure; `scheduler.py` carries the action out. A row counts as stored only when the response says so
as the API documents it. A row that is only likely to be stored is `unconfirmed`, and is looked up
before it is sent again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import orjson

from respan_langchain.client.http_result import HttpResult
from respan_langchain.client.status_errors import STATUS_ERRORS

MAX_MESSAGE_LENGTH = 1000
"""Length to which the server's message is cut: characters of a row's error, bytes of a body."""

MAX_HOST_LENGTH = 253
"""Characters of a host name, as DNS has them; the server may name anything."""


class Action(Enum):
    """What to do before the next request."""

    NONE = "none"
    """The request succeeded."""
    WAIT = "wait"
    """The server fails or cannot be reached: back off."""
    THROTTLE = "throttle"
    """Too many requests."""
    SHRINK = "shrink"
    """The body is too large: send smaller batches."""
    BISECT = "bisect"
    """A row makes the server refuse the batch, and the response does not say which."""
    OPEN_CIRCUIT = "open_circuit"
    """The server refuses all rows until a key, an address or a plan is changed."""


@dataclass(frozen=True, slots=True)
class Classification:
    """What a response means for the rows of its batch, by index.

    Each index is in exactly one of `stored`, `resend`, `unconfirmed`, `rejected`, `retryable`.
    """

    cause: str
    """A short text for a log line."""
    action: Action = Action.NONE
    message: str = ""
    """The server's message about a refused batch; it may quote a row, so it is never logged."""
    stored: tuple[int, ...] = ()
    resend: tuple[int, ...] = ()
    """Certainly not stored: to be sent again."""
    unconfirmed: tuple[int, ...] = ()
    """Possibly stored: to be looked up."""
    rejected: Mapping[int, str] = field(default_factory=dict)
    """Refused permanently, with the server's message."""
    retryable: Mapping[int, str] = field(default_factory=dict)
    """Refused with a message that describes a temporary failure."""


REFUSED = {
    400: Action.BISECT,
    409: Action.BISECT,
    422: Action.BISECT,
    413: Action.SHRINK,
    425: Action.WAIT,
    429: Action.THROTTLE,
    # A proxy or a server that is starting up or overloaded sends this before it reads the body.
    503: Action.WAIT,
    501: Action.OPEN_CIRCUIT,
    505: Action.OPEN_CIRCUIT,
    511: Action.OPEN_CIRCUIT,
}
"""Statuses after which nothing is stored. Any other 3xx or 4xx but 408 opens the circuit."""

EXPLAINED = frozenset({401, 402, 403, 404})
"""Statuses for which the log line says what to change."""

PASSING = re.compile(
    r"time[d -]*out|temporar|unavailable|rate limit|too many|try again|retry|internal|deadlock"
    r"|\b50[0-4]\b",
    re.IGNORECASE,
)
"""Matches messages of temporary failures. Row errors have no code, only a message."""


def classify(result: HttpResult, rows: int) -> Classification:
    """Classify the response to a batch of `rows` rows."""
    classification = _classify_by_status(result, rows)
    if classification.action in {Action.BISECT, Action.SHRINK}:
        text = result.body[:MAX_MESSAGE_LENGTH].decode(errors="replace").strip()
        return replace(
            classification,
            message=f"{classification.cause}: {text}" if text else classification.cause,
        )
    return classification


def _classify_by_status(result: HttpResult, rows: int) -> Classification:
    everything = tuple(range(rows))
    if not result.maybe_sent:
        return Classification(_describe(result), _action_if_unsent(result), resend=everything)
    if result.status is None:
        return Classification(_describe(result), Action.WAIT, unconfirmed=everything)
    if 200 <= result.status < 300 or result.status in {400, 422}:
        return _classify_envelope(result, result.status, rows)
    if 300 <= result.status < 400:
        return Classification(_describe_redirect(result), Action.OPEN_CIRCUIT, resend=everything)
    action = REFUSED.get(result.status)
    if action is None and 400 < result.status < 500 and result.status != 408:
        action = Action.OPEN_CIRCUIT
    if action is None:
        return Classification(_describe(result), Action.WAIT, unconfirmed=everything)
    return Classification(_describe(result), action, resend=everything)


def _describe(result: HttpResult) -> str:
    if result.error or result.status is None:
        return result.error or "no response"
    if result.status in EXPLAINED:
        return f"{result.status}, {STATUS_ERRORS[result.status][1]}"
    return str(result.status)


def _action_if_unsent(result: HttpResult) -> Action:
    """Return what to do when the rows were not sent; finding their dataset may have failed."""
    status = result.status
    if result.permanent:
        return Action.OPEN_CIRCUIT
    if status == 429:
        return Action.THROTTLE
    passing = status is None or status < 300 or status >= 500 or status in {408, 425}
    return Action.WAIT if passing else Action.OPEN_CIRCUIT


def _classify_envelope(result: HttpResult, status: int, rows: int) -> Classification:
    everything = tuple(range(rows))
    content = _parse_object(result.body)
    if "success_count" not in content:
        return _classify_bare(status, content, everything)
    errors = _parse_errors(content.get("errors"), rows)
    stored_count = _parse_count(content["success_count"])
    failed_count = _parse_count(content.get("error_count", len(errors or ())))
    if errors is None or not _adds_up(stored_count, failed_count, errors, rows):
        cause = f"{status} with inconsistent counts"
        if status >= 400 and stored_count == 0:
            return Classification(cause, Action.BISECT, resend=everything)
        return Classification(cause, Action.WAIT, unconfirmed=everything)
    retryable = {index: message for index, message in errors.items() if PASSING.search(message)}
    rejected = {index: message for index, message in errors.items() if index not in retryable}
    silent = tuple(index for index in everything if index not in errors)
    if stored_count == len(silent):
        return Classification(str(status), stored=silent, rejected=rejected, retryable=retryable)
    cause = f"{status} that lists only some of the failed rows"
    if stored_count == 0:
        retryable |= dict.fromkeys(silent, "refused; the response gives no reason")
        return Classification(cause, rejected=rejected, retryable=retryable)
    return Classification(cause, unconfirmed=silent, rejected=rejected, retryable=retryable)


def _classify_bare(
    status: int, content: dict[str, Any], everything: tuple[int, ...]
) -> Classification:
    if status in {400, 422}:
        return Classification(str(status), Action.BISECT, resend=everything)
    if "message" in content:
        # An older version of the API imports existing logs at this path.
        cause = f"{status} of another API: no success_count"
        return Classification(cause, Action.OPEN_CIRCUIT, resend=everything)
    cause = f"{status} with an unknown body: no success_count"
    return Classification(cause, Action.WAIT, unconfirmed=everything)


def _parse_object(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _parse_errors(listed: object, rows: int) -> dict[int, str] | None:
    """Return the server's messages by index; None when the list is not as documented."""
    errors: dict[int, str] = {}
    for entry in listed if isinstance(listed, list) else []:
        index = _parse_count(entry.get("index")) if isinstance(entry, dict) else None
        if index is None or index >= rows or index in errors:
            return None
        errors[index] = str(entry.get("error", ""))[:MAX_MESSAGE_LENGTH]
    return errors


def _adds_up(stored: int | None, failed: int | None, errors: dict[int, str], rows: int) -> bool:
    if stored is None or failed is None:
        return False
    return stored + failed == rows and len(errors) <= failed


def _parse_count(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return None


def _describe_redirect(result: HttpResult) -> str:
    try:
        host = urlsplit(result.headers.get("location", "")).hostname
    except ValueError:
        host = None
    name = (host or "elsewhere on the same host")[:MAX_HOST_LENGTH]
    return f"{result.status} to {name}, not followed"
