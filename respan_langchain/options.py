"""What is captured and what a row shows: made of arguments that `arguments.py` has looked over."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from respan_langchain.arguments import SECRETS
from respan_langchain.provenance import provenance
from respan_langchain.records.content.content import json_value
from respan_langchain.records.draft import Shape
from respan_langchain.records.encoding.encode import Finisher
from respan_langchain.records.encoding.limits import ContentLimits
from respan_langchain.records.policy import CaptureKind, Policy, Selector
from respan_langchain.records.privacy.privacy import Redactor
from respan_langchain.settings import Settings
from respan_langchain.watch import Watch

Capture = CaptureKind | Iterable[CaptureKind]
Redact = Literal["secrets"] | Redactor | Iterable[Literal["secrets"] | Redactor] | None
Selectors = Selector | Iterable[Selector] | None


def policy_from(
    settings: Settings,
    *,
    capture: Iterable[CaptureKind],
    include: tuple[Selector, ...],
    exclude: tuple[Selector, ...],
    keep_errors: bool,
) -> Policy:
    """Which runs become rows."""
    return Policy(
        capture=frozenset(capture),
        include=include,
        exclude=exclude,
        sample_rate=settings.sample_rate,
        keep_errors=keep_errors,
    )


def shape_from(
    settings: Settings,
    *,
    input_key: str | None,
    output_key: str | None,
    trajectory: bool,
    retrieved_documents: bool,
    messages: Literal["auto", "off"],
    keep_media: bool,
    metadata: Mapping[str, Any] | None,
    tags: tuple[str, ...],
) -> Shape:
    """What a row shows."""
    said: dict[str, object] = {
        name: value
        for name in ("environment", "app_version", "customer_identifier")
        if (value := getattr(settings, name)) is not None
    }
    return Shape(
        content=settings.content,
        input_key=input_key,
        output_key=output_key,
        trajectory=trajectory,
        retrieved_documents=retrieved_documents,
        messages=messages,
        keep_media=keep_media,
        metadata={
            str(key): json_value(value)
            for key, value in {**provenance(), **said, **(metadata or {})}.items()
        },
        tags=tags,
    )


def finisher_from(
    redact: Sequence[Literal["secrets"] | Redactor], limits: ContentLimits | None, watch: Watch
) -> Finisher:
    """What is taken out of a row's strings, and cut off them, before it goes anywhere."""
    redactors = [watch.over("redact", one, gives=str) for one in redact if not isinstance(one, str)]
    return Finisher(redactors, limits, secrets=SECRETS in redact)
