"""Recognizes streams that their reader left, and calls that were cancelled, from their events.

LangChain reports neither as such: a streamed chain that was left ends normally, and fallbacks get
no end at all.
"""

from typing import Any, Final

from respan_langchain.tracing.run import Run

STEP_TAG: Final = "seq:step:"
"""How LangChain tags the steps of a sequence; their number follows."""
TEXT_PARSER: Final = "StrOutputParser"


def was_abandoned(run: Run) -> bool:
    """Whether a run that ends normally is a streamed chain whose reader stopped half-way.

    Its last step is still open: a reader that reads to the end closes the last step first. So does
    a garbage collection that closes the generators from within, but then the step was not read.
    """
    last = run.last_child
    if not run.streamed or last is None:
        return False
    return last.ended is None or _was_closed_unread(last)


def _was_closed_unread(last: Run) -> bool:
    """Whether the last step of a sequence ended before all of its answer was read."""
    number, above = _step_number(last), last.parent
    if number is None or above is None:
        return False
    if last.status == "abandoned":
        return True
    # LangChain reads the model to its end, but does not give the rest to the parser after it.
    model = above.trace.last_output_run
    if last.name != TEXT_PARSER or model is None or model.parent is not above:
        return False
    if _step_number(model) != number - 1:
        return False
    prompts: Any = getattr(above.trace.last_output, "generations", None)
    text = prompts[0][0].text if prompts and prompts[0] else ""
    given = above.outputs or ""
    return isinstance(given, str) and given != text and text.startswith(given)


def _step_number(run: Run) -> int | None:
    found = (tag.removeprefix(STEP_TAG) for tag in run.tags if tag.startswith(STEP_TAG))
    number = next(found, "")
    return int(number) if number.isdigit() else None


def ends_parent(run: Run) -> bool:
    """Whether the run above ends with an ended run, as LangChain does not report.

    Fallbacks that are left at their first chunk get no end; the run that they read from is closed.
    At a later chunk they end before that run.
    """
    is_closed = run.exception is None or run.exception.type == "GeneratorExit"
    above = run.parent
    return (
        run.status == "abandoned"
        and is_closed
        and above is not None
        and above.is_fallbacks
        and above.ended is None
    )


def was_abandoned_within(run: Run) -> bool:
    """Whether an open run is fallbacks whose stream was left, and closed from within.

    A garbage collection closes the generators of a stream in any order. If the step inside a
    sequence is closed first, the sequence ends as if it had been read to its end. The fallbacks
    around it would then end next; when the trace is closed before that, the stream was left.
    """
    last = run.last_child
    if not run.is_fallbacks or last is None or last.ended is None or last.exception is not None:
        return False
    return last.streamed or last.status == "abandoned"


def may_run_on(run: Run) -> bool:
    """Whether an ended run was cancelled, but a synchronous function of it may run on in a thread.

    asyncio cannot stop a thread. If the run below it was cancelled too, it waited for that one.
    """
    if run.kind != "chain" or run.exception is None or run.exception.type != "CancelledError":
        return False
    return run.last_child is None or run.last_child.status != "abandoned"
