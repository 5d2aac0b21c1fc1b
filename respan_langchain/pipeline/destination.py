"""Where rows go: a worker for each platform and key, and the carrier that it sends with.

The one place where the delivery room meets the api and local rooms.
"""

from collections.abc import Hashable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from respan_langchain._clock import CLOCK
from respan_langchain._http_result import HttpResult
from respan_langchain.client.urls import is_loopback, normalize_base_url
from respan_langchain.delivery.exit_hooks import worker_for
from respan_langchain.delivery.limits import Limits
from respan_langchain.delivery.spool.config import SpoolConfig
from respan_langchain.delivery.spool.directory import prepare
from respan_langchain.delivery.worker import Worker
from respan_langchain.embedded.store.store import parse_store_url
from respan_langchain.errors import ApiError, ConfigurationError
from respan_langchain.pipeline.interrupt_store import MemoryInterruptStore
from respan_langchain.pipeline.row_lookup import count_stored, read_identity
from respan_langchain.settings import Settings

NOT_FOUND: Final = 404
DRAIN: Final = 0.2
"""Seconds between two looks at the events while there are some; in a burst more."""
DURABLE_DRAIN: Final = 0.02
"""The same where rows are to be on disk within 50 ms."""
UNPACED: Final = 1_000_000
"""Requests a minute for a platform on this machine, which has no limit to respect."""

_interrupt_stores: Final[WeakKeyDictionary[Worker, dict[str, MemoryInterruptStore]]] = (
    WeakKeyDictionary()
)


def dataset_address(settings: Settings) -> str:
    """The dataset that rows go to unless their call says otherwise.

    Raises:
        ConfigurationError: no dataset is named.
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
    """The worker for this platform, key and limits.

    The same one for every handler that asks for the same.
    """
    settings = _with_absolute_url(settings)

    def make() -> Worker:
        return Worker(
            lambda: RespanTransport(settings, http_client),
            build_limits(settings),
            prepare_spool(settings),
        )

    return worker_for(worker_key(settings, http_client), make)


def get_interrupt_store(worker: Worker, address: str, max_queue_bytes: int) -> MemoryInterruptStore:
    """Return the interrupted traces of a dataset, shared by all handlers that write to it."""
    stores = _interrupt_stores.setdefault(worker, {})
    return stores.setdefault(address, MemoryInterruptStore(max_queue_bytes // 2))


def worker_key(settings: Settings, http_client: Any = None) -> Hashable:
    """What handlers that share a worker have in common.

    Raises:
        ConfigurationError: The directory is not fit to hold prompts.
    """
    secret = "" if settings.api_key is None else settings.api_key.get_secret_value()
    signature = blake2b(secret.encode(), digest_size=16).digest()
    client = None if http_client is None else id(http_client)
    return settings.base_url, signature, build_limits(settings), client, prepare_spool(settings)


def prepare_spool(settings: Settings) -> SpoolConfig | None:
    """Where rows lie on disk; None where they do not.

    Raises:
        ConfigurationError: The directory is not fit to hold prompts.
    """
    if settings.delivery == "memory":
        return None
    disk = SpoolConfig(spool_directory(settings), settings.delivery)
    prepare(disk.directory)
    return disk


def spool_directory(settings: Settings) -> Path:
    """The directory for the rows of one platform and key.

    Who finds a file there sends it to that platform, with that key.
    """
    parts = urlsplit(settings.base_url)
    secret = "" if settings.api_key is None else settings.api_key.get_secret_value()
    # Too short to find a key by, long enough to keep the rows of two keys apart.
    signature = blake2b(f"{settings.base_url} {secret}".encode(), digest_size=4).hexdigest()
    above = settings.spool_dir or Path.home() / ".respan" / "spool"
    return above.expanduser() / f"{parts.hostname or 'local'}-{signature}"


def build_limits(settings: Settings) -> Limits:
    """The worker's limits, in its own words."""
    local = settings.is_local or is_loopback(urlsplit(settings.base_url).hostname)
    paced = "requests_per_minute" in settings.model_fields_set or not local
    return Limits(
        max_rows=settings.max_queue_rows,
        max_bytes=settings.max_queue_bytes,
        overflow=settings.overflow,
        batch_rows=settings.batch_rows,
        batch_bytes=settings.batch_bytes,
        max_age=settings.flush_interval,
        drain_interval=DURABLE_DRAIN if settings.delivery == "durable" else DRAIN,
        request_timeout=settings.request_timeout,
        exit_timeout=settings.exit_timeout,
        delivery_deadline=settings.delivery_deadline,
        requests_per_minute=settings.requests_per_minute if paced else UNPACED,
        on_unconfirmed=settings.on_unconfirmed,
    )


