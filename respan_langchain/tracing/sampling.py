"""Which runs become rows: by kind, by name or tag or predicate, and by sampling.

Pure decisions over a finished run; nothing is made of a run before it is known to be wanted.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from respan_langchain.tracing.call_settings import conversation_id
from respan_langchain.tracing.run import KeepReason, Run

CaptureKind = Literal["root", "llm", "tool", "retriever", "chain"]
CAPTURE_KINDS: Final[frozenset[CaptureKind]] = frozenset(
    {"root", "llm", "tool", "retriever", "chain"}
)
INTERNAL_CALL_KEY: Final = "lc_internal_call"
"""Where LangChain's middleware marks a model call as its own, for a summary or a selection."""
Selector = str | Callable[[Run], bool]
"""A name, a tag, or a function of a run that says whether it is meant."""


@dataclass(frozen=True, slots=True)
class CapturePolicy:
    """What the owner wants to see captured."""

    capture: frozenset[CaptureKind] = frozenset({"root", "llm"})
    include: tuple[Selector, ...] = ()
    """When there are any, only runs that one of them means."""
    exclude: tuple[Selector, ...] = ()
    sample_rate: float = 1.0
    """The part of conversations that is kept, 0 to 1."""
    keep_errors: bool = True
    """Whether traces that failed are kept whatever the rate."""


def should_capture(run: Run, policy: CapturePolicy) -> bool:
    """Whether a finished run is to become a row, sampling and what its call says aside."""
    if run.hidden or is_internal_call(run) or not _is_captured(run, policy):
        return False
    if policy.include and not any(_matches(selector, run) for selector in policy.include):
        return False
    return not (policy.exclude and any(_matches(selector, run) for selector in policy.exclude))


def is_internal_call(run: Run) -> bool:
    """Whether middleware calls a model for itself: it counts in the sums, and is no row."""
    return run.metadata.get(INTERNAL_CALL_KEY) is not None and not run.is_root


def decide_keep_reason(run: Run, policy: CapturePolicy) -> KeepReason | None:
    """Why this run's trace is kept, if it is; None while that hangs on how its root will end."""
    if policy.sample_rate >= 1.0:
        return "all"
    if _sample_position(run) < policy.sample_rate:
        return "rate"
    if not policy.keep_errors:
        return ""
    root = run.trace.root
    if root.status == "error":
        return "error"
    # The root comes last; one that was interrupted may be resumed, and fail then.
    return "" if run is root else None


def sampling_metadata(run: Run, policy: CapturePolicy) -> Mapping[str, object] | None:
    """What a row says of how it was chosen, so that its weight can be worked out.

    None when all are kept.
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
    """A number in [0, 1) that is the same for a conversation in every process."""
    digest = hashlib.blake2b(
        conversation_id(run).encode("utf-8", "replace"), digest_size=8
    ).digest()
    return int.from_bytes(digest) / 2**64
