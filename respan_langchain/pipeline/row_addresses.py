"""Identifier and dataset of rows, by which feedback finds them."""

from collections import OrderedDict
from typing import Final

from respan_langchain.delivery.row import EncodedRow

MAX_ADDRESSES: Final = 10_000
"""Rows that are remembered, the latest."""


class RowAddresses:
    """Rows whose identifier is not their run's id, or whose dataset is not the handler's."""

    def __init__(self, dataset: str) -> None:
        """`dataset` is the handler's, as `name:...` or `id:...`."""
        self.dataset = dataset
        self._others: OrderedDict[str, tuple[str, str]] = OrderedDict()

    def remember(self, key: str, row: EncodedRow) -> None:
        """Remember a row by its run's id, or by its identifier."""
        self._others.pop(key, None)
        if row.dataset == self.dataset and row.id == key:
            return
        self._others[key] = row.id, row.dataset
        if len(self._others) > MAX_ADDRESSES:
            self._others.popitem(last=False)

    def find(self, key: str) -> tuple[str, str]:
        """Return identifier and dataset of a row by its run's id, or by its identifier."""
        return self._others.get(key, (key, self.dataset))
