"""Which Redis or Valkey the commands for fleets use."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from errno import EIO
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from respan_langchain.errors import ConfigurationError
from respan_langchain.pipeline.destination import MISSING_EXTRA
from respan_langchain.settings.settings import Settings

if TYPE_CHECKING:
    from respan_langchain.fleet.broker import Broker

ViaOption = Annotated[
    str | None,
    typer.Option("--via", metavar="URL", help="Redis or Valkey. [env: RESPAN_VIA]"),
]


def require_via(settings: Settings) -> str:
    """Return the URL of the broker.

    Raises:
        ConfigurationError: It is not set, or the packages for it are not installed.
    """
    if settings.via is None:
        raise ConfigurationError(
            "Name the fleet's Redis or Valkey: pass --via URL, or set RESPAN_VIA."
        )
    if find_spec("redis") is None:
        raise ConfigurationError(MISSING_EXTRA)
    return settings.via.get_secret_value()


@contextmanager
def open_broker(settings: Settings) -> Iterator["Broker"]:
    """Connect to the broker.

    Raises:
        ConfigurationError: As `require_via`.
        OSError: It cannot be reached, or refuses a command.
    """
    url = require_via(settings)
    from respan_langchain.fleet.broker import Broker, BrokerError

    with closing(Broker(url)) as broker:
        try:
            yield broker
        except BrokerError as error:
            host = urlsplit(url).hostname or "Redis"
            raise OSError(EIO, str(error), host) from error
