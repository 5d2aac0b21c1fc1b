"""A whole dataset from one platform to another, and a file into a dataset."""

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.filters import field
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.datasets.transfer.checkpoint import Checkpoint, checkpoint_path
from respan_langchain.datasets.transfer.import_file import ImportFile
from respan_langchain.datasets.transfer.retry import TransferRetry, build_transfer_retry
from respan_langchain.datasets.transfer.target import TransferTarget
from respan_langchain.datasets.transfer.transfer import Transfer, TransferCounts
from respan_langchain.datasets.transfer.transfer_row import TransferRow, build_transfer_row
from respan_langchain.settings import Settings

MAX_PASSES: Final = 5
"""How often a source is read again that loses rows meanwhile."""
ProgressCallback = Callable[[TransferCounts], None]


def copy_dataset(
    source: Dataset,
    source_settings: Settings,
    client: DatasetClient,
    settings: Settings,
    dataset_id: str,
    tell: ProgressCallback = lambda _: None,
    pace: TransferRetry | None = None,
) -> TransferCounts:
    """Move the rows of a dataset that its target does not have.

    Raises:
        RespanError: It cannot go on; started again it continues.
    """
    pace = pace or build_transfer_retry(settings)
    origin, destination = platform_location(source_settings), platform_location(settings)
    with Checkpoint(checkpoint_path(origin, source.id, destination, dataset_id)) as progress:
        progress.describe(f"{source.name} at {origin}", f"{dataset_id} at {destination}")
        return _copy_all(source, TransferTarget(client, dataset_id), progress, pace, tell)


def _copy_all(
    source: Dataset,
    target: TransferTarget,
    progress: Checkpoint,
    pace: TransferRetry,
    tell: ProgressCallback,
) -> TransferCounts:
    passes = 0
    while True:
        passes += 1
        reader = DatasetSource(source, pace)
        counts = Transfer(reader, target, progress, pace, tell).run()
        # Rows that are removed meanwhile move others to pages that were read already.
        if reader.count >= len(source) or passes == MAX_PASSES:
            return counts


class DatasetSource:
    """A dataset that rows come from: reads it, and counts."""

    def __init__(self, source: Dataset, pace: TransferRetry) -> None:
        self._source = source
        self._pace = pace
        self.count = 0

    def rows(self) -> Iterator[TransferRow]:
        """Read row after row, the oldest first."""
        for page in self._source.pages(self._pace.call):
            for log in page.results:
                self.count += 1
                yield build_transfer_row(log)

    def existing_ids(self, source_ids: Collection[str]) -> set[str]:
        """Ask which rows are there still, whether the transfer is for them or not."""
        found: set[str] = set()
        names = iter(sorted(source_ids))
        while some := list(islice(names, MAX_PAGE_SIZE)):
            asked = self._source.where(field("unique_id").isin(some))
            for page in asked.pages(self._pace.call):
                found.update(str(log.unique_id) for log in page.results)
        return found & set(source_ids)


def import_rows(
    source: ImportFile,
    client: DatasetClient,
    settings: Settings,
    dataset_id: str,
    tell: ProgressCallback = lambda _: None,
    pace: TransferRetry | None = None,
) -> TransferCounts:
    """Move the rows of a file into a dataset; those that are there already stay as they are.

    Raises:
        RespanError: It cannot go on; started again it continues.
    """
    destination = platform_location(settings)
    with Checkpoint(checkpoint_path("import", destination, dataset_id)) as progress:
        progress.describe("imported files", f"{dataset_id} at {destination}")
        target = TransferTarget(client, dataset_id)
        return Transfer(
            source, target, progress, pace or build_transfer_retry(settings), tell
        ).run()


def platform_location(settings: Settings) -> str:
    """Name a platform so that it has the same name from every folder."""
    if not settings.is_local:
        return settings.base_url.rstrip("/").removesuffix("/api")
    return str(Path(settings.base_url.removeprefix("sqlite:///")).expanduser().resolve())