def _with_absolute_url(settings: Settings) -> Settings:
    """Find what is wrong with the URL in the constructor call, and not later in the background.

    A relative file is where the app was then, wherever it goes before the first row leaves.
    """
    if settings.is_local:
        place = f"sqlite:///{parse_store_url(settings.base_url)}"
        return settings.model_copy(update={"base_url": place})
    normalize_base_url(settings.base_url, allow_http=settings.allow_http)
    return settings


class RespanTransport:
    """Carries batches to the platform.

    Over the network, or into a file that speaks the same protocol.
    """

    def __init__(self, settings: Settings, http_client: Any = None) -> None:
        from respan_langchain._connect import open_client, open_transport

        self._transport = open_transport(settings, http_client)
        self._client = open_client(settings, http_client, timeout=settings.request_timeout)
        self._ids: dict[str, str] = {}

    def send_bulk(self, dataset: str, body: bytes, timeout: float) -> HttpResult:
        """Make one bulk request, once the dataset is known; again where it is known no more."""
        from respan_langchain.client.log_requests import bulk_request

        deadline = CLOCK.monotonic() + timeout
        may_be_gone = dataset in self._ids
        try:
            dataset_id = self._dataset_id(dataset, deadline)
        except ApiError as problem:
            return _unsent_response(problem)
        result = self._transport.send(bulk_request(dataset_id), deadline, content=body)
        if result.status == NOT_FOUND:
            self._ids.pop(dataset, None)  # its name may have another id by now
            if may_be_gone:
                return self.send_bulk(dataset, body, deadline - CLOCK.monotonic())
        return result

    def look_up(
        self, dataset: str, bodies: Sequence[bytes], since: float, timeout: float
    ) -> Sequence[int] | None:
        """Count how often each row is stored; None when that cannot be learnt."""
        deadline = CLOCK.monotonic() + timeout
        try:
            dataset_id = self._dataset_id(dataset, deadline)
        except ApiError:
            return None
        rows = [read_identity(body) for body in bodies]
        logs = self._client.find_logs(
            dataset_id,
            [row.identifier for row in rows],
            since=since,
            timeout=deadline - CLOCK.monotonic(),
        )
        return None if logs is None else count_stored(rows, logs)

    def close(self) -> None:
        """Give up its connections."""
        self._transport.close()
        self._client.close()

    def _dataset_id(self, dataset: str, deadline: float) -> str:
        kind, _, name = dataset.partition(":")
        if kind == "id":
            return name
        if dataset not in self._ids:
            left = deadline - CLOCK.monotonic()
            self._ids[dataset] = self._client.find_or_create_dataset(name, timeout=left).id
        return self._ids[dataset]


def _unsent_response(problem: ApiError) -> HttpResult:
    """What kept the dataset from being found, as if it had been said of the rows.

    They were surely not sent.
    """
    if problem.status is None:
        return HttpResult(None, error=str(problem), maybe_sent=False)
    headers = {} if problem.retry_after is None else {"retry-after": str(problem.retry_after)}
    return HttpResult(problem.status, body=problem.body.encode(), headers=headers, maybe_sent=False)
