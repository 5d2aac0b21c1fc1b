"""The dataset that rows move to: what it has, and adding to it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.filters import Filters, field
from respan_langchain.client.log_requests import bulk_request
from respan_langchain.client.models import BulkResult, Log
from respan_langchain.datasets.transfer.transfer_row import (
    ExistingRow,
    TransferRow,
    get_discriminator,
)
from respan_langchain.errors import RespanError, UnexpectedAnswerError

MAX_PAGES: Final = 20
"""Pages that the rows of 100 identifiers may fill; a longer list was not filtered."""
PLATFORM_ID_LENGTH: Final = 32
"""Letters of the platform's own ids."""


class TransferTarget:
    """One dataset, through its platform's API."""

    def __init__(self, client: DatasetClient, dataset_id: str) -> None:
        self._client = client
        self._dataset_id = dataset_id

    def is_empty(self) -> bool:
        """Tell whether it has no row."""
        return not self._client.list_logs(self._dataset_id, page_size=1).results

    def add(self, rows: Sequence[TransferRow]) -> BulkResult:
        """Add rows in one request.

        Raises:
            UnexpectedAnswerError: Also when the counts are not of these rows: what became of them
                is unknown.
        """
        result = self._client.bulk_create_logs(self._dataset_id, [row.row for row in rows])
        if not result.adds_up(len(rows)):
            call = bulk_request(self._dataset_id)
            problem = f"{len(rows)} rows, and counts that do not add up"
            raise UnexpectedAnswerError(problem, method=call.method, path=call.path)
        return result

    def find_existing(self, rows: Sequence[TransferRow]) -> Iterator[ExistingRow]:
        """List what it has of these rows' identifiers.

        Raises:
            RespanError: It does not say.
        """
        wanted = {row.identifier for row in rows}
        found = set()
        for log in self._list_by("custom_identifier", wanted):
            if log.custom_identifier in wanted:
                found.add(log.custom_identifier)
                yield ExistingRow(log.custom_identifier, get_discriminator(log))
        # A row without an identifier was given its id as one when it left; here it may be at home.
        ids = {
            name for name in wanted - found if len(name) == PLATFORM_ID_LENGTH and name.isalnum()
        }
        for log in self._list_by("unique_id", ids):
            if log.unique_id in ids:
                yield ExistingRow(str(log.unique_id), None)

    def _list_by(self, name: str, wanted: set[str]) -> Iterator[Log]:
        names = iter(sorted(wanted))
        while some := list(islice(names, MAX_PAGE_SIZE)):
            yield from self._list(field(name).isin(some))

    def _list(self, filters: Filters) -> Iterator[Log]:
        fields = ["unique_id", "custom_identifier", "metadata", "span_unique_id"]
        for number in range(1, MAX_PAGES + 1):
            page = self._client.list_logs(
                self._dataset_id, page=number, filters=filters, include_fields=fields
            )
            yield from page.results
            if page.is_last():
                return
        raise RespanError("The target does not filter by identifier: what it has cannot be told.")


def encoded_size(row: Mapping[str, Any]) -> int:
    """Count the bytes of a row on the wire."""
    import json

    return len(json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "replace"))
