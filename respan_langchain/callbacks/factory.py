"""A handler's parts, put together from its arguments: checked first, then connected.

Imported when the first handler is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from respan_langchain._error_counter import Faults, Watch
from respan_langchain.callbacks.config import checked, finisher_from, policy_from, shape_from
from respan_langchain.delivery.status import Ledger
from respan_langchain.delivery.worker import Worker
from respan_langchain.errors import ConfigurationError
from respan_langchain.pipeline.destination import address_of, worker_of
from respan_langchain.pipeline.event_queue import Recorder
from respan_langchain.pipeline.row_builder import Shaper
from respan_langchain.rows.identity import shown_facts
from respan_langchain.rows.model_cache import KnownModels
from respan_langchain.settings import Settings, read_settings
from respan_langchain.tracing.timeouts import Patience
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
class Parts:
    """What a handler is made of."""

    settings: Settings
    address: str
    ledger: Ledger
    worker: Worker
    recorder: Recorder


def assembled(arguments: Mapping[str, Any]) -> Parts:
    """Make a handler's parts of its constructor's arguments.

    Raises:
        ConfigurationError: One of them, or of the variables that stand in for them, is wrong.
    """
    arguments = checked(arguments)
    settings = read_settings(
        **{name: arguments[name] for name in SETTINGS}, **arguments["settings"]
    )
    ledger, faults = Ledger(), Faults()
    watch = Watch(faults)
    prices = Prices(
        _watched("prices", arguments, watch), local_models_free=arguments["local_models_free"]
    )
    if prices.wants_updates:
        _keep_prices_new()
    shape = shape_from(settings, **{name: arguments[name] for name in SHAPE})
    shaper = Shaper(
        policy=policy_from(settings, **{name: arguments[name] for name in POLICY}),
        shape=shape,
        prices=prices,
        finisher=finisher_from(arguments["redact"], arguments["limits"], watch),
        ledger=ledger,
        address=address_of(settings),
        models=KnownModels(lambda facts: shown_facts(facts, shape)),
        listener=_watched("listener", arguments, watch),
    )
    if arguments["flush"] == "disk" and settings.delivery != "durable":
        raise ConfigurationError('flush="disk" needs delivery="durable" (RESPAN_DELIVERY)')
    worker = worker_of(settings, arguments["http_client"])
    recorder = Recorder(
        shaper,
        worker,
        arguments["patience"] or _patience(arguments["flush"]),
        max_waiting_bytes=settings.max_queue_bytes,
        faults=faults,
    )
    return Parts(settings, shaper.address, ledger, worker, recorder)


def _watched(name: str, arguments: Mapping[str, Any], watch: Watch) -> Any:
    given = arguments[name]
    return watch.over(name, given) if callable(given) else given


def _patience(flush: str) -> Patience:
    """Who delivers before the call returns does not expect to be there when a graph goes on."""
    return Patience() if flush == "background" else Patience(interrupted=0.0)


@cache
def _keep_prices_new() -> object:
    """Fetch new price lists every hour, on a thread of genai-prices, as it was asked for."""
    from genai_prices import UpdatePrices

    updates = UpdatePrices()
    updates.start()
    return updates
