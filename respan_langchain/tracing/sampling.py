"""Which runs become rows: by kind, by name, tag or function, and by sampling of traces.

Pure decisions about a finished run, before any part of its row is built.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from respan_langchain.tracing.call_settings import conversation_id
from respan_langchain.tracing.run import KeepReason, Run

CaptureKind = Literal["root", "llm", "tool", "retriever", "chain"]
INTERNAL_CALL_KEY: Final = "lc_internal_call"
"""Metadata key by which LangChain's middleware marks its own model calls, such as summaries."""
Selector = str | Callable[[Run], bool]
"""A name, a tag, or a function that returns whether a run is selected."""


@dataclass(frozen=True, slots=True)
class CapturePolicy:
    """Which runs of one handler become rows."""

    capture: frozenset[CaptureKind]
    include: tuple[Selector, ...]
    """When there are any, only runs that one of them selects."""
    exclude: tuple[Selector, ...]
    sample_rate: float
    """The fraction of conversations that is kept, 0 to 1."""
    keep_errors: bool
    """Whether failed traces are kept whatever the rate."""


def should_capture(run: Run, policy: CapturePolicy) -> bool:
    """Whether a finished run becomes a row, if sampling and the settings of its call allow it."""
    if run.hidden or is_internal_call(run) or not _is_captured(run, policy):
        return False
    if policy.include and not any(_matches(selector, run) for selector in policy.include):
        return False
    return not (policy.exclude and any(_matches(selector, run) for selector in policy.exclude))


def is_internal_call(run: Run) -> bool:
    """Whether it is a model call of middleware, which has no row but counts in the totals."""
    return run.metadata.get(INTERNAL_CALL_KEY) is not None and not run.is_root


def decide_keep_reason(run: Run, policy: CapturePolicy) -> KeepReason | None:
    """Decide whether this run's trace is kept; None while that depends on the end of its root."""
    if policy.sample_rate >= 1.0:
        return "all"
    if _sample_position(run) < policy.sample_rate:
        return "rate"
    if not policy.keep_errors:
        return ""
    root = run.trace.root
    if root.status == "error":
        return "error"
    # The root finishes last. An interrupted root may be resumed, and fail then.
    return "" if run is root else None


def sampling_metadata(run: Run, policy: CapturePolicy) -> Mapping[str, object] | None:
    """Return the sample rate and the reason why a row was kept; None when all rows are kept.

    With them the row's statistical weight can be calculated.
    """
    if policy.sample_rate >= 1.0:
        return None
    return {"rate": policy.sample_rate, "reason": run.trace.keep_reason}


def _is_captured(run: Run, policy: CapturePolicy) -> bool:
    kind = "llm" if run.kind == "chat" else run.kind
    return kind in policy.capture or (run.is_root and "root" in policy.capture)


def _matches(selector: Selector, run: Run) -> bool:
    if isinstance(selector, str):
        return selector == run.name or selector in run.tags
    return bool(selector(run))


def _sample_position(run: Run) -> float:
    """Return a number in [0, 1), the same for a conversation in every process."""
    digest = hashlib.blake2b(
        conversation_id(run).encode("utf-8", "replace"), digest_size=8
    ).digest()
    return int.from_bytes(digest) / 2**64
