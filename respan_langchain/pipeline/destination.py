"""Where rows go: one worker for each platform and key, shared by the handlers that write there."""

import os
from collections.abc import Callable, Hashable
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from respan_langchain.client.urls import is_loopback, normalize_base_url
from respan_langchain.delivery.exit_hooks import WORKERS
from respan_langchain.delivery.limits import UNLIMITED, DeliveryLimits
from respan_langchain.delivery.sender import DeliveryTransport
from respan_langchain.delivery.spool.base import SpoolConfig
from respan_langchain.delivery.spool.directory import check
from respan_langchain.delivery.spool.disk_spool import DiskSpool
from respan_langchain.delivery.worker import Worker
from respan_langchain.embedded.store.store import parse_store_url
from respan_langchain.errors import ConfigurationError
from respan_langchain.pipeline.transport import RespanTransport
from respan_langchain.settings.settings import Settings
from respan_langchain.tracing.interrupt_store import InterruptStore

if TYPE_CHECKING:
    from respan_langchain.fleet.producer import Producer

MISSING_EXTRA: Final = "via needs redis and zstandard: pip install 'respan-langchain[fleet]'"

_interrupt_stores: Final[WeakKeyDictionary[Worker, dict[str, InterruptStore]]] = WeakKeyDictionary()
_producers: Final[WeakKeyDictionary[Worker, "Producer"]] = WeakKeyDictionary()


def dataset_address(settings: Settings) -> str:
    """Return the dataset that rows go to, as `name:...` or `id:...`.

    Raises:
        ConfigurationError: No dataset is named.
    """
    if settings.dataset_id is not None:
        return f"id:{settings.dataset_id}"
    if settings.dataset is None:
        raise ConfigurationError(
            "dataset (or RESPAN_DATASET): name the dataset that rows go to, as in "
            'dataset="support-bot"; or give its id as dataset_id (or RESPAN_DATASET_ID)'
        )
    return f"name:{settings.dataset}"


def get_worker(settings: Settings, http_client: Any = None) -> Worker:
    """Return the worker for this platform, key and limits; made when the first handler needs it."""
    settings = _with_absolute_url(settings)
    open_transport = _transport_opener(settings, http_client)

    def make() -> Worker:
        worker = Worker(
            lambda: open_transport(worker), build_limits(settings), spool_opener(settings)
        )
        return worker

    return WORKERS.get(worker_key(settings, http_client), make)


def _transport_opener(
    settings: Settings, http_client: Any
) -> Callable[[Worker], DeliveryTransport]:
    """Return what opens a worker's connection to the platform, or to the broker of `via`."""
    if settings.via is None:
        return lambda _: RespanTransport(settings, http_client)
    try:
        from respan_langchain.fleet.broker import Broker
        from respan_langchain.fleet.producer import ProducerTransport
    except ImportError as error:
        raise ConfigurationError(MISSING_EXTRA) from error
    url = settings.via.get_secret_value()

    def open_producer(worker: Worker) -> ProducerTransport:
        return ProducerTransport(Broker(url), get_producer(worker, url, settings))

    if settings.via_fallback == "wait":
        return open_producer
    from respan_langchain.fleet.fallback import FallbackLimits, FallbackTransport

    direct = settings.without_via
    limits = FallbackLimits(settings.via_fallback_after, build_limits(direct).requests_per_minute)

    def open_fallback(worker: Worker) -> FallbackTransport:
        platform = RespanTransport(direct, http_client)
        direct_rows = get_producer(worker, url, settings).direct_rows
        return FallbackTransport(open_producer(worker), platform, direct_rows, limits)

    return open_fallback


def make_unused_worker(settings: Settings) -> Worker:
    """Return a worker for a handler that captures nothing: no thread, no exit hook, no file."""
    return Worker(lambda: RespanTransport(settings), build_limits(settings))


