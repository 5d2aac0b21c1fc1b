"""Builds a handler's components from its configuration.

Imported when the first handler is made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from respan_langchain._foreign_code import get_logger
from respan_langchain.callbacks.build_info import build_info
from respan_langchain.callbacks.config import SECRETS, HandlerConfig
from respan_langchain.delivery.limits import MemoryBudget
from respan_langchain.delivery.row import EncodedRow
from respan_langchain.delivery.status import DeliveryStatus
from respan_langchain.delivery.worker import Worker
from respan_langchain.pipeline.destination import (
    dataset_address,
    get_interrupt_store,
    get_producer,
    get_worker,
    make_unused_worker,
)
from respan_langchain.pipeline.error_counter import ErrorCounter, guard_user_function
from respan_langchain.pipeline.event_processor import EventProcessor
from respan_langchain.pipeline.row_addresses import RowAddresses
from respan_langchain.pipeline.row_builder import RowBuilder
from respan_langchain.pipeline.row_mapping import row_mapping
from respan_langchain.pipeline.run_feedback import RunFeedback
from respan_langchain.pipeline.trace_assembler import TraceAssembler
from respan_langchain.pipeline.trace_selector import TraceSelector
from respan_langchain.redaction.personal_data import KINDS, PERSONAL
from respan_langchain.redaction.personal_search import PersonalDataSearch
from respan_langchain.rows.counting import RunCounter
from respan_langchain.rows.encoder import RowEncoder
from respan_langchain.rows.model_cache import ModelInfoCache
from respan_langchain.rows.model_metadata import model_metadata
from respan_langchain.rows.schema import RowOptions
from respan_langchain.serialization.json_types import Json
from respan_langchain.serialization.json_value import json_value
from respan_langchain.settings.reading import MISSING_KEY
from respan_langchain.tracing.capture_policy import CapturePolicy
from respan_langchain.tracing.interrupt_store import LocalWaitingTraces
from respan_langchain.tracing.run import Run
from respan_langchain.tracing.timeouts import TraceTimeouts
from respan_langchain.tracing.waiting import WaitingTraces
from respan_langchain.usage.cost import Prices, PricesArgument

if TYPE_CHECKING:
    from respan_langchain.fleet.row_states import RowStates

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Components:
    """What a handler is made of."""

    status: DeliveryStatus
    worker: Worker
    processor: EventProcessor
    dataset: str
    """The dataset that rows go to, as `name:...` or `id:...`."""
    states: "RowStates | None"
    """What becomes of rows after Redis had them; None without `via`."""


def build_components(config: HandlerConfig) -> Components:
    """Build and connect a handler's components.

    Raises:
        ConfigurationError: The dataset, the URL, the spool directory or the prices are unusable.
    """
    if config.disabled_reason:
        dataset, worker = "none", make_unused_worker(config.settings)
    else:
        dataset = dataset_address(config.settings)
        worker = get_worker(config.settings, config.http_client)
    timeouts = config.timeouts or _default_timeouts(config)
    hold = 0.0 if config.hold is None else timeouts.feedback
    row_builder = _build_row_builder(config, dataset, hold)
    budget = MemoryBudget(config.settings.max_queue_bytes)
    interrupts = _build_interrupts(config, worker, row_builder, timeouts.interrupted, budget.part)
    assembler = TraceAssembler(
        row_builder,
        timeouts,
        interrupts.waiting,
        interrupts.build_rows,
        _build_feedback(config, row_builder),
        max_open_bytes=budget.part,
    )
    processor = EventProcessor(assembler, worker, budget, copy=config.copy)
    if config.disabled_reason:
        processor.stop()
        if config.settings.enabled:
            logger.warning("respan_langchain: nothing is captured. %s", MISSING_KEY)
    return Components(row_builder.status, worker, processor, dataset, interrupts.states)


class _Interrupts(NamedTuple):
    """Where interrupted traces wait, and what follows from that."""

    waiting: WaitingTraces
    build_rows: Callable[[Sequence[Run]], list[EncodedRow]]
    states: "RowStates | None"


def _build_interrupts(
    config: HandlerConfig, worker: Worker, row_builder: RowBuilder, timeout: float, max_bytes: int
) -> _Interrupts:
    """Let interrupted traces wait in this process, or with `via` in Redis."""
    to_json = partial(json_value, keep_media=config.keep_media)
    via = config.settings.via
    if via is None or config.disabled_reason:
        store = get_interrupt_store(worker, row_builder.dataset, max_bytes)
        waiting = LocalWaitingTraces(store, timeout, to_json)
        return _Interrupts(waiting, row_builder.build_rows, states=None)
    from respan_langchain.pipeline.shared_traces import SharedTraces

    producer = get_producer(worker, via.get_secret_value(), config.settings)
    shared = SharedTraces(row_builder, producer, timeout, to_json)
    return _Interrupts(shared, shared.build_rows, shared.states)


def _build_feedback(config: HandlerConfig, row_builder: RowBuilder) -> RunFeedback:
    return RunFeedback(
        row_builder.encoder,
        row_builder.addresses,
        DeliveryStatus(remembered=0, feedback_on=row_builder.status),
        row_builder.errors,
        content=config.settings.content,
    )


def _build_row_builder(config: HandlerConfig, dataset: str, hold: float) -> RowBuilder:
    options, errors = _build_row_options(config), ErrorCounter()
    map_row, on_row = config.map_row, config.on_row
    consent = config.consent and guard_user_function(
        errors, "consent", config.consent, returns=bool
    )
    policy = CapturePolicy(frozenset(config.capture), config.include, config.exclude, consent)
    counter = RunCounter(
        options,
        _build_prices(config, errors),
        ModelInfoCache(lambda model: model_metadata(model, options)),
    )
    return RowBuilder(
        policy=policy,
        options=options,
        selector=TraceSelector(
            config.all_rules, policy, counter, errors, production_only=config.production_only
        ),
        encoder=_build_encoder(config, errors),
        status=DeliveryStatus(),
        errors=errors,
        dataset=dataset,
        addresses=RowAddresses(dataset),
        hold=hold,
        map_row=map_row and guard_user_function(errors, "map_row", row_mapping(map_row)),
        on_row=None if on_row is None else guard_user_function(errors, "on_row", on_row),
    )


def _build_row_options(config: HandlerConfig) -> RowOptions:
    settings = config.settings
    named = {
        "environment": settings.environment,
        "app_version": settings.app_version,
        "customer_identifier": settings.customer_identifier,
    }
    metadata: dict[str, Json] = {
        str(key): json_value(value)
        for key, value in {
            **build_info(),
            **{key: value for key, value in named.items() if value is not None},
            **(config.metadata or {}),
        }.items()
    }
    return RowOptions(
        content=settings.content,
        input_key=config.input_key,
        output_key=config.output_key,
        trajectory=config.trajectory,
        retrieved_documents=config.retrieved_documents,
        messages=config.messages,
        keep_media=config.keep_media,
        metadata=metadata,
        tags=config.tags,
    )


def _build_prices(config: HandlerConfig, errors: ErrorCounter) -> Prices:
    argument: PricesArgument = config.prices
    if callable(argument):
        argument = guard_user_function(errors, "prices", argument)
    prices = Prices(argument, local_models_free=config.local_models_free)
    if prices.wants_updates and not config.disabled_reason:
        _update_prices_hourly()
    return prices


def _build_encoder(config: HandlerConfig, errors: ErrorCounter) -> RowEncoder:
    redactors = [
        guard_user_function(errors, "redact", redactor, returns=str)
        for redactor in config.redact
        if not isinstance(redactor, str)
    ]
    presets = [preset for preset in config.redact if isinstance(preset, str)]
    key = config.settings.pseudonym_key
    personal = PersonalDataSearch(
        KINDS if PERSONAL in presets else presets,
        pseudonym_key=None if key is None else key.get_secret_value(),
    )
    return RowEncoder(redactors, config.limits, secrets=SECRETS in presets, personal=personal)


def _default_timeouts(config: HandlerConfig) -> TraceTimeouts:
    """Wait for a resume where the process lives on after the call, or Redis keeps the trace."""
    if config.flush == "background" or config.settings.via is not None:
        return TraceTimeouts()
    return TraceTimeouts(interrupted=0.0)


@cache
def _update_prices_hourly() -> object:
    """Start the thread of genai-prices that fetches new price lists."""
    from genai_prices import UpdatePrices

    updates = UpdatePrices()
    updates.start()
    return updates
