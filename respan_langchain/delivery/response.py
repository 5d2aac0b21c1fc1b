"""What an answer means for each row of its batch, and what to do about the rest.

One table, no clock and no thread. A row counts as stored only when the platform says so in the
words of its contract; whatever is merely likely is `unknown`, and is looked up before it is sent
again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import orjson

from respan_langchain._http_result import HttpResult

MAX_WORDS = 1000
"""Characters of the server's words that are kept with a row."""


class Remedy(Enum):
    """What to do before the next request."""

    NOTHING = "nothing"
    """All is well."""
    WAIT = "wait"
    """The server fails or cannot be reached."""
    SLOW_DOWN = "slow down"
    """Too many requests."""
    SPLIT = "split"
    """The body is too large."""
    BISECT = "bisect"
    """Some row spoils the batch, and the answer does not say which."""
    HALT = "halt"
    """Nothing will be taken until somebody changes something: a key, an address, a plan."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Each index of the batch stands in exactly one of the first five."""

    cause: str
    """In a few words, for a log line."""
    remedy: Remedy = Remedy.NOTHING
    words: str = ""
    """The server's own, for a row that it refuses; may quote the row, so they are for no log."""
    stored: tuple[int, ...] = ()
    again: tuple[int, ...] = ()
    """Surely not stored: to be sent again."""
    unknown: tuple[int, ...] = ()
    """Perhaps stored."""
    rejected: Mapping[int, str] = field(default_factory=dict)
    """Refused for good, in the server's words."""
    retryable: Mapping[int, str] = field(default_factory=dict)
    """Refused by name, in words that sound as if it were not for good."""


REFUSED = {
    400: Remedy.BISECT,
    409: Remedy.BISECT,
    422: Remedy.BISECT,
    413: Remedy.SPLIT,
    425: Remedy.WAIT,
    429: Remedy.SLOW_DOWN,
    # A proxy or a server that is starting up or overloaded says so before it looks at the body.
    503: Remedy.WAIT,
    501: Remedy.HALT,
    505: Remedy.HALT,
    511: Remedy.HALT,
}
"""Statuses that mean that nothing was stored. So does any other 3xx or 4xx but 408, and halts."""

ADVICE = {
    401: "the key is missing or wrong; check api_key (RESPAN_API_KEY)",
    402: "the plan's limit is reached",
    403: "the key may not write to this dataset; check api_key (RESPAN_API_KEY)",
    404: "no such dataset; check dataset_id and base_url",
}
"""What somebody has to change where patience does not help."""

PASSING = re.compile(
    r"time[d -]*out|temporar|unavailable|rate limit|too many|try again|retry|internal|deadlock"
    r"|\b50[0-4]\b",
    re.IGNORECASE,
)
"""Words of a failure that may pass. Row errors have no code, so words are all there is."""


def judge(answer: HttpResult, rows: int) -> Verdict:
    """Read the answer to a batch of `rows` rows."""
    verdict = _judge(answer, rows)
    if verdict.remedy in {Remedy.BISECT, Remedy.SPLIT}:
        said = answer.body[:MAX_WORDS].decode(errors="replace").strip()
        return replace(verdict, words=f"{verdict.cause}: {said}" if said else verdict.cause)
    return verdict


def _judge(answer: HttpResult, rows: int) -> Verdict:
    everything = tuple(range(rows))
    if not answer.maybe_sent:
        return Verdict(_cause(answer), _remedy_unsent(answer), again=everything)
    if answer.status is None:
        return Verdict(_cause(answer), Remedy.WAIT, unknown=everything)
    if 200 <= answer.status < 300 or answer.status in {400, 422}:
        return _judge_envelope(answer, answer.status, rows)
    if 300 <= answer.status < 400:
        return Verdict(_redirected(answer), Remedy.HALT, again=everything)
    remedy = REFUSED.get(answer.status)
    if remedy is None and 400 < answer.status < 500 and answer.status != 408:
        remedy = Remedy.HALT
    if remedy is None:
        return Verdict(_cause(answer), Remedy.WAIT, unknown=everything)
    return Verdict(_cause(answer), remedy, again=everything)


def _cause(answer: HttpResult) -> str:
    if answer.error or answer.status is None:
        return answer.error or "no answer"
    advice = ADVICE.get(answer.status)
    return f"{answer.status}, {advice}" if advice else str(answer.status)


def _remedy_unsent(answer: HttpResult) -> Remedy:
    """What to do when the rows never left: perhaps their dataset could not even be asked for."""
    status = answer.status
    if answer.permanent:
        return Remedy.HALT
    if status == 429:
        return Remedy.SLOW_DOWN
    passing = status is None or status < 300 or status >= 500 or status in {408, 425}
    return Remedy.WAIT if passing else Remedy.HALT


def _judge_envelope(answer: HttpResult, status: int, rows: int) -> Verdict:
    everything = tuple(range(rows))
    content = _content(answer.body)
    if "success_count" not in content:
        return _judge_bare(status, content, everything)
    errors = _errors(content.get("errors"), rows)
    stored_count = _count(content["success_count"])
    failed_count = _count(content.get("error_count", len(errors or ())))
    if errors is None or not _adds_up(stored_count, failed_count, errors, rows):
        cause = f"{status} that does not add up"
        if status >= 400 and stored_count == 0:
            return Verdict(cause, Remedy.BISECT, again=everything)
        return Verdict(cause, Remedy.WAIT, unknown=everything)
    rejected, retryable = _sort(errors)
    silent = tuple(index for index in everything if index not in errors)
    if stored_count == len(silent):
        return Verdict(str(status), stored=silent, rejected=rejected, retryable=retryable)
    cause = f"{status} that names only some of the rows that failed"
    if stored_count == 0:
        words = "refused, the answer does not say why"
        retryable |= dict.fromkeys(silent, words)
        return Verdict(cause, rejected=rejected, retryable=retryable)
    return Verdict(cause, unknown=silent, rejected=rejected, retryable=retryable)


def _judge_bare(status: int, content: dict[str, Any], everything: tuple[int, ...]) -> Verdict:
    if status in {400, 422}:
        return Verdict(str(status), Remedy.BISECT, again=everything)
    if "message" in content:
        # An older generation of the API imports existing logs on this very path.
        cause = f"{status} of another API: no success_count"
        return Verdict(cause, Remedy.HALT, again=everything)
    cause = f"{status} that is not the platform's: no success_count"
    return Verdict(cause, Remedy.WAIT, unknown=everything)


def _content(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _errors(listed: object, rows: int) -> dict[int, str] | None:
    """The server's words by index; None when the list breaks the contract."""
    errors: dict[int, str] = {}
    for entry in listed if isinstance(listed, list) else []:
        index = _count(entry.get("index")) if isinstance(entry, dict) else None
        if index is None or index >= rows or index in errors:
            return None
        errors[index] = str(entry.get("error", ""))[:MAX_WORDS]
    return errors


def _adds_up(stored: int | None, failed: int | None, errors: dict[int, str], rows: int) -> bool:
    if stored is None or failed is None:
        return False
    return stored + failed == rows and len(errors) <= failed


def _count(said: object) -> int | None:
    if isinstance(said, int) and not isinstance(said, bool) and said >= 0:
        return said
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
