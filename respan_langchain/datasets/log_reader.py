"""Read the logs of a dataset: by page, by position, in any order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client import endpoints
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.models import Log, ResultPage
from respan_langchain.client.paths import FilterInput
from respan_langchain.client.request_flow import request_flow
from respan_langchain.datasets.export.rows import ExactLog
from respan_langchain.errors import UnexpectedAnswerError

OLDEST_FIRST: Final = "created_at"
NEWEST_FIRST: Final = "-created_at"


@dataclass(frozen=True, slots=True)
class LogReader:
    """Reads the logs of one dataset that match its filters."""

    client: DatasetClient
    dataset_id: str
    filters: FilterInput = None
    exact: bool = False
    """Whether the platform returns contents as they were sent, as a local file does."""

    def count(self) -> int:
        """Return the current number of logs."""
        page = self.read_page(OLDEST_FIRST, 1, 1)
        return len(page.results) if page.count is None else page.count

    def read_at(self, index: int) -> Log:
        """Return the log at a position, oldest first; negative ones count from the newest.

        Raises:
            IndexError: There are fewer logs.
        """
        sort_by, number = (OLDEST_FIRST, index) if index >= 0 else (NEWEST_FIRST, -index - 1)
        page = self.read_page(sort_by, number + 1, 1)
        if not page.results:
            raise IndexError(f"the dataset has no log {index}")
        return page.results[0]

    def read_positions(self, positions: range) -> list[Log]:
        """Return the logs at several positions, oldest first; missing ones are left out."""
        if not positions:
            return []
        first, last = min(positions), max(positions)
        skipped_pages, offset = divmod(first, MAX_PAGE_SIZE)
        pages = self.read_pages(first_page=skipped_pages + 1)
        logs = (log for page in pages for log in page.results)
        read = list(islice(logs, offset, offset + last - first + 1))
        return [read[each - first] for each in positions if each - first < len(read)]

    def read_pages(
        self, *, sort_by: str = OLDEST_FIRST, first_page: int = 1
    ) -> Iterator[ResultPage[Log]]:
        """Read page by page, from a page of 100 logs on; `-` before a field means descending."""
        number, size = first_page, MAX_PAGE_SIZE
        while True:
            try:
                page = self.read_page(sort_by, number, size)
            except UnexpectedAnswerError:
                if size == 1:
                    raise
                # A page of large logs may exceed what a client reads; ten smaller ones may not.
                number, size = (number - 1) * 10 + 1, size // 10
                continue
            yield page
            if page.is_last():
                return
            number += 1

    def read_page(self, sort_by: str, number: int, size: int) -> ResultPage[Log]:
        """Read one page; the first has number 1."""
        call = endpoints.list_logs(
            self.dataset_id, page=number, page_size=size, sort_by=sort_by, filters=self.filters
        )
        if self.exact:
            parse: Callable[[Any], Any] = ResultPage[ExactLog].model_validate
            call = replace(call, parse=parse)
        return self.client.run(request_flow(call, self.client.options))
