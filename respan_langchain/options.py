"""The arguments that say what is captured and what a row shows: checked here, with the way out.

Settings that also have an environment variable are in `settings.py`; these are Python values.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, get_args

from respan_langchain.errors import ConfigurationError
from respan_langchain.provenance import provenance
from respan_langchain.records.content.content import json_value
from respan_langchain.records.draft import Shape
from respan_langchain.records.encoding.encode import Finisher
from respan_langchain.records.encoding.limits import ContentLimits
from respan_langchain.records.policy import CAPTURE_KINDS, CaptureKind, Policy, Selector
from respan_langchain.records.privacy.privacy import Redactor
from respan_langchain.settings import Settings
from respan_langchain.watch import Watch

Capture = CaptureKind | Iterable[CaptureKind]
Redact = Literal["secrets"] | Redactor | Iterable[Literal["secrets"] | Redactor] | None
Selectors = Selector | Iterable[Selector]
SECRETS: Final = "secrets"
"""The preset: keys, tokens, passwords and private keys of known forms."""


def policy_from(
    settings: Settings,
    capture: Capture,
    include: Selectors,
    exclude: Selectors,
    *,
    keep_errors: bool,
) -> Policy:
    """Check which runs become rows."""
    kinds = frozenset({capture} if isinstance(capture, str) else capture)
    unknown = sorted(str(kind) for kind in kinds - CAPTURE_KINDS)
    if unknown or not kinds:
        wrong = f"{', '.join(unknown)} is not known" if unknown else "nothing is named"
        raise ConfigurationError(
            f"capture: {wrong}; name some of {', '.join(get_args(CaptureKind))}"
        )
    return Policy(
        capture=kinds,
        include=_selectors("include", include),
        exclude=_selectors("exclude", exclude),
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
    tags: Iterable[str],
) -> Shape:
    """Check what a row shows."""
    if messages not in ("auto", "off"):
        raise ConfigurationError(f'messages: give "auto" or "off", not {messages!r}')
    if metadata is not None and not isinstance(metadata, Mapping):
        raise ConfigurationError(f"metadata: give a mapping, not {type(metadata).__name__}")
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
        tags=tuple([tags] if isinstance(tags, str) else tags),
    )


def finisher_from(redact: Redact, limits: ContentLimits | None, watch: Watch) -> Finisher:
    """Check what is taken out of a row's strings, and cut off them, before it goes anywhere."""
    given = (
        ()
        if redact is None
        else (redact,)
        if isinstance(redact, str) or callable(redact)
        else tuple(redact)
    )
    for one in given:
        if one != SECRETS and not callable(one):
            raise ConfigurationError(
                f'redact: give "secrets", a function of a string, or a list of them; not {one!r}'
            )
    redactors = [watch.over("redact", one, gives=str) for one in given if not isinstance(one, str)]
    return Finisher(redactors, limits, secrets=SECRETS in given)


def _selectors(name: str, given: Selectors) -> tuple[Selector, ...]:
    selectors = (given,) if isinstance(given, str) or callable(given) else tuple(given)
    for selector in selectors:
        if not isinstance(selector, str) and not callable(selector):
            raise ConfigurationError(
                f"{name}: give a name, a tag or a function of a run, not {selector!r}"
            )
    return selectors
