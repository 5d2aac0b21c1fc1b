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

from respan_langchain._http_result import HttpResult
from respan_langchain.client.error_mapping import build_error, build_unexpected_error
from respan_langchain.client.retry import DEFAULT_RETRY, TRANSIENT_STATUSES, RetryPolicy
from respan_langchain.errors import ApiError, ConfigurationError

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ApiRequest(Generic[Value]):
    """One request to one endpoint, and how to read what comes back. Its repr shows no content."""

    method: str
    path: str
    """Quoted, from `/api/` on."""
    parse: Callable[[Any], Value] = field(repr=False)
    """From the answer's JSON (None for an empty body) to what the caller gets.

    Raises pydantic's ValidationError when the JSON is something else.
    """
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    idempotent: bool = False
    """Whether doing it twice is the same as doing it once."""
    parses_400: bool = False
    """Whether a 400 may carry the same envelope as a success."""

    def target(self) -> str:
        """The path and the query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def encode_body(self) -> bytes:
        """Write the body as JSON; empty when there is none."""
        if self.body is None:
            return b""
        try:
            text = json.dumps(self.body, default=_to_json, allow_nan=False, ensure_ascii=False)
        except (ValueError, RecursionError):
            raise ConfigurationError(
                "What is to be sent holds NaN, an infinity or itself, which JSON cannot say."
            ) from None
        return text.encode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Success(Generic[Value]):
    """The call succeeded."""

    value: Value


@dataclass(frozen=True, slots=True)
class Retry:
    """Another try is worth it after so many seconds; `error` is for when there is no time left."""

    seconds: float
    error: ApiError


@dataclass(frozen=True, slots=True)
class Failure:
    """The call failed for good."""

    error: ApiError


def classify_result(
    request: ApiRequest[Value],
    result: HttpResult,
    attempt: int,
    policy: RetryPolicy = DEFAULT_RETRY,
    jitter: float = 1.0,
) -> Success[Value] | Retry | Failure:
    """Decide what an answer means for its call.

    Args:
        request: The request that was sent.
        result: What came back.
        attempt: Which try this was, counted from 1.
        policy: How often and how long.
        jitter: A random number from 0 to 1, so that many clients do not come back at the same time.
    """
    if result.status is not None and 200 <= result.status < 300:
        return _parse_body(request, result)
    if result.status == 400 and request.parses_400:
        envelope = _parse_body(request, result)
        if isinstance(envelope, Success):
            return envelope
    if result.status == 404 and request.method == "DELETE" and attempt > 1:
        # An earlier try may have done it and lost its answer; what should be gone is gone.
        return _parse_body(request, HttpResult(204))
    error = build_error(request.method, request.path, result)
    if attempt >= policy.max_tries or not _may_retry(request, result):
        return Failure(error)
    return Retry(policy.delay(attempt, error.retry_after, jitter), error)


def _parse_body(request: ApiRequest[Value], result: HttpResult) -> Success[Value] | Failure:
    try:
        return Success(request.parse(json.loads(result.body) if result.body.strip() else None))
    except ValidationError:
        problem = "JSON that is not what the documentation says"
    except (ValueError, RecursionError):
        kind = result.headers.get("content-type", "no type").split(";")[0][:40]
        problem = f"{len(result.body)} bytes of {kind} that are no whole JSON"
    return Failure(build_unexpected_error(request.method, request.path, result, problem))


def _may_retry(request: ApiRequest[Any], result: HttpResult) -> bool:
    if result.status is None:
        return request.idempotent or not result.maybe_sent
    if result.status == 429:
        return True
    return request.idempotent and result.status in TRANSIENT_STATUSES


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
    raise TypeError(f"A value of type {type(value).__name__} cannot be sent: make it JSON first.")
