"""A dataset in Python: read its logs, select, count, and export them.

Built on `client/client.py`, which makes single API calls.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from html import escape
from itertools import islice
from os import PathLike
from typing import Any, Final, Self, Unpack, overload

from respan_langchain._connect import open_client, require_database_file
from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain._display import format_count
from respan_langchain.client import endpoints, models
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.display import LogList, render_logs
from respan_langchain.client.filters import FilterInput, combine_filters, describe_filters
from respan_langchain.client.request_flow import request_flow
from respan_langchain.datasets.export.files import write_csv, write_jsonl
from respan_langchain.datasets.export.frames import (
    hugging_face_dataset,
    pandas_frame,
    write_parquet,
)
from respan_langchain.datasets.export.presets import Preset
from respan_langchain.datasets.export.rows import ExactLog
from respan_langchain.datasets.lookup import find_dataset
from respan_langchain.errors import UnexpectedResponseError
from respan_langchain.settings.options import SettingsOptions
from respan_langchain.settings.reading import read_settings
from respan_langchain.settings.settings import Settings

OLDEST_FIRST: Final = "created_at"
NEWEST_FIRST: Final = "-created_at"
NOTEBOOK_ROWS: Final = 10
"""Newest logs that a notebook shows."""


class Dataset:
    """A dataset of a platform, or those of its logs that filters select.

    >>> with Dataset.open("demo", base_url="sqlite:///respan.db") as rows:  # doctest: +SKIP
    ...     rows.where(status="error").to_jsonl("errors.jsonl")
    """

    def __init__(
        self,
        client: DatasetClient,
        about: models.DatasetInfo,
        *,
        filters: FilterInput = None,
        exact: bool = False,
        owns_client: bool = False,
    ) -> None:
        """Wrap a dataset of a client; most code calls `open` instead.

        `exact`: the platform returns contents as they were sent, as a local file does.
        """
        self._client = client
        self.about = about
        """The dataset as the platform describes it."""
        self._filters = filters
        self._exact = exact
        self._owns_client = owns_client

    @classmethod
    def open(
        cls,
        name: str | None = None,
        *,
        dataset_id: str | None = None,
        create: bool = False,
        filters: FilterInput = None,
        http_client: Any = None,
        **settings: Unpack[SettingsOptions],
    ) -> Self:
        """Open a dataset by name or id, by default that of RESPAN_DATASET.

        Args:
            name: Its name or id.
            dataset_id: Its id, instead of the name.
            create: Whether to create it if there is none of this name.
            filters: Which logs; all if None.
            http_client: Your own `httpx.Client` or `httpx2.Client`.
            **settings: As for the handler: `api_key`, `base_url` and others of `Settings`.

        Raises:
            ConfigurationError: There is no such dataset, or a setting is wrong.
        """
        resolved = read_settings(**settings)
        if not create:
            require_database_file(resolved)
        with ExitStack() as cleanup:
            client = cleanup.enter_context(open_client(resolved, http_client))
            about = find_dataset(client, resolved, dataset_id or name, create=create)
            cleanup.pop_all()
        return cls(client, about, filters=filters, exact=resolved.is_local, owns_client=True)

    @classmethod
    def of(
        cls,
        client: DatasetClient,
        settings: Settings,
        name: str | None = None,
        *,
        filters: FilterInput = None,
    ) -> Self:
        """Open a dataset with a client that is open; otherwise as `open`."""
        about = find_dataset(client, settings, name)
        return cls(client, about, filters=filters, exact=settings.is_local)

    @property
    def id(self) -> str:
        """The id on the platform."""
        return self.about.id

    @property
    def name(self) -> str:
        """The name, or the id if it has none."""
        return self.about.name or self.about.id

    def retry_for(self, seconds: float) -> None:
        """Retry each later request of this dataset's client for up to `seconds`."""
        self._client.retry_for(seconds)

    def where(self, filters: FilterInput = None, /, **equal: Any) -> "Dataset":
        """Select logs that match all filters, those of this selection included.

        Args:
            filters: Conditions, such as `field("cost") > 0.01`.
            **equal: Fields and their values, such as `status="error"`.

        Raises:
            ConfigurationError: A field is unknown, or has a condition already.
        """
        selected = combine_filters(self._filters, filters, equal)
        return Dataset(self._client, self.about, filters=selected, exact=self._exact)

    def unfiltered(self) -> "Dataset":
        """Return the dataset with all its logs."""
        return Dataset(self._client, self.about, exact=self._exact)

    def __iter__(self) -> Iterator[models.Log]:
        """Read the logs, oldest first."""
        return self.sorted_by(OLDEST_FIRST)

    def __len__(self) -> int:
        """Return the current number of logs; makes one request."""
        page = self._read_page(OLDEST_FIRST, 1, 1)
        return len(page.results) if page.count is None else page.count

    def __bool__(self) -> bool:
        """Return True, also for a dataset without logs; counting them would make a request."""
        return True

    @overload
    def __getitem__(self, index: int) -> models.Log: ...
    @overload
    def __getitem__(self, index: slice) -> LogList: ...
    def __getitem__(self, index: int | slice) -> models.Log | LogList:
        """Return a log or several by position, oldest first; a slice leaves out missing ones.

        Raises:
            IndexError: There are fewer logs.
        """
        if isinstance(index, slice):
            return self._read_positions(range(len(self))[index])
        sort_by, number = (OLDEST_FIRST, index) if index >= 0 else (NEWEST_FIRST, -index - 1)
        page = self._read_page(sort_by, number + 1, 1)
        if not page.results:
            raise IndexError(f"the dataset has no log {index}")
        return page.results[0]

    def head(self, number: int = 5) -> LogList:
        """Return the oldest logs, oldest first."""
        return LogList(islice(self, number))

    def latest(self, number: int) -> LogList:
        """Return the newest logs, newest first."""
        return LogList(islice(self.sorted_by(NEWEST_FIRST), number))

    def sorted_by(self, name: str) -> Iterator[models.Log]:
        """Read the logs sorted by a field; `-` before its name means descending."""
        for page in self.pages(sort_by=name):
            yield from page.results

    def pages(self, *, sort_by: str = OLDEST_FIRST) -> Iterator[models.ResultPage[models.Log]]:
        """Read the logs page by page, sorted by a field; `-` before it means descending."""
        return self._read_pages(sort_by)

    def summary(self) -> models.Summary:
        """Return the totals of the logs."""
        return self._client.summary(self.id, filters=self._filters)

    def to_jsonl(self, path: str | PathLike[str], *, preset: Preset | None = None) -> int:
        """Write JSON lines, as the rows were sent or in another tool's format.

        Return the number of rows.
        """
        return write_jsonl(self, path, preset=preset)

    def to_csv(self, path: str | PathLike[str]) -> int:
        """Write CSV; return the number of rows.

        Values that are not text are JSON, and so is text that a spreadsheet would run as a formula.
        """
        return write_csv(self, path)

    def to_parquet(self, path: str | PathLike[str]) -> int:
        """Write a Parquet file (needs pyarrow); return the number of rows."""
        return write_parquet(self, path)

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame`: text, nullable numbers, UTC times, contents as objects."""
        return pandas_frame(self)

    def to_hf(self) -> Any:
        """Return a Hugging Face `datasets.Dataset`; its column `messages` has the conversation."""
        return hugging_face_dataset(self)

    def close(self) -> None:
        """Close the connection that `open` made."""
        if self._owns_client:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        filters = describe_filters(self._filters)
        return f"Dataset({self.name!r}, id={self.id!r}{filters and f', where {filters}'})"

    def _repr_html_(self) -> str:
        """Show the newest logs in a notebook."""
        filters = describe_filters(self._filters)
        title = f"<b>{escape(self.name)}</b> · {format_count(len(self))} logs"
        title += filters and f" where {escape(filters)}"
        return f"<div>{title}{render_logs(self.latest(NOTEBOOK_ROWS))}</div>"

    def _read_positions(self, positions: range) -> LogList:
        if not positions:
            return LogList()
        first, last = min(positions), max(positions)
        skipped_pages, offset = divmod(first, MAX_PAGE_SIZE)
        pages = self._read_pages(OLDEST_FIRST, skipped_pages + 1)
        logs = (log for page in pages for log in page.results)
        read = list(islice(logs, offset, offset + last - first + 1))
        return LogList(read[each - first] for each in positions if each - first < len(read))

    def _read_pages(self, sort_by: str, number: int = 1) -> Iterator[models.ResultPage[models.Log]]:
        """Read page by page, from this page of 100 logs on."""
        size = MAX_PAGE_SIZE
        while True:
            try:
                page = self._read_page(sort_by, number, size)
            except UnexpectedResponseError:
                if size == 1:
                    raise
                # A page of large logs may exceed what a client reads; ten smaller ones may not.
                number, size = (number - 1) * 10 + 1, size // 10
                continue
            yield page
            if page.is_last():
                return
            number += 1

    def _read_page(self, sort_by: str, number: int, size: int) -> models.ResultPage[models.Log]:
        request = endpoints.list_logs(
            self.id, page=number, page_size=size, sort_by=sort_by, filters=self._filters
        )
        if self._exact:
            parse: Callable[[Any], Any] = models.ResultPage[ExactLog].model_validate
            request = replace(request, parse=parse)
        return self._client.run(request_flow(request, self._client.options))
