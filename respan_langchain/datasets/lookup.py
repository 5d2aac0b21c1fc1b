"""Finds the dataset that a user names, by its name or id."""

from collections.abc import Sequence
from typing import Final

from respan_langchain.client import models
from respan_langchain.client.client import DatasetClient
from respan_langchain.errors import ConfigurationError, NotFoundError
from respan_langchain.settings.settings import Settings

MIN_SUFFIX_LENGTH: Final = 6
"""Characters of an id's end that are accepted for the id."""
MAX_LISTED_NAMES: Final = 20
"""Existing datasets that an error names."""


def find_dataset(
    client: DatasetClient, settings: Settings, name: str | None, *, create: bool = False
) -> models.DatasetInfo:
    """Find a dataset by its name, its id or the end of its id; None means that of the settings.

    Raises:
        ConfigurationError: No dataset is named, none or several match, or a name is too long.
    """
    if name is None and settings.dataset_id is not None:
        return client.dataset(settings.dataset_id)
    name = name or settings.dataset
    datasets = list(client.datasets(sort_by="created_at"))
    if name is None:
        raise ConfigurationError(
            f"Name a dataset, or set RESPAN_DATASET or RESPAN_DATASET_ID; {_list_names(datasets)}."
        )
    for dataset in datasets:
        if name in (dataset.name, dataset.id):
            return dataset
    try:
        return client.dataset(name)
    except NotFoundError:
        pass
    if create:
        return client.create_dataset(name)
    return _find_by_id_suffix(datasets, name, settings)


def _find_by_id_suffix(
    datasets: Sequence[models.DatasetInfo], text: str, settings: Settings
) -> models.DatasetInfo:
    is_suffix = len(text) >= MIN_SUFFIX_LENGTH
    matches = [each for each in datasets if is_suffix and each.id.endswith(text)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise ConfigurationError(f"{text!r} matches several datasets; give more of the id.")
    raise ConfigurationError(
        f"No dataset {text!r} at {settings.base_url}; {_list_names(datasets)}."
    )


def _list_names(datasets: Sequence[models.DatasetInfo]) -> str:
    names = [each.name or each.id for each in datasets[:MAX_LISTED_NAMES]]
    return f"datasets there: {', '.join(names)}" if names else "there are no datasets yet"
