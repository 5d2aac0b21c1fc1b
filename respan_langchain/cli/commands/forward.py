"""`forward`: send the rows that a fleet has put into Redis to the platform."""

from contextlib import ExitStack
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from respan_langchain._display import format_count
from respan_langchain.cli.command import command
from respan_langchain.cli.fleet_options import ViaOption, require_via
from respan_langchain.cli.formatting import pluralize
from respan_langchain.cli.options import number_option
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.signals import stop_event
from respan_langchain.errors import ConfigurationError
from respan_langchain.settings.reading import MISSING_KEY
from respan_langchain.stats import Stats

MISSING_METRICS: Final = (
    "--metrics-port needs prometheus-client: pip install 'respan-langchain[fleet]'"
)


@command(
    "forward",
    examples=["forward --via redis://localhost", "forward --reserve 5 --metrics-port 9464"],
)
def forward(
    ctx: CliContext,
    via: ViaOption = None,
    reserve: Annotated[
        int, number_option("Requests a minute left to other commands.", least=0)
    ] = 0,
    metrics_port: Annotated[
        int | None,
        number_option(
            "Serve /metrics (Prometheus) and /healthz.", least=0, most=65535, metavar="PORT"
        ),
    ] = None,
    metrics_host: Annotated[
        str, typer.Option(metavar="HOST", help="Address of that port.")
    ] = "127.0.0.1",
) -> None:
    """Send rows from Redis to the platform until it is stopped.

    Start several for availability: they share the rows and the rate limit.
    """
    settings = ctx.settings_without_key(via=via)
    url = require_via(settings)
    from respan_langchain.fleet.forwarder import Forwarder
    from respan_langchain.fleet.limits import forwarder_limits
    from respan_langchain.pipeline.destination import build_limits
    from respan_langchain.pipeline.transport import RespanTransport

    direct = settings.without_via
    if direct.is_key_missing:
        raise ConfigurationError(MISSING_KEY)
    limits = forwarder_limits(build_limits(direct), reserve)
    forwarder = Forwarder(url, lambda: RespanTransport(direct), limits)
    broker = urlsplit(url).hostname or "Redis"
    ctx.note(f"Forwarding from {broker} to {direct.base_url} as {forwarder.consumer}.")
    with ExitStack() as stack:
        stopped = stack.enter_context(stop_event())
        if metrics_port is not None:
            try:
                from respan_langchain.fleet.metrics import serve_metrics
            except ImportError as error:
                raise ConfigurationError(MISSING_METRICS) from error
            served = serve_metrics(forwarder, url, metrics_host, metrics_port)
            ctx.note(f"Metrics on port {stack.enter_context(served)}.")
        forwarder.run(stopped)
        stats = forwarder.stats
        ctx.output(stats, _describe_end(stats))
        ctx.interruption = (
            f"Interrupted after {format_count(stats.delivered)} rows. "
            f"Others stay in {broker}; run the same command again to send them."
        )


def _describe_end(stats: Stats) -> str:
    delivered = pluralize(stats.delivered, "row")
    requests = pluralize(stats.requests, "request")
    failed = stats.rejected + stats.unconfirmed + stats.total_dropped
    others = f", {format_count(failed)} could not be delivered" if failed else ""
    return f"Delivered {delivered} with {requests}{others}."
