"""A dataset in Python: iterate over its rows, count them, and take them elsewhere.

`client/client.py` speaks one call at a time; this is the handle for people. Extras are imported
when they are needed.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from html import escape
from itertools import islice
from os import PathLike
from typing import Any, Final, Self

from respan_langchain._connect import open_client, require_database_file
from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client import log_requests, models
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.paths import FilterInput
from respan_langchain.client.request_flow import request_flow
from respan_langchain.datasets.export.presets import Preset
from respan_langchain.datasets.export.rows import ExactLog
from respan_langchain.datasets.lookup import find_dataset
from respan_langchain.errors import UnexpectedAnswerError
from respan_langchain.settings import Settings, read_settings

NOTEBOOK_ROWS: Final = 10
"""Rows of the table that a notebook shows."""
NOTEBOOK_CELL_LENGTH: Final = 200
"""Characters of one cell of that table."""


class Dataset:
    """One dataset of a platform, or those of its rows that filters select.

    >>> with Dataset.open("demo", base_url="sqlite:///respan.db") as rows:  # doctest: +SKIP
    ...     rows.to_jsonl("demo.jsonl")
    """

    def __init__(
        self,
        client: DatasetClient,
        about: models.Dataset,
        *,
        filters: FilterInput = None,
        exact: bool = False,
        owns_client: bool = False,
    ) -> None:
        """Hold a dataset of a client; `open` is the way to get one.

        Args:
            client: The platform.
            about: What it said of the dataset.
            filters: Which rows; all when None.
            exact: Whether the platform shows contents as they were sent, as one in a file does.
            owns_client: Whether `close` closes the client.
        """
        self._client = client
        self.about = about
        """What the platform said of it."""
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
        **settings: Any,
    ) -> Self:
        """Open a dataset by its name or id, by default the one that the environment names.

        Args:
            name: Its name, or its id.
            dataset_id: Its id, in place of the name.
            create: Whether a dataset of a new name is created.
            filters: Which rows; all when None.
            http_client: An `httpx.Client` or `httpx2.Client` of your own.
            **settings: As for the handler: `api_key`, `base_url` and the rest of `Settings`.

        Raises:
            ConfigurationError: There is no such dataset, or a setting is wrong.
        """
        found = read_settings(**settings)
        if not create:
            require_database_file(found)
        client = open_client(found, http_client)
        try:
            about = find_dataset(client, found, dataset_id or name, create=create)
        except BaseException:
            client.close()
            raise
        return cls(client, about, filters=filters, exact=found.is_local, owns_client=True)

    @classmethod
    def of(
        cls,
        client: DatasetClient,
        settings: Settings,
        name: str | None = None,
        *,
        filters: FilterInput = None,
    ) -> Self:
        """Open a dataset through a client that is open already; as `open`."""
        about = find_dataset(client, settings, name)
        return cls(client, about, filters=filters, exact=settings.is_local)

    @property
    def id(self) -> str:
        """The platform's id."""
        return self.about.id

    @property
    def name(self) -> str:
        """The name, or the id of one that has none."""
        return self.about.name or self.about.id

    def retry_for(self, seconds: float) -> None:
        """Retry each later request of this dataset's client for up to `seconds`."""
        self._client.retry_for(seconds)

    def where(self, filters: FilterInput) -> "Dataset":
        """Select some of the rows."""
        return Dataset(self._client, self.about, filters=filters, exact=self._exact)

    def __iter__(self) -> Iterator[models.Log]:
        """Go through the rows, the oldest first."""
        return self.sorted_by("created_at")

    def __len__(self) -> int:
        """Ask the platform how many rows there are now."""
        page = self._page("created_at", 1, 1)
        return len(page.results) if page.count is None else page.count

    def __bool__(self) -> bool:
        """A dataset is there, with rows or without."""
        return True

    def sorted_by(self, name: str) -> Iterator[models.Log]:
        """Go through the rows by a field; a `-` before it means descending."""
        for page in self.pages(sort_by=name):
            yield from page.results

    def latest(self, number: int) -> list[models.Log]:
        """Return the newest rows, the newest first."""
        return list(islice(self.sorted_by("-created_at"), number))

    def pages(self, *, sort_by: str = "created_at") -> Iterator[models.Page[models.Log]]:
        """Iterate over the rows page by page."""
        number, size = 1, MAX_PAGE_SIZE
        while True:
            try:
                page = self._page(sort_by, number, size)
            except UnexpectedAnswerError:
                if size == 1:
                    raise
                # A page of large rows may be more than a client reads; ten smaller ones may do.
                number, size = (number - 1) * 10 + 1, size // 10
                continue
            yield page
            if page.is_last():
                return
            number += 1

    def _page(self, sort_by: str, number: int, size: int) -> models.Page[models.Log]:
        call = log_requests.list_logs(
            self.id, page=number, page_size=size, sort_by=sort_by, filters=self._filters
        )
        if self._exact:
            parse: Callable[[Any], Any] = models.Page[ExactLog].model_validate
            call = replace(call, parse=parse)
        return self._client.run(request_flow(call, self._client.options))

    def summary(self) -> models.Summary:
        """Total the rows up."""
        return self._client.summary(self.id, filters=self._filters)

    def to_jsonl(self, path: str | PathLike[str], *, preset: Preset | None = None) -> int:
        """Write one JSON object a line, as the rows were sent or as another tool wants them.

        Return how many.
        """
        from respan_langchain.datasets.export.files import write_jsonl

        return write_jsonl(self, path, preset=preset)

    def to_csv(self, path: str | PathLike[str]) -> int:
        """Write a table of text; return how many rows.

        What is not text stands in it as JSON, and so does text that a spreadsheet would run.
        """
        from respan_langchain.datasets.export.files import write_csv

        return write_csv(self, path)

    def to_parquet(self, path: str | PathLike[str]) -> int:
        """Write a Parquet file, with pyarrow; return how many rows."""
        from respan_langchain.datasets.export.frames import write_parquet

        return write_parquet(self, path)

    def to_pandas(self) -> Any:
        """Make a pandas DataFrame."""
        from respan_langchain.datasets.export.frames import pandas_frame

        return pandas_frame(self)

    def to_hf(self) -> Any:
        """Make a `datasets.Dataset` of Hugging Face."""
        from respan_langchain.datasets.export.frames import hugging_face_dataset

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
        return f"Dataset({self.name!r}, id={self.id!r})"

    def _repr_html_(self) -> str:
        """Draw a table for notebooks: the newest rows, everything in them as text."""
        columns = (
            "log_type",
            "span_name",
            "input",
            "output",
            "total_tokens",
            "cost",
            "latency",
            "status",
        )
        head = "".join(f"<th>{column}</th>" for column in columns)
        body = "".join(
            f"<tr>{''.join(f'<td>{_cell(getattr(log, column))}</td>' for column in columns)}</tr>"
            for log in self.latest(NOTEBOOK_ROWS)
        )
        title = f"<b>{escape(self.name)}</b> · {len(self):,} rows"
        return (
            f"<div>{title}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )


def _cell(value: object) -> str:
    from respan_langchain._cell_format import to_text

    text = to_text(value) or ""
    is_long = len(text) > NOTEBOOK_CELL_LENGTH
    return escape(f"{text[:NOTEBOOK_CELL_LENGTH]}…" if is_long else text)
