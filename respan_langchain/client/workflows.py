"""Operations that take several requests, as flows that both clients can run."""

import dataclasses
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client import dataset_requests, log_requests
from respan_langchain.client.filters import field
from respan_langchain.client.models import DatasetInfo, Log
from respan_langchain.client.request_flow import RequestFlow, RequestOptions, request_flow
from respan_langchain.errors import ApiError

MIN_PAGES: Final = 12
"""Pages that are read at least, should the platform ignore the filter."""
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
    deadline = _deadline(options, timeout)
    found = yield from _find_oldest(options, name, deadline)
    if found is not None:
        return found
    request = dataset_requests.create_dataset(name, description=description)
    created = yield from request_flow(request, _until(deadline, options))
    # Another process may have created one at the same time; all of them return the oldest.
    return (yield from _find_oldest(options, name, deadline)) or created


def find_logs(
    options: RequestOptions,
    dataset_id: str,
    identifiers: Collection[str],
    *,
    since: float = 0.0,
    timeout: float | None = None,
) -> RequestFlow[list[Log] | None]:
    """Return the logs that carry one of these custom identifiers.

    Give an identifier once for each log that is expected. The newest logs are read first, until all
    expected ones are found, or only logs are left that were created before `since` (seconds since
    the epoch). The platform may ignore the filter, so each log is looked at.

    Returns None when it cannot be learnt: the list cannot be had within `timeout` seconds, does not
    show identifiers, or is too long.
    """
    deadline = _deadline(options, timeout)
    expected = Counter(identifiers)
    wanted = list(expected)
    found: list[Log] = []
    for start in range(0, len(wanted), MAX_PAGE_SIZE):
        chunk = {one: expected[one] for one in wanted[start : start + MAX_PAGE_SIZE]}
        logs = yield from _find_chunk(options, dataset_id, Counter(chunk), since, deadline)
        if logs is None:
            return None
        found += logs
    return found


def _find_chunk(
    options: RequestOptions, dataset_id: str, expected: Counter[str], since: float, deadline: float
) -> RequestFlow[list[Log] | None]:
    found: list[Log] = []
    wanted, left, number, most = list(expected), expected.copy(), 0, MIN_PAGES
    while number < most:
        number += 1
        call = log_requests.list_logs(
            dataset_id,
            page=number,
            sort_by="-created_at",
            filters=field("custom_identifier").isin(wanted),
        )
        try:
            page = yield from request_flow(call, _until(deadline, options))
        except ApiError:
            return None
        if page.results and all(log.custom_identifier is None for log in page.results):
            return None
        matching = [log for log in page.results if log.custom_identifier in expected]
        found += matching
        left.subtract(str(log.custom_identifier) for log in matching)
        left = +left
        if page.is_last() or not left or _all_before(page.results, since - MAX_CLOCK_SKEW):
            return found
        # Where pages are small, three times as many as the expected logs would fill.
        most = max(most, 3 * expected.total() // len(page.results))
    return None


def _all_before(logs: Sequence[Log], moment: float) -> bool:
    """Whether a page, in descending order, has only logs that were created before this moment."""
    created = [log.created_at.timestamp() for log in logs if log.created_at is not None]
    is_descending = len(created) == len(logs) > 1 and created[0] > created[-1]
    return is_descending and created == sorted(created, reverse=True) and created[0] < moment


def _find_oldest(
    options: RequestOptions, name: str, deadline: float
) -> RequestFlow[DatasetInfo | None]:
    number = 1
    while True:
        request = dataset_requests.list_datasets(page=number, sort_by="created_at")
        page = yield from request_flow(request, _until(deadline, options))
        for dataset in page.results:
            if dataset.name == name:
                return dataset
        if page.is_last():
            return None
        number += 1


def _deadline(options: RequestOptions, timeout: float | None) -> float:
    return options.clock() + (options.timeout if timeout is None else timeout)


def _until(deadline: float, options: RequestOptions) -> RequestOptions:
    return dataclasses.replace(options, timeout=deadline - options.clock())
