"""Which runs become rows: by the consent for their trace, by kind, and by name, tag or function.

Pure decisions about a finished run, before any part of its row is built.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from respan_langchain._foreign_code import safe_call
from respan_langchain.tracing.run import Run, Trace

CaptureKind = Literal["root", "llm", "tool", "retriever", "chain"]
INTERNAL_CALL_KEY: Final = "lc_internal_call"
"""Metadata key by which LangChain's middleware marks its own model calls, such as summaries."""
Selector = str | Callable[[Run], bool]
"""A name, a tag, or a function that returns whether a run is selected."""
Consent = Callable[[Run], bool]
"""A function of a root run that returns whether its trace may be captured."""


@dataclass(frozen=True, slots=True)
class CapturePolicy:
    """Which runs of one handler become rows."""

    capture: frozenset[CaptureKind]
    include: tuple[Selector, ...]
    """When there are any, only runs that one of them selects."""
    exclude: tuple[Selector, ...]
    consent: Consent | None = None


def has_consent(trace: Trace, policy: CapturePolicy) -> bool:
    """Whether a trace may be captured; asked once for a trace, and only True means yes."""
    if policy.consent is None:
        return True
    if trace.has_consent is None:
        trace.has_consent = safe_call(policy.consent, trace.root) is True
    return trace.has_consent


def should_capture(run: Run, policy: CapturePolicy) -> bool:
    """Whether a finished run becomes a row, if the settings of its call allow it."""
    if run.hidden or is_internal_call(run) or not _is_captured(run, policy):
        return False
    if policy.include and not any(_matches(selector, run) for selector in policy.include):
        return False
    return not (policy.exclude and any(_matches(selector, run) for selector in policy.exclude))


def is_internal_call(run: Run) -> bool:
    """Whether it is a model call of middleware, which has no row but counts in the totals."""
    return run.metadata.get(INTERNAL_CALL_KEY) is not None and not run.is_root


def _is_captured(run: Run, policy: CapturePolicy) -> bool:
    kind = "llm" if run.kind == "chat" else run.kind
    return kind in policy.capture or (run.is_root and "root" in policy.capture)


def _matches(selector: Selector, run: Run) -> bool:
    if isinstance(selector, str):
        return selector == run.name or selector in run.tags
    return bool(selector(run))
