"""Adds what the application set for a run: metadata, tags and its handler's arguments.

These never replace measured values.
"""

from collections.abc import Mapping
from typing import Final

from respan_langchain.rows.schema import RowDraft
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.tracing.call_settings import CallSettings, identifiers
from respan_langchain.tracing.run import Run

INTERNAL_TAGS: Final = ("seq:step:", "graph:step:", "map:key:", "langsmith:", "retry:attempt:")
INTERNAL_METADATA: Final = (
    "ls_", "lc_versions", "lc_hub_", "lc_internal_", "respan", "_", "langgraph_triggers",
    "langgraph_path", "checkpoint_", "thread_id", "revision_id",
)  # fmt: skip
MAX_INTERNAL_KEYS: Final = 1_000
IDENTITY_OF_CALLER: Final = frozenset(
    {"customer_identifier", "thread_identifier", "session_identifier"}
)

_internal_keys: set[str] = set()
"""Metadata keys of LangChain and LangGraph that occurred until now; there are few."""


def add_app_metadata(
    draft: RowDraft, handler_metadata: Mapping[str, Json], tags: tuple[str, ...]
) -> None:
    """Add them to a row's metadata; `handler_metadata` and `tags` are the handler's."""
    run, settings, metadata = draft.run, draft.settings, draft.row["metadata"]
    own = {} if run.metadata.keys() <= _internal_keys else _own(run.metadata)
    named = identifiers(run, settings)
    if own or settings.metadata or named:
        shown = json_value({**own, **settings.metadata, **named})
        for key, value in shown.items() if isinstance(shown, dict) else ():
            if key in IDENTITY_OF_CALLER or key not in metadata:
                metadata[key] = value
    if handler_metadata.keys().isdisjoint(metadata):
        metadata.update(handler_metadata)
    else:
        metadata.update(
            {key: handler_metadata[key] for key in handler_metadata if key not in metadata}
        )
    if shown_tags := get_tags(run, settings, tags):
        metadata["tags"] = list(shown_tags)


def get_tags(run: Run, settings: CallSettings, handler_tags: tuple[str, ...]) -> list[str]:
    """Return the tags that the application gave a run, each once."""
    if not (handler_tags or run.tags or settings.tags):
        return []
    given = dict.fromkeys(map(str, [*handler_tags, *run.tags, *settings.tags]))
    return [tag for tag in given if not tag.startswith(INTERNAL_TAGS)]


def _own(metadata: Mapping[str, object]) -> dict[str, object]:
    """Return what the application itself put into a run's metadata."""
    own = {
        key: value
        for key, value in metadata.items()
        if value is not None and not str(key).startswith(INTERNAL_METADATA)
    }
    if len(_internal_keys) < MAX_INTERNAL_KEYS:
        _internal_keys.update(metadata.keys() - own.keys())
    return own
