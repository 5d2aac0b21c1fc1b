"""Where parcels come from: those who turn events into rows when the worker asks them."""

import weakref
from collections.abc import Callable, Sequence, Sized
from typing import Protocol

from respan_langchain.delivery.row import EncodedRow


class RowSource(Protocol):
    """Turns events into parcels, on the worker's thread."""

    @property
    def events(self) -> Sized:
        """What nobody has read yet."""
        ...

    def take(self, now: float) -> Sequence[EncodedRow]:
        """What is ready, at most a slice: asked again at once while `due_in` is 0."""
        ...

    def due_in(self, now: float) -> float | None:
        """Seconds until it wants to be asked even if nobody wakes the worker; None for never."""

    def settle_open(self) -> None:
        """Close what waits for late news, so that `take` yields it."""

    def close_open(self) -> None:
        """The process ends: close all that is open, too, so that `take` yields it."""

    def after_fork(self) -> None:
        """In the child: forget what belongs to the parent."""


class RowSources:
    """All sources of one worker; each is held until its owner is gone and it is drained."""

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        """`failed` hears of a source that raised."""
        self._failed = failed
        # Set and deleted in one step, and copied before a walk: attaching needs no lock.
        self._attached: dict[int, tuple[RowSource, weakref.ref[object] | None]] = {}

    def attach(self, source: RowSource, owner: object | None) -> None:
        """Ask this one as well."""
        reference = None if owner is None else weakref.ref(owner)
        self._attached[id(source)] = source, reference

    def detach(self, source: RowSource) -> None:
        """Ask this one no more."""
        self._attached.pop(id(source), None)

    def take(self, now: float) -> list[EncodedRow]:
        """A slice of each."""
        parcels: list[EncodedRow] = []
        for source in self._all():
            try:
                parcels += source.take(now)
            except Exception as error:  # noqa: BLE001  # people's own redaction runs in there; the others go on
                self._failed(error)
        return parcels

    def due_in(self, now: float) -> float:
        """When the first of them wants to be asked unbidden; infinity for never."""
        waits = [source.due_in(now) for source in self._all()]
        return min((wait for wait in waits if wait is not None), default=float("inf"))

    def unread(self) -> int:
        """Events that wait to be read."""
        return sum(len(source.events) for source in self._all())

    def settle_open(self) -> None:
        """Before a flush."""
        for source in self._all():
            source.settle_open()

    def close_open(self) -> None:
        """At the end of the process."""
        for source in self._all():
            source.close_open()

    def let_go(self, now: float) -> None:
        """Drop those that are drained and whose owner is gone."""
        for source, owner in list(self._attached.values()):
            is_drained = not source.events and source.due_in(now) is None
            if owner is not None and owner() is None and is_drained:
                self.detach(source)

    def after_fork(self) -> None:
        """In the child."""
        for source in self._all():
            source.after_fork()

    def _all(self) -> list[RowSource]:
        return [source for source, _ in list(self._attached.values())]
