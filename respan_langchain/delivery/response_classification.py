"""What a response means for each row of its batch, and what to do before the next request.

Pure. A row counts as stored only when the response says so as the API documents it. A row that is
only likely to be stored is `unconfirmed`, and is looked up before it is sent again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import orjson

from respan_langchain.client.error_mapping import STATUS_ERRORS
from respan_langchain.client.http_result import HttpResult

MAX_MESSAGE_LENGTH = 1000
"""Length to which the server's message is cut: characters of a row's error, bytes of a body."""


class Action(Enum):
    """What to do before the next request."""

    NONE = "nothing"
    """The request succeeded."""
    WAIT = "wait"
    """The server fails or cannot be reached: back off."""
    THROTTLE = "slow down"
    """Too many requests."""
    SHRINK = "split"
    """The body is too large."""
    BISECT = "bisect"
    """A row makes the server refuse the batch, and the response does not say which."""
    OPEN_CIRCUIT = "open circuit"
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


def classify(answer: HttpResult, rows: int) -> Classification:
    """Classify the response to a batch of `rows` rows."""
    verdict = _judge(answer, rows)
    if verdict.action in {Action.BISECT, Action.SHRINK}:
        text = answer.body[:MAX_MESSAGE_LENGTH].decode(errors="replace").strip()
        return replace(verdict, message=f"{verdict.cause}: {text}" if text else verdict.cause)
    return verdict


def _judge(answer: HttpResult, rows: int) -> Classification:
    everything = tuple(range(rows))
    if not answer.maybe_sent:
        return Classification(_cause(answer), _remedy_unsent(answer), resend=everything)
    if answer.status is None:
        return Classification(_cause(answer), Action.WAIT, unconfirmed=everything)
    if 200 <= answer.status < 300 or answer.status in {400, 422}:
        return _judge_envelope(answer, answer.status, rows)
    if 300 <= answer.status < 400:
        return Classification(_redirected(answer), Action.OPEN_CIRCUIT, resend=everything)
    remedy = REFUSED.get(answer.status)
    if remedy is None and 400 < answer.status < 500 and answer.status != 408:
        remedy = Action.OPEN_CIRCUIT
    if remedy is None:
        return Classification(_cause(answer), Action.WAIT, unconfirmed=everything)
    return Classification(_cause(answer), remedy, resend=everything)


def _cause(answer: HttpResult) -> str:
    if answer.error or answer.status is None:
        return answer.error or "no answer"
    if answer.status in EXPLAINED:
        return f"{answer.status}, {STATUS_ERRORS[answer.status][1]}"
    return str(answer.status)


def _remedy_unsent(answer: HttpResult) -> Action:
    """Return what to do when the rows were not sent; finding their dataset may have failed."""
    status = answer.status
    if answer.permanent:
        return Action.OPEN_CIRCUIT
    if status == 429:
        return Action.THROTTLE
    passing = status is None or status < 300 or status >= 500 or status in {408, 425}
    return Action.WAIT if passing else Action.OPEN_CIRCUIT


def _judge_envelope(answer: HttpResult, status: int, rows: int) -> Classification:
    everything = tuple(range(rows))
    content = _content(answer.body)
    if "success_count" not in content:
        return _judge_bare(status, content, everything)
    errors = _errors(content.get("errors"), rows)
    stored_count = _count(content["success_count"])
    failed_count = _count(content.get("error_count", len(errors or ())))
    if errors is None or not _adds_up(stored_count, failed_count, errors, rows):
        cause = f"{status} with inconsistent counts"
        if status >= 400 and stored_count == 0:
            return Classification(cause, Action.BISECT, resend=everything)
        return Classification(cause, Action.WAIT, unconfirmed=everything)
    rejected, retryable = _sort(errors)
    silent = tuple(index for index in everything if index not in errors)
    if stored_count == len(silent):
        return Classification(str(status), stored=silent, rejected=rejected, retryable=retryable)
    cause = f"{status} that lists only some of the failed rows"
    if stored_count == 0:
        retryable |= dict.fromkeys(silent, "refused; the response gives no reason")
        return Classification(cause, rejected=rejected, retryable=retryable)
    return Classification(cause, unconfirmed=silent, rejected=rejected, retryable=retryable)


def _judge_bare(
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


def _content(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _errors(listed: object, rows: int) -> dict[int, str] | None:
    """Return the server's messages by index; None when the list is not as documented."""
    errors: dict[int, str] = {}
    for entry in listed if isinstance(listed, list) else []:
        index = _count(entry.get("index")) if isinstance(entry, dict) else None
        if index is None or index >= rows or index in errors:
            return None
        errors[index] = str(entry.get("error", ""))[:MAX_MESSAGE_LENGTH]
    return errors


def _adds_up(stored: int | None, failed: int | None, errors: dict[int, str], rows: int) -> bool:
    if stored is None or failed is None:
        return False
    return stored + failed == rows and len(errors) <= failed


def _count(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    return None


def _sort(errors: dict[int, str]) -> tuple[dict[int, str], dict[int, str]]:
    passing = {index: words for index, words in errors.items() if PASSING.search(words)}
    return {index: words for index, words in errors.items() if index not in passing}, passing


def _redirected(answer: HttpResult) -> str:
    try:
        host = urlsplit(answer.headers.get("location", "")).hostname
    except ValueError:
        host = None
    return f"{answer.status} to {host or 'elsewhere on the same host'}, not followed"
