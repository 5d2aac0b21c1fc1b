"""Caches what start events tell about models, which most of them repeat.

An app calls few different models, with the same parameters and tools.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import eq
from typing import Any, Final, TypeAlias

from respan_langchain._foreign_code import safe_call
from respan_langchain.serialization.json_value import Json, json_value
from respan_langchain.tracing.events import ModelRequest
from respan_langchain.usage.model_info import METADATA_KEYS, ModelInfo, parse_request

MAX_MODELS: Final = 256
MAX_REQUESTS_PER_MODEL: Final = 8
"""Cached requests of one model; an app may change a parameter with each call."""


@dataclass(frozen=True, slots=True)
class CachedModel:
    """What a start event contains about its model."""

    model: ModelInfo
    shown: Mapping[str, Json]
    """The model as the metadata of a row shows it."""


CachedRequest: TypeAlias = tuple[list[object], CachedModel]
"""A request to a model as JSON, which the app cannot change afterwards, and its model."""


class ModelInfoCache:
    """Reads the model of each different request once."""

    def __init__(self, shown: Callable[[ModelInfo], Mapping[str, Json]]) -> None:
        """`shown` returns a model as a row's metadata."""
        self._shown = shown
        self._requests: dict[tuple[object, object], list[CachedRequest]] = {}

    def read(self, request: ModelRequest, metadata: Mapping[str, Any]) -> CachedModel:
        """Return what a start event tells about its model."""
        key = [*request, *map(metadata.get, METADATA_KEYS)]
        provider, name = key[3], key[4]
        if not (_is_text(provider) and _is_text(name)):
            return self._known(request, metadata)
        requests = self._requests.get((provider, name))
        if requests is None:
            requests = self._begin((provider, name))
        for known, model in requests:
            # A request contains the app's objects, whose `==` may raise.
            if safe_call(eq, known, key) is True:
                return model
        if len(requests) < MAX_REQUESTS_PER_MODEL:
            self._remember(key, requests)
        return self._known(request, metadata)

    def _known(self, request: ModelRequest, metadata: Mapping[str, Any]) -> CachedModel:
        model = parse_request(
            request.serialized, metadata, request.invocation_params, request.options
        )
        return CachedModel(model, self._shown(model))

    def _begin(self, model: tuple[object, object]) -> list[CachedRequest]:
        if len(self._requests) >= MAX_MODELS:
            self._requests.clear()
        return self._requests.setdefault(model, [])

    def _remember(self, key: list[object], requests: list[CachedRequest]) -> None:
        # Only JSON is cached: other values, such as classes for schemas, may be equal and differ.
        kept: Any = json_value(key, keep_media=True)
        if safe_call(eq, kept, key) is True:
            # Read from the copy, so that no object of the app's is kept alive.
            metadata = dict(zip(METADATA_KEYS, kept[3:], strict=True))
            requests.append((kept, self._known(ModelRequest(*kept[:3]), metadata)))


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)
