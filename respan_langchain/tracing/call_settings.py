"""The settings of a single call, in LangChain's `config`, and its identifiers.

`metadata["respan"]` is this package's key, `metadata["respan_params"]` that of Respan's own SDK;
both are taken out of the row. LangChain passes metadata down, so the settings of a chain hold for
every run under it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import eq
from typing import Any, Final
from uuid import UUID

from respan_langchain._foreign_code import safe_call
from respan_langchain.tracing.run import Run

RESPAN_KEY: Final = "respan"
RESPAN_PARAMS_KEY: Final = "respan_params"
MAX_IDENTIFIER: Final = 254
"""Characters of an identifier that the platform keeps."""

IDENTIFIERS: Final[Mapping[str, tuple[str, ...]]] = {
    "thread_identifier": ("thread_identifier", "thread_id", "conversation_id"),
    "session_identifier": ("session_identifier", "session_id"),
    "customer_identifier": ("customer_identifier", "user_id", "customer_id"),
    "group_identifier": ("group_identifier",),
    "evaluation_identifier": ("evaluation_identifier",),
}
"""The platform's names, and what applications call the same thing."""


@dataclass(frozen=True, slots=True)
class CallSettings:
    """The settings of one call."""

    capture: bool = True
    dataset: str | None = None
    """A dataset's name or id, in place of the handler's."""
    expected_output: object = None
    custom_identifier: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)
    identifiers: Mapping[str, object] = field(default_factory=dict)


NO_CALL_SETTINGS: Final = CallSettings()
IDENTIFIER_KEYS: Final = frozenset(name for names in IDENTIFIERS.values() for name in names)


_NO_IDENTIFIERS: Final[Mapping[str, Any]] = {}


def get_identifiers(configurable: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the identifiers in a `RunnableConfig`'s `configurable`; None without a `configurable`.

    LangGraph's own entries in it refer to the graph's loop and its state. Called on the app's
    thread at each start below a root, where it is mostly empty.
    """
    if configurable is None:
        return None
    if not configurable:
        return _NO_IDENTIFIERS
    return {key: configurable[key] for key in IDENTIFIER_KEYS if key in configurable}


def call_settings(run: Run) -> CallSettings:
    """Read the settings of this run's call; values of a wrong type are ignored."""
    vendors, ours = run.metadata.get(RESPAN_PARAMS_KEY), run.metadata.get(RESPAN_KEY)
    if vendors is None and ours is None:
        return NO_CALL_SETTINGS
    vendors, ours = _mapping(vendors), _mapping(ours)
    given = {**vendors, **ours}
    # A setting for one row belongs to the uppermost run that has it, not to those that inherit it.
    own = {} if _inherited(run) else given
    dataset, identifier = given.get("dataset"), own.get("custom_identifier")
    tags = given.get("tags")
    return CallSettings(
        capture=given.get("capture") is not False,
        dataset=dataset if isinstance(dataset, str) and dataset else None,
        expected_output=own.get("expected_output"),
        custom_identifier=None if identifier is None else str(identifier),
        tags=tuple(str(tag) for tag in tags) if isinstance(tags, list | tuple | set) else (),
        metadata={**_mapping(vendors.get("metadata")), **_mapping(ours.get("metadata"))},
        identifiers={key: given[key] for key in IDENTIFIERS if key in given},
    )


def identifiers(run: Run, call: CallSettings) -> dict[str, str]:
    """Return the user, the thread and the other identifiers of a run.

    They come from the call's settings, from `metadata`, or from `configurable`.
    """
    trace = run.trace
    places = (run.metadata, trace.root.metadata, trace.configurable or {})
    found: dict[str, str] = {}
    if not call.identifiers and all(map(IDENTIFIER_KEYS.isdisjoint, places)):
        return found
    for key, names in IDENTIFIERS.items():
        given = [call.identifiers.get(key)]
        given += [place.get(name) for place in places for name in names]
        # LangGraph's server sets an empty `user_id` where it knows none.
        value = next((value for value in given if value is not None and value != ""), None)
        if isinstance(value, str | int | UUID):
            found[key] = str(value)[:MAX_IDENTIFIER]
    return found


def conversation_id(run: Run) -> str:
    """Return the id that sampling goes by: the thread's if the call names one, else the trace's."""
    named = identifiers(run, call_settings(run))
    return named.get("thread_identifier") or named.get("session_identifier") or run.trace.id.hex


def _inherited(run: Run) -> bool:
    # LangGraph passes down an equal dict, not the same one, and `==` may run the app's code.
    above = run.parent
    return above is not None and all(
        safe_call(eq, run.metadata.get(key), above.metadata.get(key)) is True
        for key in (RESPAN_KEY, RESPAN_PARAMS_KEY)
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
