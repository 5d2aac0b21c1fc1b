"""Questions that take more than one call, as errands that both clients can run."""

import dataclasses
from collections.abc import Collection, Mapping

from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client import dataset_requests, log_requests
from respan_langchain.client.filters import field
from respan_langchain.client.models import Dataset
from respan_langchain.client.request_flow import RequestFlow, RequestOptions, request_flow
from respan_langchain.errors import ApiError


def find_or_create_dataset(
    options: RequestOptions,
    name: str,
    *,
    description: str | None = None,
    timeout: float | None = None,
) -> RequestFlow[Dataset]:
    """Return the dataset of this name, the oldest of several, or a new one when there is none.

    Takes no longer than `timeout` seconds in all, by default those of one call of the client.
    """
    deadline = _deadline(options, timeout)
    found = yield from _find_oldest(options, name, deadline)
    if found is not None:
        return found
    creating = dataset_requests.create_dataset(name, description=description)
    made = yield from request_flow(creating, _with_deadline(deadline, options))
    # Others may have looked and created at the same time; all of them take the oldest.
    return (yield from _find_oldest(options, name, deadline)) or made


def _find_oldest(
    options: RequestOptions, name: str, deadline: float
) -> RequestFlow[Dataset | None]:
    number = 1
    while True:
        page = yield from request_flow(
            dataset_requests.list_datasets(page=number, sort_by="created_at"),
            _with_deadline(deadline, options),
        )
        for dataset in page.results:
            if dataset.name == name:
                return dataset
        if page.is_last():
            return None
        number += 1


def count_identifiers(
    options: RequestOptions,
    dataset_id: str,
    identifiers: Collection[str],
    *,
    timeout: float | None = None,
) -> RequestFlow[Mapping[str, int] | None]:
    """Count the logs that carry each of these custom identifiers.

    Counts only what it sees in the logs themselves, since the platform may ignore the filter.
    Returns None when it cannot be learnt: the list cannot be had within `timeout` seconds, does
    not show identifiers, or is longer than any list of these could be.
    """
    counts = dict.fromkeys(identifiers, 0)
    deadline = _deadline(options, timeout)
    wanted = list(counts)
    for start in range(0, len(wanted), MAX_PAGE_SIZE):
        seen = yield from _list_identifiers(
            options, dataset_id, wanted[start : start + MAX_PAGE_SIZE], deadline
        )
        if seen is None:
            return None
        for identifier in seen:
            counts[identifier] += 1
    return counts


MAX_PAGES = 5
"""Pages that are looked through for the identifiers of one: they may be there several times."""


def _list_identifiers(
    options: RequestOptions, dataset_id: str, wanted: list[str], deadline: float
) -> RequestFlow[list[str] | None]:
    found: list[str] = []
    for number in range(1, MAX_PAGES + 1):
        call = log_requests.list_logs(
            dataset_id, page=number, filters=field("custom_identifier").isin(wanted)
        )
        try:
            page = yield from request_flow(call, _with_deadline(deadline, options))
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


def _with_deadline(deadline: float, options: RequestOptions) -> RequestOptions:
    return dataclasses.replace(options, timeout=deadline - options.clock())
