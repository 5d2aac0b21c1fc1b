"""Recognizes streams that their reader left, and calls that were cancelled, from their events.

LangChain reports neither as such: a streamed chain that was left ends normally, and fallbacks get
no end at all.
"""

from respan_langchain.tracing.run import Run


def was_left(run: Run) -> bool:
    """Whether a run that ends normally is a streamed chain whose reader stopped half-way.

    Its last step is still open. A reader that reads to the end closes the last step first.
    """
    last = run.last_child
    return run.streamed and last is not None and last.ended is None


def takes_parent_along(run: Run) -> bool:
    """Whether the run above ends with an ended run, as LangChain does not report.

    Fallbacks that are left at their first chunk get no end; the run that they read from is closed.
    At a later chunk they end before that run.
    """
    is_closed = run.failure is None or run.failure.type == "GeneratorExit"
    above = run.parent
    return (
        run.status == "abandoned"
        and is_closed
        and above is not None
        and above.is_fallbacks
        and above.ended is None
    )


def was_left_within(run: Run) -> bool:
    """Whether an open run is fallbacks whose stream was left, and closed from within.

    A garbage collection closes the generators of a stream in any order. If the step inside a
    sequence is closed first, the sequence ends as if it had been read to its end. The fallbacks
    around it would then end next; when the trace is closed before that, the stream was left.
    """
    last = run.last_child
    if not run.is_fallbacks or last is None or last.ended is None or last.failure is not None:
        return False
    return last.streamed or last.status == "abandoned"


def may_run_on(run: Run) -> bool:
    """Whether an ended run was cancelled, but a synchronous function of it may run on in a thread.

    asyncio cannot stop a thread. If the run below it was cancelled too, it waited for that one.
    """
    if run.kind != "chain" or run.failure is None or run.failure.type != "CancelledError":
        return False
    return run.last_child is None or run.last_child.status != "abandoned"
