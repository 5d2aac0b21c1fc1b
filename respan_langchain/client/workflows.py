"""Questions that take more than one call, as errands that both clients can run."""

import dataclasses
from collections.abc import Collection, Mapping

from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client import dataset_requests, log_requests
from respan_langchain.client.filters import field
from respan_langchain.client.models import Dataset
from respan_langchain.client.request_flow import Errand, Terms, errand
from respan_langchain.errors import ApiError


def find_or_create_dataset(
    terms: Terms, name: str, *, description: str | None = None, timeout: float | None = None
) -> Errand[Dataset]:
    """Return the dataset of this name, the oldest of several, or a new one when there is none.

    Takes no longer than `timeout` seconds in all, by default those of one call of the client.
    """
    ends = _end(terms, timeout)
    found = yield from _oldest(terms, name, ends)
    if found is not None:
        return found
    creating = dataset_requests.create_dataset(name, description=description)
    made = yield from errand(creating, _until(ends, terms))
    # Others may have looked and created at the same time; all of them take the oldest.
    return (yield from _oldest(terms, name, ends)) or made


def _oldest(terms: Terms, name: str, ends: float) -> Errand[Dataset | None]:
    number = 1
    while True:
        page = yield from errand(
            dataset_requests.list_datasets(page=number, sort_by="created_at"), _until(ends, terms)
        )
        for dataset in page.results:
            if dataset.name == name:
                return dataset
        if page.is_last():
            return None
        number += 1


def count_identifiers(
    terms: Terms, dataset_id: str, identifiers: Collection[str], *, timeout: float | None = None
) -> Errand[Mapping[str, int] | None]:
    """Count the logs that carry each of these custom identifiers.

    Counts only what it sees in the logs themselves, since the platform may ignore the filter.
    Returns None when it cannot be learnt: the list cannot be had within `timeout` seconds, does
    not show identifiers, or is longer than any list of these could be.
    """
    counts = dict.fromkeys(identifiers, 0)
    ends = _end(terms, timeout)
    wanted = list(counts)
    for start in range(0, len(wanted), MAX_PAGE_SIZE):
        seen = yield from _seen(terms, dataset_id, wanted[start : start + MAX_PAGE_SIZE], ends)
        if seen is None:
            return None
        for identifier in seen:
            counts[identifier] += 1
    return counts


MOST_PAGES = 5
"""Pages that are looked through for the identifiers of one: they may be there several times."""


def _seen(
    terms: Terms, dataset_id: str, wanted: list[str], ends: float
) -> Errand[list[str] | None]:
    found: list[str] = []
    for number in range(1, MOST_PAGES + 1):
        call = log_requests.list_logs(
            dataset_id, page=number, filters=field("custom_identifier").isin(wanted)
        )
        try:
            page = yield from errand(call, _until(ends, terms))
        except ApiError:
            return None
        if page.results and all(log.custom_identifier is None for log in page.results):
            return None
        found += [log.custom_identifier for log in page.results if log.custom_identifier in wanted]
        if page.is_last():
            return found
    return None


def _end(terms: Terms, timeout: float | None) -> float:
    return terms.clock() + (terms.timeout if timeout is None else timeout)


def _until(ends: float, terms: Terms) -> Terms:
    return dataclasses.replace(terms, timeout=ends - terms.clock())
