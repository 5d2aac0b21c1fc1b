"""Deletes the logs of a customer, a thread or a run, as a flow that both clients can run."""

from contextlib import suppress
from itertools import count
from uuid import UUID

from respan_langchain.client import endpoints
from respan_langchain.client.request_flow import RequestFlow, RequestOptions, request_flow
from respan_langchain.client.subject import Spellings, Subject, build_subject
from respan_langchain.errors import NotFoundError


def forget(
    options: RequestOptions,
    dataset_id: str | None = None,
    *,
    customer: Spellings = None,
    thread: Spellings = None,
    run: UUID | str | None = None,
) -> RequestFlow[dict[str, int]]:
    """Delete the logs of a customer, of a thread or of a run's trace, in one dataset or in all.

    Logs are deleted that match all arguments; a customer may have several spellings. Returns how
    many were deleted from each dataset, by its id. A list that lags does not show the newest logs
    yet: a later call deletes them.

    Raises:
        ConfigurationError: Nothing is given.
    """
    subject = build_subject(customer, thread, run)
    return (yield from delete_subject(options, subject, dataset_id))


def delete_subject(
    options: RequestOptions, subject: Subject, dataset_id: str | None = None
) -> RequestFlow[dict[str, int]]:
    """Delete the subject's logs; return how many, by the id of their dataset."""
    datasets = yield from _dataset_ids(options, dataset_id)
    deleted: dict[str, int] = {}
    for each in datasets:
        log_ids = yield from _find_subject(options, each, subject)
        for log_id in log_ids:
            with suppress(NotFoundError):
                yield from request_flow(endpoints.delete_log(each, log_id), options)
        if log_ids:
            deleted[each] = len(log_ids)
    return deleted


def _dataset_ids(options: RequestOptions, dataset_id: str | None) -> RequestFlow[list[str]]:
    if dataset_id is not None:
        return [dataset_id]
    found: list[str] = []
    for number in count(1):
        page = yield from request_flow(endpoints.list_datasets(page=number), options)
        found += [dataset.id for dataset in page.results]
        if page.is_last():
            break
    return found


def _find_subject(
    options: RequestOptions, dataset_id: str, subject: Subject
) -> RequestFlow[list[str]]:
    """Return the ids of the subject's logs; the platform may ignore filters, so each is checked."""
    found: dict[str, None] = {}
    for filters in subject.filters():
        for number in count(1):
            request = endpoints.list_logs(dataset_id, page=number, filters=filters)
            page = yield from request_flow(request, options)
            chosen = filter(subject.matches_log, page.results)
            found.update((log.unique_id, None) for log in chosen if log.unique_id is not None)
            if page.is_last():
                break
    return list(found)
