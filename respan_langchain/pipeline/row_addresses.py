"""Identifier and dataset of each run's row, by which feedback finds it."""

from collections import OrderedDict
from typing import Final
from uuid import UUID

from respan_langchain.delivery.row import EncodedRow

MAX_ADDRESSES: Final = 10_000
"""Rows that are remembered, the latest."""


class RowAddresses:
    """Rows whose identifier is not their run's id, or whose dataset is not the handler's."""

    def __init__(self, dataset: str) -> None:
        """`dataset` is the handler's, as `name:...` or `id:...`."""
        self.dataset = dataset
        self._others: OrderedDict[UUID, tuple[str, str]] = OrderedDict()

    def remember(self, run_id: UUID, row: EncodedRow) -> None:
        """Remember where the row of a run is, if it cannot be told from the run's id."""
        if row.dataset == self.dataset and row.id == str(run_id):
            return
        self._others[run_id] = row.id, row.dataset
        if len(self._others) > MAX_ADDRESSES:
            self._others.popitem(last=False)

    def find(self, run_id: UUID) -> tuple[str, str]:
        """Return identifier and dataset of a run's row."""
        return self._others.get(run_id, (str(run_id), self.dataset))
