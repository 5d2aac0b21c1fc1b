"""Which Redis or Valkey the commands for fleets use."""

from importlib.util import find_spec
from typing import Annotated

import typer

from respan_langchain.errors import ConfigurationError
from respan_langchain.pipeline.destination import MISSING_EXTRA
from respan_langchain.settings import Settings

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
        raise ConfigurationError("via (or RESPAN_VIA): name the Redis or Valkey of the fleet")
    if find_spec("redis") is None:
        raise ConfigurationError(MISSING_EXTRA)
    return settings.via.get_secret_value()
