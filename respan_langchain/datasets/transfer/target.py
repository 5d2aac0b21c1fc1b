"""The dataset that a transfer sends rows to: looks up rows and adds them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.endpoints import bulk_request
from respan_langchain.client.filters import Filters, field
from respan_langchain.client.models import BulkResult, Log
from respan_langchain.datasets.transfer.transfer_row import (
    ExistingRow,
    TransferRow,
    get_discriminator,
)
from respan_langchain.errors import RespanError, UnexpectedResponseError

MAX_PAGES: Final = 20
"""Pages that rows with 100 identifiers may fill; a longer list was not filtered."""
PLATFORM_ID_LENGTH: Final = 32
"""Characters of the ids that the platform assigns."""


@dataclass(frozen=True, slots=True)
class TransferTarget:
    """One dataset of a platform."""

    client: DatasetClient
    dataset_id: str

    def is_empty(self) -> bool:
        """Whether the dataset has no rows."""
        return not self.client.list_logs(self.dataset_id, page_size=1).results

    def add(self, rows: Sequence[TransferRow]) -> BulkResult:
        """Add rows by one request.

        Raises:
            UnexpectedResponseError: Also when the counts of the response are impossible for these
                rows, so that their state is unknown.
        """
        result = self.client.bulk_create_logs(self.dataset_id, [row.content for row in rows])
        if not result.adds_up(len(rows)):
            request = bulk_request(self.dataset_id)
            problem = f"the counts of the response do not add up to {len(rows)} rows"
            raise UnexpectedResponseError(problem, method=request.method, path=request.path)
        return result

    def find_existing(self, rows: Sequence[TransferRow]) -> Iterator[ExistingRow]:
        """Iterate over the dataset's rows that have the identifiers of these.

        Raises:
            RespanError: They cannot be listed.
        """
        wanted = {row.identifier for row in rows}
        found = set()
        for log in self._list_by("custom_identifier", wanted):
            if log.custom_identifier in wanted:
                found.add(log.custom_identifier)
                yield ExistingRow(log.custom_identifier, get_discriminator(log))
        # A row without an identifier got its id as one when it was transferred. If it is
        # transferred back to where it came from, it is found there by that id.
        ids = {name for name in wanted - found if _is_platform_id(name)}
        for log in self._list_by("unique_id", ids):
            if log.unique_id in ids:
                yield ExistingRow(str(log.unique_id), None)

    def _list_by(self, name: str, values: Collection[str]) -> Iterator[Log]:
        ordered = sorted(values)
        for start in range(0, len(ordered), MAX_PAGE_SIZE):
            yield from self._list(field(name).isin(ordered[start : start + MAX_PAGE_SIZE]))

    def _list(self, filters: Filters) -> Iterator[Log]:
        fields = ["unique_id", "custom_identifier", "metadata", "span_unique_id"]
        for number in range(1, MAX_PAGES + 1):
            page = self.client.list_logs(
                self.dataset_id, page=number, filters=filters, include_fields=fields
            )
            yield from page.results
            if page.is_last():
                return
        raise RespanError(
            "the target platform ignored the custom_identifier filter, so existing rows cannot be "
            "detected"
        )


def _is_platform_id(name: str) -> bool:
    return len(name) == PLATFORM_ID_LENGTH and name.isalnum()
