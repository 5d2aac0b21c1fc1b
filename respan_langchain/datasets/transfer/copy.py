"""A whole dataset from one platform to another, and a file into a dataset."""

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.filters import field
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.datasets.transfer.checkpoint import Progress, path_of
from respan_langchain.datasets.transfer.import_file import Source
from respan_langchain.datasets.transfer.retry import Pace, pace_for
from respan_langchain.datasets.transfer.target import Target
from respan_langchain.datasets.transfer.transfer import Counts, Transfer
from respan_langchain.datasets.transfer.transfer_row import Moving, moving_from
from respan_langchain.settings import Settings

MOST_PASSES: Final = 5
"""How often a source is read again that loses rows meanwhile."""
Tell = Callable[[Counts], None]


def move_dataset(
    source: Dataset,
    source_settings: Settings,
    client: DatasetClient,
    settings: Settings,
    dataset_id: str,
    tell: Tell = lambda _: None,
    pace: Pace | None = None,
) -> Counts:
    """Move the rows of a dataset that its target does not have.

    Raises:
        RespanError: It cannot go on; started again it continues.
    """
    pace = pace or pace_for(settings)
    path = path_of(place_of(source_settings), source.id, place_of(settings), dataset_id)
    with Progress(path) as progress:
        return _move_all(source, Target(client, dataset_id), progress, pace, tell)


def _move_all(
    source: Dataset, target: Target, progress: Progress, pace: Pace, tell: Tell
) -> Counts:
    passes = 0
    while True:
        passes += 1
        reader = Reader(source, pace)
        counts = Transfer(reader, target, progress, pace, tell).move()
        # Rows that are removed meanwhile move others to pages that were read already.
        if reader.count >= len(source) or passes == MOST_PASSES:
            return counts


class Reader:
    """A dataset that rows come from: reads it, and counts."""

    def __init__(self, source: Dataset, pace: Pace) -> None:
        self._source = source
        self._pace = pace
        self.count = 0

    def rows(self) -> Iterator[Moving]:
        """Read row after row, the oldest first."""
        for page in self._source.pages(self._pace.patiently):
            for log in page.results:
                self.count += 1
                yield moving_from(log)

    def still_has(self, source_ids: Collection[str]) -> set[str]:
        """Ask which rows are there still, whether the transfer is for them or not."""
        found: set[str] = set()
        names = iter(sorted(source_ids))
        while some := list(islice(names, MAX_PAGE_SIZE)):
            asked = self._source.where(field("unique_id").isin(some))
            for page in asked.pages(self._pace.patiently):
                found.update(str(log.unique_id) for log in page.results)
        return found & set(source_ids)


def move_file(
    source: Source,
    client: DatasetClient,
    settings: Settings,
    dataset_id: str,
    tell: Tell = lambda _: None,
    pace: Pace | None = None,
) -> Counts:
    """Move the rows of a file into a dataset; those that are there already stay as they are.

    Raises:
        RespanError: It cannot go on; started again it continues.
    """
    with Progress(path_of("import", place_of(settings), dataset_id)) as progress:
        target = Target(client, dataset_id)
        return Transfer(source, target, progress, pace or pace_for(settings), tell).move()


def place_of(settings: Settings) -> str:
    """Name a platform so that it has the same name from every folder."""
    if not settings.is_local:
        return settings.base_url.rstrip("/").removesuffix("/api")
    return str(Path(settings.base_url.removeprefix("sqlite:///")).expanduser().resolve())
