"""The sources of rows: they turn events into rows when the worker polls them."""

import weakref
from collections.abc import Callable, Iterator, Sequence, Sized
from typing import Protocol

from respan_langchain.client.subject import Subject
from respan_langchain.delivery.row import EncodedRow


class RowSource(Protocol):
    """Turns events into rows, on the worker's thread."""

    @property
    def events(self) -> Sized:
        """Events that are not made into rows yet."""
        ...

    @property
    def is_stopped(self) -> bool:
        """Whether it accepts no further events."""
        ...

    def take(self, now: float) -> Sequence[EncodedRow]:
        """Return some of the ready rows; it is called again at once while `due_in` is 0."""
        ...

    def due_in(self, now: float) -> float | None:
        """Return the seconds until the next poll that needs no wake-up; None without one."""

    def forget_open_traces(self, subject: Subject) -> int:
        """Have the subject's open traces give no rows; return how many there are."""
        ...

    def close_ended(self) -> None:
        """Close ended traces that wait for late events, so that `take` returns their rows."""

    def close_all(self) -> None:
        """Close all open traces as the process ends, so that `take` returns their rows."""

    def after_fork(self) -> None:
        """In a forked child: discard the state that belongs to the parent."""


class RowSources:
    """All sources of one worker; each is kept until it is drained and no event can follow."""

    def __init__(
        self, failed: Callable[[Exception], None], owner_deleted: Callable[[], None]
    ) -> None:
        """`failed` is called with the exception of a source that raised.

        `owner_deleted` is called on any thread, also within a garbage collection.
        """
        self._failed = failed
        self._owner_deleted = owner_deleted
        self._had_any = False
        # Each change is atomic, and iteration uses a copy, so attaching needs no lock.
        self._attached: dict[int, tuple[RowSource, weakref.ref[object] | None]] = {}

    def attach(self, source: RowSource, owner: object | None) -> None:
        """Poll this source from now on."""
        reference = None if owner is None else weakref.ref(owner, lambda _: self._owner_deleted())
        self._attached[id(source)] = source, reference
        self._had_any = True

    def __iter__(self) -> Iterator[RowSource]:
        """Iterate over those of now, while others are attached and detached."""
        return iter([source for source, _ in list(self._attached.values())])

    @property
    def are_over(self) -> bool:
        """Whether there were sources, and none is left."""
        return self._had_any and not self._attached

    def take(self, now: float) -> list[EncodedRow]:
        """Return rows that are ready, some from each source."""
        rows: list[EncodedRow] = []
        for source in self:
            try:
                rows += source.take(now)
            except Exception as error:  # noqa: BLE001  # runs the app's redaction; other sources continue
                self._failed(error)
        return rows

    def due_in(self, now: float) -> float:
        """Return the seconds until the first timed poll; infinity without one."""
        waits = [source.due_in(now) for source in self]
        return min((wait for wait in waits if wait is not None), default=float("inf"))

    def unread(self) -> int:
        """Return the number of events that are not read yet."""
        return sum(len(source.events) for source in self)

    def detach_finished(self, now: float) -> None:
        """Detach drained sources that are stopped, or whose owner is deleted."""
        for source, owner in list(self._attached.values()):
            is_over = source.is_stopped or (owner is not None and owner() is None)
            if is_over and not source.events and source.due_in(now) is None:
                self._attached.pop(id(source), None)
