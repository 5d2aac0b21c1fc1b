"""Operations that take several requests, as flows that both clients can run."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from typing import Any, Final

from respan_langchain._arguments import check_text
from respan_langchain._clock import CLOCK
from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client import endpoints
from respan_langchain.client.feedback import (
    DEFAULT_NAME,
    build_feedback,
    check_feedback,
    merge_feedback,
)
from respan_langchain.client.filters import field
from respan_langchain.client.models import DatasetInfo, Log
from respan_langchain.client.request_flow import RequestFlow, RequestOptions, Sleep, request_flow
from respan_langchain.errors import ApiError, ConfigurationError, NotFoundError

MIN_PAGES: Final = 12
"""Pages that are read at least, should the platform ignore the filter."""
FEEDBACK_DELAYS: Final = (1.0, 2.0, 4.0, 8.0)
"""Seconds between two looks for a row that the list does not show yet; the last one repeats."""
MAX_CLOCK_SKEW: Final = 86_400.0
"""Seconds by which the platform's clock may differ from this machine's: a wrong time zone, too."""


def find_or_create_dataset(
    options: RequestOptions,
    name: str,
    *,
    description: str | None = None,
    timeout: float | None = None,
) -> RequestFlow[DatasetInfo]:
    """Return the oldest dataset of this name, or create one.

    Takes at most `timeout` seconds in all, by default the client's timeout for one call.
    """
    options = options.within(timeout)
    found = yield from _find_oldest(options, name)
    if found is not None:
        return found
    request = endpoints.create_dataset(name, description=description)
    created = yield from request_flow(request, options)
    # Another process may have created one at the same time; all of them return the oldest.
    return (yield from _find_oldest(options, name)) or created


def find_logs(
    options: RequestOptions,
    dataset_id: str,
    identifiers: Collection[str],
    *,
    since: float | None = None,
    timeout: float | None = None,
) -> RequestFlow[list[Log] | None]:
    """Return the logs that carry one of these custom identifiers.

    Give an identifier once for each log that is expected. The newest logs are read first, until all
    expected ones are found, or only logs are left that were created before `since` (seconds since
    the epoch). The platform may ignore the filter, so each log is looked at.

    Returns None when it cannot be learnt: the list cannot be had within `timeout` seconds, does not
    show identifiers, or is too long.
    """
    options = options.within(timeout)
    expected = Counter(identifiers)
    wanted = list(expected)
    found: list[Log] = []
    for start in range(0, len(wanted), MAX_PAGE_SIZE):
        chunk = {one: expected[one] for one in wanted[start : start + MAX_PAGE_SIZE]}
        logs = yield from _find_chunk(options, dataset_id, Counter(chunk), since)
        if logs is None:
            return None
        found += logs
    return found


def give_feedback(
    options: RequestOptions,
    dataset_id: str,
    identifier: str,
    *,
    score: float | None = None,
    comment: str | None = None,
    expected_output: Any = None,
    name: str = DEFAULT_NAME,
    timeout: float | None = None,
) -> RequestFlow[Log]:
    """Add feedback to the row with this custom identifier: its run id, unless the call gave one.

    `score` and `comment` become an entry of `metadata.scores`, in place of an earlier one of the
    same `name`. Waits up to `timeout` seconds, by default the client's timeout for one call, for a
    row that the list does not show yet. Returns the changed log.

    Raises:
        ConfigurationError: Nothing is given, or the score is not a finite number.
        NotFoundError: The list did not show the row in time, or there is no such dataset.
    """
    check_text("identifier", identifier, "a run's id or a custom identifier")
    check_feedback(score, comment, expected_output, name)
    feedback = build_feedback(
        identifier,
        score=score,
        comment=comment,
        expected_output=expected_output,
        name=name,
        given_at=CLOCK.time(),
    )
    options = options.within(timeout)
    log = yield from _await_log(options, dataset_id, identifier)
    return (yield from apply_feedback(options, dataset_id, str(log.unique_id), feedback))


def promote(
    options: RequestOptions,
    dataset_id: str,
    identifier: str,
    *,
    name: str = DEFAULT_NAME,
    timeout: float | None = None,
) -> RequestFlow[Log]:
    """Make the output of the row with this custom identifier its expected output.

    For an answer that a person found right; nothing else makes a model's output an expected one.
    `metadata.scores` gets an entry of this `name`. Waits as `feedback` does; returns the changed
    log.

    Raises:
        ConfigurationError: The row has no output.
        NotFoundError: The list did not show the row in time, or there is no such dataset.
    """
    check_text("identifier", identifier, "a run's id or a custom identifier")
    check_text("name", name, "who found the answer right")
    options = options.within(timeout)
    log = yield from _await_log(options, dataset_id, identifier)
    return (yield from promote_log(options, dataset_id, str(log.unique_id), name=name))


def promote_log(
    options: RequestOptions, dataset_id: str, log_id: str, *, name: str
) -> RequestFlow[Log]:
    """Make the output of a log its expected output, and return the log."""
    log = yield from request_flow(endpoints.log(dataset_id, log_id), options)
    if log.output is None:
        raise ConfigurationError(f"promote: the log {log_id} has no output")
    feedback = build_feedback(log_id, expected_output=log.output, name=name, given_at=CLOCK.time())
    return (yield from _merge_into(options, dataset_id, log, feedback))


def apply_feedback(
    options: RequestOptions, dataset_id: str, log_id: str, feedback: Mapping[str, Any]
) -> RequestFlow[Log]:
    """Merge feedback into a log, and return it."""
    log = yield from request_flow(endpoints.log(dataset_id, log_id), options)
    return (yield from _merge_into(options, dataset_id, log, feedback))


def _merge_into(
    options: RequestOptions, dataset_id: str, log: Log, feedback: Mapping[str, Any]
) -> RequestFlow[Log]:
    """Write what feedback changes in a log that was just read."""
    changes = merge_feedback(log.model_dump(include={"metadata", "expected_output"}), feedback)
    if not changes:
        return log
    update = endpoints.update_log(dataset_id, str(log.unique_id), **changes)
    return (yield from request_flow(update, options))


def _await_log(options: RequestOptions, dataset_id: str, identifier: str) -> RequestFlow[Log]:
    """Return the newest log with this identifier, as soon as the list shows one."""
    delays = iter(FEEDBACK_DELAYS)
    while True:
        logs = yield from find_logs(options, dataset_id, [identifier])
        if logs:
            return logs[0]
        # A lookup does not tell why it failed; a wrong key or a wrong dataset is known from this.
        request = endpoints.dataset(dataset_id)
        yield from request_flow(request, options)
        delay = next(delays, FEEDBACK_DELAYS[-1])
        if options.clock() + delay >= options.end():
            problem = (
                f"no log has the custom identifier {identifier!r}, or the list does not show it yet"
            )
            raise NotFoundError(problem, method="POST", path=f"{request.path}logs/list/")
        yield Sleep(delay)


def _find_chunk(
    options: RequestOptions, dataset_id: str, expected: Counter[str], since: float | None
) -> RequestFlow[list[Log] | None]:
    found: list[Log] = []
    wanted, left, number, most = list(expected), expected.copy(), 0, MIN_PAGES
    while number < most:
        number += 1
        call = endpoints.list_logs(
            dataset_id,
            page=number,
            sort_by="-created_at",
            filters=field("custom_identifier").isin(wanted),
        )
        try:
            page = yield from request_flow(call, options)
        except ApiError:
            return None
        if page.results and all(log.custom_identifier is None for log in page.results):
            return None
        matching = [log for log in page.results if log.custom_identifier in expected]
        found += matching
        left.subtract(str(log.custom_identifier) for log in matching)
        left = +left
        if page.is_last() or not left or _all_before(page.results, since):
            return found
        # Where pages are small, three times as many as the expected logs would fill.
        most = max(most, 3 * expected.total() // len(page.results))
    return None


def _all_before(logs: Sequence[Log], since: float | None) -> bool:
    """Whether a page, in descending order, has only logs that were created before this moment."""
    if since is None:
        return False
    created = [log.created_at.timestamp() for log in logs if log.created_at is not None]
    if not len(created) == len(logs) > 1 or created != sorted(created, reverse=True):
        return False
    return created[-1] < created[0] < since - MAX_CLOCK_SKEW


def _find_oldest(options: RequestOptions, name: str) -> RequestFlow[DatasetInfo | None]:
    for number in count(1):
        request = endpoints.list_datasets(page=number, sort_by="created_at")
        page = yield from request_flow(request, options)
        for dataset in page.results:
            if dataset.name == name:
                return dataset
        if page.is_last():
            break
    return None
