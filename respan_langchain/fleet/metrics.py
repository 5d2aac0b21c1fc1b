"""The numbers of a forwarder and its fleet for Prometheus, and `/healthz` for Kubernetes.

Every forwarder of a fleet reports the same `respan_fleet_...`, and its own `respan_forwarder_...`.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import CounterMetricFamily
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from respan_langchain.fleet.broker import Broker, BrokerError
from respan_langchain.fleet.forwarder import Forwarder
from respan_langchain.fleet.status import FleetStatus, read_status

STATES: Final = ("delivered", "rejected", "unconfirmed", "dropped")


class FleetCollector(Collector):
    """Reads the numbers when Prometheus asks for them."""

    def __init__(self, forwarder: Forwarder, broker: Broker) -> None:
        self._forwarder = forwarder
        self._broker = broker

    def collect(self) -> Iterator[Metric]:
        """Yield the numbers; those of the fleet only while Redis can be reached."""
        yield CounterMetricFamily(
            "respan_forwarder_requests",
            "Bulk requests to the platform, failed ones included.",
            value=self._forwarder.stats.requests,
        )
        try:
            status = read_status(self._broker)
        except BrokerError:
            yield Gauge("respan_fleet_up", "Whether Redis answers.", 0)
            return
        yield Gauge("respan_fleet_up", "Whether Redis answers.", 1)
        yield _rows_by_state(status)
        yield from _gauges(status)


def _rows_by_state(status: FleetStatus) -> CounterMetricFamily:
    rows = CounterMetricFamily("respan_fleet_rows", "Rows by their final state.", labels=["state"])
    for state in STATES:
        rows.add_metric([state], getattr(status.counts, state))
    return rows


def _gauges(status: FleetStatus) -> Iterator[Gauge]:
    unread = status.rows - status.read_rows
    yield Gauge("respan_fleet_unread_rows", "Rows that no forwarder has read.", unread)
    yield Gauge("respan_fleet_read_rows", "Rows that a forwarder holds.", status.read_rows)
    yield Gauge("respan_fleet_vanished_rows", "Rows that Redis lost.", status.vanished)
    yield Gauge("respan_fleet_bytes", "Bytes of rows in Redis.", status.bytes)
    oldest = status.oldest or 0.0
    yield Gauge("respan_fleet_oldest_row_seconds", "Age of the oldest row in Redis.", oldest)
    yield Gauge("respan_fleet_dead_letters", "Rejected rows that are kept.", status.dead)
    wait = status.rate_limit_wait
    yield Gauge("respan_fleet_rate_limit_wait_seconds", "Wait for the next bulk request.", wait)
    alive = sum(each.is_alive for each in status.forwarders)
    yield Gauge("respan_fleet_forwarders", "Forwarders that run.", alive)


@contextmanager
def serve_metrics(forwarder: Forwarder, url: str, host: str, port: int) -> Iterator[int]:
    """Answer `/metrics` and `/healthz` on a thread; yield the port, a free one for 0."""
    broker = Broker(url)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(FleetCollector(forwarder, broker))
    server = make_server(host, port, _application(forwarder, registry), handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, name="respan-metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        broker.close()


def _application(forwarder: Forwarder, registry: CollectorRegistry) -> Callable[..., Any]:
    metrics: Callable[..., Any] = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != "/healthz":
            result: Iterable[bytes] = metrics(environ, start_response)
            return result
        error = forwarder.last_error
        status = "200 OK" if error is None else "503 Service Unavailable"
        start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [(error or "ok").encode()]

    return answer


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Log no request."""
