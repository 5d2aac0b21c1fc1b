"""A request as a value, and what its answer means: the half of the client that needs no network.

Pure. `dataset_calls.py` and `log_calls.py` make the calls; a client carries them out and does what
`judge` says; nobody else decides what is worth another try.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, ValidationError

from respan_langchain._http_result import Answer
from respan_langchain.client.error_mapping import error_from, unexpected
from respan_langchain.errors import ApiError, ConfigurationError

Value = TypeVar("Value")

PASSING = frozenset({408, 425, 500, 502, 503, 504})
"""Statuses that may go away by themselves, and do not say whether the request was carried out."""


@dataclass(frozen=True, slots=True)
class Call(Generic[Value]):
    """One request to one endpoint, and how to read what comes back. Its repr shows no content."""

    method: str
    path: str
    """Quoted, from `/api/` on."""
    reads: Callable[[Any], Value] = field(repr=False)
    """From the answer's JSON (None for an empty body) to what the caller gets.

    Raises pydantic's ValidationError when the JSON is something else.
    """
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    repeatable: bool = False
    """Whether doing it twice is the same as doing it once."""
    refusal_reads: bool = False
    """Whether a 400 may carry the same envelope as a success."""

    def target(self) -> str:
        """The path and the query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def content(self) -> bytes:
        """Write the body as JSON; empty when there is none."""
        if self.body is None:
            return b""
        try:
            text = json.dumps(self.body, default=_plain, allow_nan=False, ensure_ascii=False)
        except (ValueError, RecursionError):
            raise ConfigurationError(
                "What is to be sent holds NaN, an infinity or itself, which JSON cannot say."
            ) from None
        return text.encode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Done(Generic[Value]):
    """The call succeeded."""

    value: Value


@dataclass(frozen=True, slots=True)
class Wait:
    """Another try is worth it after so many seconds; `error` is for when there is no time left."""

    seconds: float
    error: ApiError


@dataclass(frozen=True, slots=True)
class Failed:
    """The call failed for good."""

    error: ApiError


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on."""

    max_tries: int = 4
    first_wait: float = 0.5
    """Seconds; doubles with each try, and is drawn at random below that."""
    longest_wait: float = 20.0
    longest_asked: float = 300.0
    """Seconds that are waited at most when the server asks for it."""


def judge(
    call: Call[Value],
    answer: Answer,
    attempt: int,
    patience: Patience = Patience(),
    chance: float = 1.0,
) -> Done[Value] | Wait | Failed:
    """Decide what an answer means for its call.

    Args:
        call: What was asked.
        answer: What came back.
        attempt: Which try this was, counted from 1.
        patience: How often and how long.
        chance: A random number from 0 to 1, so that many clients do not come back at the same time.
    """
    if answer.status is not None and 200 <= answer.status < 300:
        return _read(call, answer)
    if answer.status == 400 and call.refusal_reads:
        envelope = _read(call, answer)
        if isinstance(envelope, Done):
            return envelope
    if answer.status == 404 and call.method == "DELETE" and attempt > 1:
        # An earlier try may have done it and lost its answer; what should be gone is gone.
        return _read(call, Answer(204))
    error = error_from(call.method, call.path, answer)
    if attempt >= patience.max_tries or not _is_worth_another_try(call, answer):
        return Failed(error)
    return Wait(_pause(error.retry_after, attempt, patience, chance), error)


def _read(call: Call[Value], answer: Answer) -> Done[Value] | Failed:
    try:
        return Done(call.reads(json.loads(answer.body) if answer.body.strip() else None))
    except ValidationError:
        problem = "JSON that is not what the documentation says"
    except (ValueError, RecursionError):
        kind = answer.headers.get("content-type", "no type").split(";")[0][:40]
        problem = f"{len(answer.body)} bytes of {kind} that are no whole JSON"
    return Failed(unexpected(call.method, call.path, answer, problem))


def _is_worth_another_try(call: Call[Any], answer: Answer) -> bool:
    if answer.status == 429:
        return True
    if answer.status is None:
        return call.repeatable or not answer.sent
    return call.repeatable and answer.status in PASSING


def _pause(asked: float | None, attempt: int, patience: Patience, chance: float) -> float:
    longest = min(patience.longest_wait, patience.first_wait * 2.0 ** (attempt - 1))
    return min(asked or 0.0, patience.longest_asked) + longest * chance


def _plain(value: object) -> Any:
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
    raise TypeError(f"A value of type {type(value).__name__} cannot be sent: make it JSON first.")
