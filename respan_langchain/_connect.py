"""A client for wherever the settings point: the network, or a file that speaks the same protocol.

The one place where the api room and the local room meet.
"""

from pathlib import Path
from typing import Any, Final

from respan_langchain.client.client import DatasetClient
from respan_langchain.client.http.transport import HttpTransport
from respan_langchain.embedded.store.store import open_store
from respan_langchain.embedded.transport import LocalTransport
from respan_langchain.errors import ConfigurationError
from respan_langchain.settings import Settings

EMBEDDED_URL: Final = "http://localhost"
"""Stands for the platform in a file, in paths and in the links between pages."""


def open_client(
    settings: Settings, http_client: Any = None, *, timeout: float = 60.0
) -> DatasetClient:
    """Open a blocking client."""
    return DatasetClient(**_connection_arguments(settings, http_client), timeout=timeout)


def open_transport(settings: Settings, http_client: Any = None) -> HttpTransport:
    """Open what carries single requests, without tries and without judgement."""
    return HttpTransport(**_connection_arguments(settings, http_client))


def require_database_file(settings: Settings) -> None:
    """Refuse a platform in a file that does not exist: reading would create it.

    Raises:
        ConfigurationError: It is not there.
    """
    path = settings.base_url.removeprefix("sqlite:///")
    if settings.is_local and path != ":memory:" and not Path(path).expanduser().exists():
        raise ConfigurationError(
            f"There is no file {path}. `respan-langchain demo` makes one with rows in it."
        )


def _connection_arguments(settings: Settings, http_client: Any) -> dict[str, Any]:
    if settings.is_local:
        return {
            "base_url": EMBEDDED_URL,
            "transport": LocalTransport(open_store(settings.base_url)),
        }
    return {
        "base_url": settings.base_url,
        "api_key": settings.api_key,
        "http_client": http_client,
        "allow_http": settings.allow_http,
    }