def get_interrupt_store(worker: Worker, address: str, max_bytes: int) -> InterruptStore:
    """Return the interrupted traces of a dataset, shared by all handlers that write to it."""
    stores = _interrupt_stores.setdefault(worker, {})
    return stores.setdefault(address, InterruptStore(max_bytes, Lock))


def get_producer(worker: Worker, url: str, settings: Settings) -> "Producer":
    """Return what the handlers of a worker share in the fleet of the broker at this URL."""
    from respan_langchain.fleet.producer import FleetBounds, Producer

    bounds = FleetBounds(settings.max_fleet_rows, settings.max_fleet_bytes)
    return _producers.setdefault(worker, Producer(worker, url, bounds))


def worker_key(settings: Settings, http_client: Any = None) -> Hashable:
    """Return what handlers that share a worker have in common.

    Raises:
        ConfigurationError: The spool directory is there and not private.
    """
    has_fallback = settings.via is not None and settings.sends_directly
    return (
        settings.base_url,
        settings.via,
        settings.api_key if settings.sends_directly else None,
        settings.via_fallback_after if has_fallback else None,
        (settings.max_fleet_rows, settings.max_fleet_bytes),
        build_limits(settings),
        prepare_spool(settings),
        None if http_client is None else id(http_client),
    )


def prepare_spool(settings: Settings) -> SpoolConfig | None:
    """Return where rows go on disk; None for `delivery="memory"`.

    Raises:
        ConfigurationError: The spool directory is there and not private.
    """
    if settings.delivery == "memory":
        return None
    config = SpoolConfig(spool_directory(settings), settings.delivery)
    check(config.directory)
    return config


def spool_opener(settings: Settings) -> Callable[[], DiskSpool] | None:
    """Return what opens the spool of a worker; None for `delivery="memory"`."""
    config = prepare_spool(settings)
    return None if config is None else lambda: DiskSpool(config)


def spool_directory(settings: Settings) -> Path:
    """Return the directory for the rows of one platform and key.

    A process that finds a file there sends it to that platform, with that key.
    """
    address, key = settings.base_url, settings.api_key
    if settings.via is not None:  # the forwarder's key sends rows of all processes
        address, key = settings.via.get_secret_value(), None
    secret = "" if key is None else key.get_secret_value()
    # Too short to find the key by, long enough to tell two keys apart.
    signature = blake2b(f"{address} {secret}".encode(), digest_size=4).hexdigest()
    parent = settings.spool_dir or Path("~/.respan/spool")
    try:
        parent = parent.expanduser()
    except RuntimeError:
        # There is no home directory: nothing can be made here, so rows stay in memory.
        parent = Path(os.devnull)
    return parent / f"{urlsplit(address).hostname or 'local'}-{signature}"


def build_limits(settings: Settings) -> DeliveryLimits:
    """Translate the settings for delivery."""
    if settings.via is not None:
        from respan_langchain.fleet.limits import producer_limits

        return producer_limits(build_limits(settings.without_via))
    local = settings.is_local or is_loopback(urlsplit(settings.base_url).hostname)
    is_limited = "requests_per_minute" in settings.model_fields_set or not local
    return DeliveryLimits(
        max_rows=settings.max_queue_rows,
        max_bytes=settings.max_queue_bytes,
        overflow=settings.overflow,
        batch_rows=settings.batch_rows,
        batch_bytes=settings.batch_bytes,
        max_age=settings.flush_interval,
        request_timeout=settings.request_timeout,
        exit_timeout=settings.exit_timeout,
        delivery_deadline=settings.delivery_deadline,
        requests_per_minute=settings.requests_per_minute if is_limited else UNLIMITED,
        on_unconfirmed=settings.on_unconfirmed,
    )


def _with_absolute_url(settings: Settings) -> Settings:
    """Check the URL when a handler is made, and make the path of a file absolute."""
    if settings.is_local:
        absolute = f"sqlite:///{parse_store_url(settings.base_url)}"
        return settings.model_copy(update={"base_url": absolute})
    normalize_base_url(settings.base_url, allow_http=settings.allow_http)
    return settings
