"""A handler's parts, put together from its arguments: checked first, then connected.

Imported when the first handler is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from respan_langchain._error_counter import ErrorCounter, UserFunctionGuard
from respan_langchain.callbacks.config import (
    build_encoder,
    build_policy,
    build_row_options,
    validate_arguments,
)
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.delivery.worker import Worker
from respan_langchain.errors import ConfigurationError
from respan_langchain.pipeline.destination import dataset_address, get_worker
from respan_langchain.pipeline.event_processor import EventProcessor
from respan_langchain.pipeline.row_builder import RowBuilder
from respan_langchain.rows.identity import model_metadata
from respan_langchain.rows.model_cache import ModelInfoCache
from respan_langchain.settings import Settings, read_settings
from respan_langchain.tracing.timeouts import TraceTimeouts
from respan_langchain.usage.cost import Prices

SETTINGS = ("dataset", "dataset_id", "api_key", "base_url", "sample_rate", "content")
"""Arguments of the handler that `Settings` reads."""
POLICY = ("capture", "include", "exclude", "keep_errors")
SHAPE = (
    "input_key",
    "output_key",
    "messages",
    "trajectory",
    "retrieved_documents",
    "keep_media",
    "metadata",
    "tags",
)


@dataclass(frozen=True, slots=True)
class Components:
    """What a handler is made of."""

    settings: Settings
    address: str
    ledger: DeliveryStatus
    worker: Worker
    processor: EventProcessor


def build_components(arguments: Mapping[str, Any]) -> Components:
    """Make a handler's parts of its constructor's arguments.

    Raises:
        ConfigurationError: One of them, or of the variables that stand in for them, is wrong.
    """
    arguments = validate_arguments(arguments)
    settings = read_settings(
        **{name: arguments[name] for name in SETTINGS}, **arguments["settings"]
    )
    ledger, errors = DeliveryStatus(), ErrorCounter()
    guard = UserFunctionGuard(errors)
    prices = Prices(
        _watched("prices", arguments, guard), local_models_free=arguments["local_models_free"]
    )
    if prices.wants_updates:
        _keep_prices_new()
    shape = build_row_options(settings, **{name: arguments[name] for name in SHAPE})
    row_builder = RowBuilder(
        policy=build_policy(settings, **{name: arguments[name] for name in POLICY}),
        shape=shape,
        prices=prices,
        finisher=build_encoder(arguments["redact"], arguments["limits"], guard),
        ledger=ledger,
        address=dataset_address(settings),
        models=ModelInfoCache(lambda facts: model_metadata(facts, shape)),
        on_row=_watched("on_row", arguments, guard),
    )
    if arguments["flush"] == "disk" and settings.delivery != "durable":
        raise ConfigurationError('flush="disk" needs delivery="durable" (RESPAN_DELIVERY)')
    worker = get_worker(settings, arguments["http_client"])
    processor = EventProcessor(
        row_builder,
        worker,
        arguments["timeouts"] or _default_timeouts(arguments["flush"]),
        errors,
        max_queue_bytes=settings.max_queue_bytes,
        copy=arguments["copy"],
    )
    return Components(settings, row_builder.address, ledger, worker, processor)


def _watched(name: str, arguments: Mapping[str, Any], guard: UserFunctionGuard) -> Any:
    given = arguments[name]
    return guard.guard(name, given) if callable(given) else given


def _default_timeouts(flush: str) -> TraceTimeouts:
    """Who delivers before the call returns does not expect to be there when a graph goes on."""
    return TraceTimeouts() if flush == "background" else TraceTimeouts(interrupted=0.0)


@cache
def _keep_prices_new() -> object:
    """Fetch new price lists every hour, on a thread of genai-prices, as it was asked for."""
    from genai_prices import UpdatePrices

    updates = UpdatePrices()
    updates.start()
    return updates
