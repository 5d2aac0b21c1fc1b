"""Models that were asked before: what their start events say is read once, not at every call.

An app asks the same few models, with the same parameters and tools, again and again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq
from typing import Any, Final

from respan_langchain._safe_call import safe_call
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.tracing.events import ModelRequest
from respan_langchain.usage.model_info import METADATA_KEYS, ModelInfo, parse_request

MAX_MODELS: Final = 256
MAX_REQUESTS_PER_MODEL: Final = 8
"""Ways of asking one model that are remembered; an app may give each call a number of its own."""


@dataclass(frozen=True, slots=True)
class CachedModel:
    """What a start event says of its model."""

    facts: ModelInfo
    shown: Mapping[str, Json]
    """The same as the metadata of its rows has it."""


@dataclass(frozen=True, slots=True)
class _CachedRequest:
    """One way in which a model was asked."""

    said: list[object]
    """As JSON, so that nobody changes it afterwards."""
    model: CachedModel


class ModelInfoCache:
    """Reads start events, each kind of them once."""

    def __init__(self, shown: Callable[[ModelInfo], Mapping[str, Json]]) -> None:
        """`shown` says what rows tell of the facts."""
        self._shown = shown
        self._ways: dict[tuple[object, object], list[_CachedRequest]] = {}

    def read(self, asked: ModelRequest, metadata: Mapping[str, Any]) -> CachedModel:
        """What this start event says of its model."""
        said = [*asked, *map(metadata.get, METADATA_KEYS)]
        provider, name = said[3], said[4]
        if not isinstance(provider, str | None) or not isinstance(name, str | None):
            return self._known(asked, metadata)
        ways = self._ways.get((provider, name))
        if ways is None:
            ways = self._begin(provider, name)
        for way in ways:
            # What stands in there is the app's own; its `==` may do anything.
            if safe_call(eq, way.said, said) is True:
                return way.model
        if len(ways) < MAX_REQUESTS_PER_MODEL:
            self._remember(said, ways)
        return self._known(asked, metadata)

    def _known(self, request: ModelRequest, metadata: Mapping[str, Any]) -> CachedModel:
        facts = parse_request(
            request.serialized, metadata, request.invocation_params, request.options
        )
        return CachedModel(facts, self._shown(facts))

    def _begin(self, provider: str | None, name: str | None) -> list[_CachedRequest]:
        if len(self._ways) >= MAX_MODELS:
            self._ways.clear()
        return self._ways.setdefault((provider, name), [])

    def _remember(self, said: list[object], ways: list[_CachedRequest]) -> None:
        # What is no JSON, such as a class that stands for a schema, may look the same and not be.
        kept: Any = json_value(said, keep_media=True)
        if safe_call(eq, kept, said) is True:
            # Read from the copy, so that nothing of the app's is kept alive.
            metadata = dict(zip(METADATA_KEYS, kept[3:], strict=True))
            ways.append(_CachedRequest(kept, self._known(ModelRequest(*kept[:3]), metadata)))
