"""Operations that take several requests, as flows that both clients can run."""

import dataclasses
from collections.abc import Collection, Mapping

from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client import dataset_requests, log_requests
from respan_langchain.client.filters import field
from respan_langchain.client.models import Dataset
from respan_langchain.client.request_flow import RequestFlow, RequestOptions, request_flow
from respan_langchain.errors import ApiError

MAX_PAGES = 5
"""Pages read for one hundred identifiers: several logs may share one."""


def find_or_create_dataset(
    options: RequestOptions,
    name: str,
    *,
    description: str | None = None,
    timeout: float | None = None,
) -> RequestFlow[Dataset]:
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


def count_identifiers(
    options: RequestOptions,
    dataset_id: str,
    identifiers: Collection[str],
    *,
    timeout: float | None = None,
) -> RequestFlow[Mapping[str, int] | None]:
    """Count the logs that carry each of these custom identifiers.

    Counts only logs that show their identifier, since a platform may ignore the filter. Returns
    None when the count is unknown: the list cannot be read within `timeout` seconds, shows no
    identifiers, or is longer than the filter allows.
    """
    counts = dict.fromkeys(identifiers, 0)
    deadline = _deadline(options, timeout)
    wanted = list(counts)
    for start in range(0, len(wanted), MAX_PAGE_SIZE):
        group = wanted[start : start + MAX_PAGE_SIZE]
        found = yield from _list_identifiers(options, dataset_id, group, deadline)
        if found is None:
            return None
        for identifier in found:
            counts[identifier] += 1
    return counts


def _find_oldest(
    options: RequestOptions, name: str, deadline: float
) -> RequestFlow[Dataset | None]:
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


def _list_identifiers(
    options: RequestOptions, dataset_id: str, wanted: list[str], deadline: float
) -> RequestFlow[list[str] | None]:
    found: list[str] = []
    for number in range(1, MAX_PAGES + 1):
        request = log_requests.list_logs(
            dataset_id, page=number, filters=field("custom_identifier").isin(wanted)
        )
        try:
            page = yield from request_flow(request, _until(deadline, options))
        except ApiError:
            return None
        if page.results and all(log.custom_identifier is None for log in page.results):
            return None
        found += [log.custom_identifier for log in page.results if log.custom_identifier in wanted]
        if page.is_last():
            return found
    return None


def _deadline(options: RequestOptions, timeout: float | None) -> float:
    return options.clock() + (options.timeout if timeout is None else timeout)


def _until(deadline: float, options: RequestOptions) -> RequestOptions:
    return dataclasses.replace(options, timeout=deadline - options.clock())
