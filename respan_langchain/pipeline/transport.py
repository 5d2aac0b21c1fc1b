"""Sends the requests of delivery to the platform: over the network, or into a SQLite file.

Imported with the HTTP client when the first handler is made. An import on the sender's thread could
happen while a test has frozen the clock, or hold a lock when the app forks.
"""

import encodings.idna  # noqa: F401  # the first look-up of a host name imports it
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, Final

import orjson

from respan_langchain._clock import CLOCK
from respan_langchain._connect import create_missing_dataset, open_client, open_transport
from respan_langchain.client.endpoints import bulk_request
from respan_langchain.client.http import connection_pool  # noqa: F401  # see above: it brings httpcore
from respan_langchain.client.http_result import HttpResult
from respan_langchain.client.models import Log
from respan_langchain.client.retry_policy import RetryPolicy
from respan_langchain.client.workflows import apply_feedback
from respan_langchain.delivery.batch import FeedbackState
from respan_langchain.delivery.fork_safety import ForkGuard
from respan_langchain.delivery.row import FEEDBACK_PREFIX, bulk_body
from respan_langchain.errors import ApiError, NotFoundError, ValidationError
from respan_langchain.pipeline.row_lookup import RowIdentity, count_stored, read_identity
from respan_langchain.settings.settings import Settings

NOT_FOUND: Final = 404


class RespanTransport:
    """The transport of one platform and key; finds the ids of datasets by their names."""

    def __init__(self, settings: Settings, http_client: Any = None) -> None:
        self._transport = open_transport(settings, http_client)
        self._client = open_client(settings, http_client, timeout=settings.request_timeout)
        self._settings = settings
        self._ids: dict[str, str] = {}
        # SQLite has locks of its own, which a child would inherit without their holder.
        self._fork_guard = ForkGuard() if settings.is_local else nullcontext()

    def send_bulk(self, dataset: str, bodies: Sequence[bytes], timeout: float) -> HttpResult:
        """Send one bulk request for these rows within `timeout` seconds.

        `dataset` is `name:...` or `id:...`. Where a name has another id by now, the request is
        repeated with the new one.
        """
        with self._fork_guard:
            return self._send_bulk(dataset, bulk_body(bodies), CLOCK.monotonic() + timeout)

    def look_up(
        self, dataset: str, bodies: Sequence[bytes], since: float | None, timeout: float
    ) -> Sequence[int] | None:
        """Count how often each row is stored; None when that cannot be found out."""
        rows, deadline = [read_identity(body) for body in bodies], CLOCK.monotonic() + timeout
        with self._fork_guard:
            _, logs = self._find_logs(dataset, rows, since, deadline)
        return None if logs is None else count_stored(rows, logs)

    def apply_feedback(
        self, dataset: str, bodies: Sequence[bytes], timeout: float
    ) -> Sequence[FeedbackState] | None:
        """Merge feedback into the newest row of each identifier; None when none can be looked for.

        After a failure, the rest is left for another request.
        """
        rows, deadline = [read_identity(body) for body in bodies], CLOCK.monotonic() + timeout
        with self._fork_guard:
            dataset = dataset.removeprefix(FEEDBACK_PREFIX)
            dataset_id, logs = self._find_logs(dataset, rows, None, deadline)
            if logs is None:
                return None
            newest = {log.custom_identifier: log for log in reversed(logs)}
            states: list[FeedbackState] = ["failed"] * len(bodies)
            for index, body in enumerate(bodies):
                log = newest.get(rows[index].identifier)
                states[index] = self._merge_into(dataset_id, log, body, deadline)
                if states[index] == "failed":
                    break
            return states

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()
        self._client.close()

    def _send_bulk(self, dataset: str, body: bytes, deadline: float) -> HttpResult:
        may_be_outdated = dataset in self._ids
        try:
            dataset_id = self._get_dataset_id(dataset, deadline)
        except ApiError as error:
            return _unsent_response(error)
        result = self._transport.send(bulk_request(dataset_id), deadline, content=body)
        if result.status == NOT_FOUND:
            self._ids.pop(dataset, None)
            if may_be_outdated:
                return self._send_bulk(dataset, body, deadline)
        return result

    def _find_logs(
        self, dataset: str, rows: Sequence[RowIdentity], since: float | None, deadline: float
    ) -> tuple[str, list[Log] | None]:
        """Return the dataset's id, and its logs with the rows' identifiers; None on a failure."""
        try:
            dataset_id = self._get_dataset_id(dataset, deadline)
        except ApiError:
            return "", None
        identifiers, remaining = [row.identifier for row in rows], deadline - CLOCK.monotonic()
        return dataset_id, self._client.find_logs(
            dataset_id, identifiers, since=since, timeout=remaining
        )

    def _merge_into(
        self, dataset_id: str, log: Log | None, body: bytes, deadline: float
    ) -> FeedbackState:
        if log is None:
            return "no_row"
        # Delivery tries again later: the sender is not to wait for one row.
        options = replace(
            self._client.options,
            timeout=deadline - CLOCK.monotonic(),
            retry=RetryPolicy(max_tries=1),
        )
        merging = apply_feedback(options, dataset_id, str(log.unique_id), orjson.loads(body))
        try:
            self._client.run(merging)
        except NotFoundError:
            return "no_row"
        except ValidationError:
            return "refused"
        except ApiError:
            return "failed"
        return "applied"

    def _get_dataset_id(self, dataset: str, deadline: float) -> str:
        kind, _, name = dataset.partition(":")
        if kind == "id":
            return name
        if dataset not in self._ids:
            create_missing_dataset(self._settings, name)
            remaining = deadline - CLOCK.monotonic()
            self._ids[dataset] = self._client.find_or_create_dataset(name, timeout=remaining).id
        return self._ids[dataset]


def _unsent_response(error: ApiError) -> HttpResult:
    """Return the error that finding the dataset gave, as the result of a request not sent."""
    if error.status is None:
        return HttpResult(None, error=str(error), maybe_sent=False)
    headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    return HttpResult(error.status, body=error.body.encode(), headers=headers, maybe_sent=False)
