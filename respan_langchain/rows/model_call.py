"""What is known of one model call; each part is read when it is first needed.

Rules look at many calls that become no rows, and most rules need neither the model nor the price.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from respan_langchain.rows.model_cache import CachedModel, ModelInfoCache
from respan_langchain.serialization.json_types import Json
from respan_langchain.tracing.events import EMPTY_MODEL_REQUEST
from respan_langchain.tracing.run import Run
from respan_langchain.usage.cost import Cost, Exchange, Prices
from respan_langchain.usage.finish import is_refused, read_finish_reason
from respan_langchain.usage.model_info import (
    ModelInfo,
    get_message,
    get_reported_fields,
    parse_response,
)
from respan_langchain.usage.usage import Usage
from respan_langchain.usage.usage_sources import extract_usage

Value = TypeVar("Value")


class LazyProperty(Generic[Value]):
    """A property that is read once: `functools.cached_property` as it is since Python 3.12.

    Python 3.11 takes a lock at each first reading, which costs more than some of these values.
    """

    def __init__(self, read: Callable[[Any], Value]) -> None:
        self._read = read
        self.__doc__ = read.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> Value:
        # Python finds the value in `__dict__` from now on, before it looks for this property.
        value = instance.__dict__[self._name] = self._read(instance)
        return value


class ModelCall:
    """Model, tokens and cost of one model call, as long as its run has its content."""

    def __init__(self, run: Run, prices: Prices, models: ModelInfoCache, epoch: float) -> None:
        """`epoch` is the wall time at which the monotonic clock read zero."""
        self._run = run
        self._prices = prices
        self._models = models
        self._epoch = epoch

    @LazyProperty
    def answer(self) -> object:
        """The message of its first candidate; None for text models."""
        return get_message(self._run.outputs)

    @LazyProperty
    def usage(self) -> Usage | None:
        """What it used; None when that was not reported."""
        return extract_usage(self._run.outputs, self._run.stream_usage)

    @LazyProperty
    def model(self) -> ModelInfo:
        """Which model was called, and how it answered."""
        return parse_response(self._request.model, self.answer, self._reported)

    @property
    def finish_reason(self) -> str | None:
        """Why its answer ended, in the provider's words."""
        return read_finish_reason(self._reported)

    @property
    def refused(self) -> bool:
        """Whether the model or its provider declined to answer."""
        return is_refused(self.answer, self._reported, self.finish_reason)

    @property
    def shown(self) -> Mapping[str, Json]:
        """The requested model as the metadata of a row shows it."""
        return self._request.shown

    @LazyProperty
    def cost(self) -> Cost:
        """What it cost."""
        run = self._run
        # Some prices depend on the hour; a call that never ended is priced as of its start.
        end = run.started if run.ended is None else run.ended
        at = datetime.fromtimestamp(self._epoch + end, UTC)
        exchange = Exchange(self._reported, run.inputs, self.answer)
        return self._prices.calculate(self.usage, self.model, exchange, at)

    @property
    def message_id(self) -> str | None:
        """The id of its answer, as LangChain or LangGraph gave it."""
        found = getattr(self.answer, "id", None)
        return found if isinstance(found, str) else None

    @LazyProperty
    def _request(self) -> CachedModel:
        run = self._run
        return self._models.read(run.model_request or EMPTY_MODEL_REQUEST, run.metadata)

    @LazyProperty
    def _reported(self) -> Mapping[str, object]:
        return get_reported_fields(self._run.outputs)
