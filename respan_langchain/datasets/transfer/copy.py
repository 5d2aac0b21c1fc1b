"""Copies a dataset to another platform, or the rows of another source into a dataset."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from respan_langchain._constants import MAX_PAGE_SIZE
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.filters import field
from respan_langchain.client.urls import is_loopback
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.datasets.transfer.progress_file import ProgressFile, progress_path
from respan_langchain.datasets.transfer.target import TransferTarget
from respan_langchain.datasets.transfer.transfer import Transfer, TransferCounts, TransferSource
from respan_langchain.datasets.transfer.transfer_row import TransferRow, build_transfer_row
from respan_langchain.settings.settings import Settings

MAX_PASSES: Final = 5
"""How often a source is read again when it loses rows while it is read."""
ProgressCallback = Callable[[TransferCounts], None]


def copy_dataset(
    source: Dataset,
    source_settings: Settings,
    client: DatasetClient,
    settings: Settings,
    dataset_id: str,
    on_progress: ProgressCallback = lambda _: None,
) -> TransferCounts:
    """Copy the rows that a dataset has and the target has not.

    Args:
        source: The dataset to copy.
        source_settings: The settings of its platform.
        client: A client of the target platform. It is set to retry for minutes when the platform
            is unavailable, and so is the source's.
        settings: The settings of the target platform.
        dataset_id: The target's id.
        on_progress: Called after each request.

    Raises:
        RespanError: The transfer stopped; called again, it resumes.
    """
    counts = TransferCounts()
    for _ in range(MAX_PASSES):
        reader = DatasetSource(source, source_settings)
        counts = transfer_rows(reader, client, settings, dataset_id, on_progress)
        # Rows deleted while the source is read move other rows to pages that were read before.
        if reader.count >= len(source):
            break
    return counts


def transfer_rows(
    source: TransferSource,
    client: DatasetClient,
    settings: Settings,
    dataset_id: str,
    on_progress: ProgressCallback = lambda _: None,
) -> TransferCounts:
    """Send the rows of a source that the target has not; arguments as of `copy_dataset`.

    Raises:
        RespanError: The transfer stopped; called again, it resumes.
    """
    client.retry_for(max_outage(settings))
    destination = platform_location(settings)
    with ProgressFile(progress_path(*source.key, destination, dataset_id)) as progress:
        progress.describe(source.description, f"{dataset_id[-8:]} at {destination}")
        transfer = Transfer(
            source,
            TransferTarget(client, dataset_id),
            progress,
            visibility_delay=visibility_delay(settings),
            on_progress=on_progress,
        )
        return transfer.run()


def platform_location(settings: Settings) -> str:
    """Return a name of a platform that is the same in every working directory."""
    if not settings.is_local:
        return settings.base_url.rstrip("/").removesuffix("/api")
    return str(Path(settings.base_url.removeprefix("sqlite:///")).expanduser().resolve())


def visibility_delay(settings: Settings) -> float:
    """Return the seconds until a platform lists a row that it has stored."""
    if settings.is_local:
        return 0.0
    return 5.0 if _is_on_this_machine(settings) else 30.0


def max_outage(settings: Settings) -> float:
    """Return the seconds that a platform may be unavailable before a transfer stops."""
    return 60.0 if _is_on_this_machine(settings) else 300.0


def _is_on_this_machine(settings: Settings) -> bool:
    return settings.is_local or is_loopback(urlsplit(settings.base_url).hostname)


class DatasetSource:
    """A dataset as the source of a transfer. Counts the rows that were read."""

    def __init__(self, source: Dataset, settings: Settings) -> None:
        """`settings` are those of its platform, which may be unavailable for minutes."""
        source.retry_for(max_outage(settings))
        origin = platform_location(settings)
        self.key: tuple[str, ...] = (origin, source.id)
        self.description = f"{source.name} at {origin}"
        self._source = source
        self.count = 0

    def rows(self) -> Iterator[TransferRow]:
        """Iterate over the rows, the oldest first."""
        for log in self._source:
            self.count += 1
            yield build_transfer_row(log)

    def existing_ids(self, source_ids: Collection[str]) -> set[str]:
        """Return which of these ids the dataset has, whatever rows its filters select."""
        found: set[str] = set()
        ordered = sorted(source_ids)
        for start in range(0, len(ordered), MAX_PAGE_SIZE):
            group = ordered[start : start + MAX_PAGE_SIZE]
            found.update(
                str(log.unique_id)
                for log in self._source.unfiltered().where(field("unique_id").isin(group))
            )
        return found & set(source_ids)
