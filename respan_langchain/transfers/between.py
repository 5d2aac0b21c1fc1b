"""A whole dataset from one platform to another, and a file into a dataset."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from respan_langchain.api.client import DatasetClient
from respan_langchain.dataset import Dataset
from respan_langchain.settings import Settings
from respan_langchain.transfers.files import Source
from respan_langchain.transfers.moving import Moving, moving_from
from respan_langchain.transfers.pace import Pace, pace_for
from respan_langchain.transfers.progress import Progress, path_of
from respan_langchain.transfers.target import Target
from respan_langchain.transfers.transfer import Counts, Transfer

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
        reader = _Reader(source, pace)
        counts = Transfer(target, progress, pace, tell).move(reader.rows())
        # Rows that are removed meanwhile move others to pages that were read already.
        if reader.count >= len(source) or passes == MOST_PASSES:
            return counts


class _Reader:
    """Reads a dataset, and counts."""

    def __init__(self, source: Dataset, pace: Pace) -> None:
        self._source = source
        self._pace = pace
        self.count = 0

    def rows(self) -> Iterator[Moving]:
        for page in self._source.pages(self._pace.patiently):
            for log in page.results:
                self.count += 1
                yield moving_from(log)


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
        transfer = Transfer(Target(client, dataset_id), progress, pace or pace_for(settings), tell)
        return transfer.move(source.rows())


def place_of(settings: Settings) -> str:
    """Name a platform so that it has the same name from every folder."""
    if not settings.is_local:
        return settings.base_url.rstrip("/").removesuffix("/api")
    return str(Path(settings.base_url.removeprefix("sqlite:///")).expanduser().resolve())
