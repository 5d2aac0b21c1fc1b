"""How long the run tracker waits for unfinished traces."""

from dataclasses import dataclass

from respan_langchain._arguments import check_count, check_number


@dataclass(frozen=True, slots=True)
class TraceTimeouts:
    """How long unfinished traces stay open, in seconds, and how many of them."""

    late_children: float = 10.0
    """For children that are open when their root has ended, and for threads that a cancelled call
    left running."""
    interrupted: float = 900.0
    """For an interrupted graph to be resumed.

    By default 0 with `flush="root"` or "disk", unless `via` is set.
    """
    feedback: float = 300.0
    """For feedback on a root's row, with `hold="feedback"`; then the row is sent as it is."""
    idle: float = 3600.0
    """For a trace in which nothing happens at all."""
    max_open: int = 100_000
    """Open traces; with more, the one that is idle for longest is closed as incomplete."""

    def __post_init__(self) -> None:
        for name in ("late_children", "interrupted", "feedback", "idle"):
            check_number(name, getattr(self, name), minimum=0)
        check_count("max_open", self.max_open)
