"""A dataset in Python: iterate over its rows, count them, and take them elsewhere.

`api/client.py` speaks one call at a time; this is the handle for people. Extras are imported when
they are needed.
"""

from collections.abc import Iterator
from html import escape
from itertools import islice
from os import PathLike
from typing import Any, Final, Self

from respan_langchain.api import models
from respan_langchain.api.call_parts import Selection
from respan_langchain.api.client import DatasetClient
from respan_langchain.connection import client_of
from respan_langchain.errors import ConfigurationError, NotFoundError
from respan_langchain.exports.presets import Preset
from respan_langchain.settings import Settings, read_settings

SHOWN: Final = 10
"""Rows of a notebook's table."""
CELL: Final = 200
"""Characters of a notebook's cell."""


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
        filters: Selection = None,
        owns_client: bool = False,
    ) -> None:
        self._client = client
        self.about = about
        """What the platform said of it."""
        self._filters = filters
        self._owns_client = owns_client

    @classmethod
    def open(
        cls,
        name: str | None = None,
        *,
        dataset_id: str | None = None,
        create: bool = False,
        filters: Selection = None,
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
        client = client_of(found, http_client)
        try:
            about = find(client, found, dataset_id or name, create=create)
        except BaseException:
            client.close()
            raise
        return cls(client, about, filters=filters, owns_client=True)

    @property
    def id(self) -> str:
        """The platform's id."""
        return self.about.id

    @property
    def name(self) -> str:
        """The name, or the id of one that has none."""
        return self.about.name or self.about.id

    def where(self, filters: Selection) -> "Dataset":
        """Select some of the rows."""
        return Dataset(self._client, self.about, filters=filters)

    def __iter__(self) -> Iterator[models.Log]:
        """Go through the rows, the oldest first."""
        return self._client.logs(self.id, sort_by="created_at", filters=self._filters)

    def __len__(self) -> int:
        """Ask the platform how many rows there are now."""
        page = self._client.list_logs(self.id, page_size=1, filters=self._filters)
        return len(page.results) if page.count is None else page.count

    def __bool__(self) -> bool:
        """A dataset is there, with rows or without."""
        return True

    def latest(self, number: int) -> list[models.Log]:
        """Return the newest rows, the newest first."""
        return list(islice(self.newest_first(page_size=min(max(number, 1), 100)), number))

    def newest_first(self, *, page_size: int = 100) -> Iterator[models.Log]:
        """Go through the rows from the newest on, page by page."""
        return self._client.logs(
            self.id, sort_by="-created_at", filters=self._filters, page_size=page_size
        )

    def summary(self) -> models.Summary:
        """Total the rows up."""
        return self._client.summary(self.id, filters=self._filters)

    def to_jsonl(self, path: str | PathLike[str], *, preset: Preset | None = None) -> int:
        """Write one JSON object a line, as the rows were sent or as another tool wants them.

        Return how many.
        """
        from respan_langchain.exports.files import write_jsonl

        return write_jsonl(self, path, preset=preset)

    def to_csv(self, path: str | PathLike[str]) -> int:
        """Write a table of text; what is not text stands in it as JSON. Returns how many rows."""
        from respan_langchain.exports.files import write_csv

        return write_csv(self, path)

    def to_parquet(self, path: str | PathLike[str]) -> int:
        """Write a Parquet file, with pyarrow; return how many rows."""
        from respan_langchain.exports.frames import write_parquet

        return write_parquet(self, path)

    def to_pandas(self) -> Any:
        """Make a pandas DataFrame."""
        from respan_langchain.exports.frames import pandas_frame

        return pandas_frame(self)

    def to_hf(self) -> Any:
        """Make a `datasets.Dataset` of Hugging Face."""
        from respan_langchain.exports.frames import hugging_face_dataset

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
            for log in self.latest(SHOWN)
        )
        title = f"<b>{escape(self.name)}</b> · {len(self):,} rows"
        return (
            f"<div>{title}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )


def find(
    client: DatasetClient, settings: Settings, said: str | None, *, create: bool = False
) -> models.Dataset:
    """Find a dataset by what somebody calls it, its name or its id; None means the settings' own.

    Raises:
        ConfigurationError: None is named, or there is none of that name.
    """
    if said is None and settings.dataset_id is not None:
        return client.dataset(settings.dataset_id)
    said = said or settings.dataset
    if said is None:
        raise ConfigurationError("Name a dataset, or set RESPAN_DATASET or RESPAN_DATASET_ID.")
    names = []
    for each in client.datasets(sort_by="created_at"):
        if said in (each.name, each.id):
            return each
        names.append(each.name or each.id)
    try:
        return client.dataset(said)
    except NotFoundError:
        pass
    if create:
        return client.create_dataset(said)
    there = f"there are {', '.join(names[:20])}" if names else "there is none yet"
    raise ConfigurationError(f"No dataset {said!r} at {settings.base_url}; {there}.")


def _cell(value: object) -> str:
    from respan_langchain.exports.columns import text_of

    text = text_of(value)
    return "" if text is None else escape(text if len(text) <= CELL else f"{text[:CELL]}…")
