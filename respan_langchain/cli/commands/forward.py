"""`forward`: send the rows that a fleet has put into Redis to the platform."""

from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.text import Text

from respan_langchain.cli.command import command
from respan_langchain.cli.context import EXIT_OK, CliContext
from respan_langchain.cli.fleet_options import ViaOption, require_via
from respan_langchain.cli.signals import stop_event
from respan_langchain.errors import ConfigurationError
from respan_langchain.settings import MISSING_KEY


@command("forward", examples=["forward --via redis://localhost", "forward --reserve 5"])
def forward(
    ctx: CliContext,
    via: ViaOption = None,
    reserve: Annotated[
        int,
        typer.Option(
            "--reserve", metavar="N", min=0, help="Requests a minute left to other commands."
        ),
    ] = 0,
) -> int:
    """Send rows from Redis to the platform until it is stopped.

    Start several for availability: they share the rows and the rate limit.
    """
    settings = ctx.settings_for(via=via)
    url = require_via(settings)
    from respan_langchain.fleet.forwarder import Forwarder
    from respan_langchain.fleet.limits import forwarder_limits
    from respan_langchain.pipeline.destination import build_limits
    from respan_langchain.pipeline.transport import RespanTransport

    direct = settings.model_copy(update={"via": None})
    if direct.is_key_missing:
        raise ConfigurationError(MISSING_KEY)
    limits = forwarder_limits(build_limits(direct), reserve)
    forwarder = Forwarder(url, lambda: RespanTransport(direct), limits)
    broker = urlsplit(url).hostname or "Redis"
    ctx.note(f"Forwarding from {broker} to {direct.base_url} as {forwarder.consumer}.")
    with stop_event() as stopped:
        forwarder.run(stopped)
    stats = forwarder.stats
    ctx.output(stats, Text(f"Stopped: {stats}"))
    return EXIT_OK
