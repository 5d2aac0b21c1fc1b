"""A client for wherever the settings point: the network, or a file that speaks the same protocol.

The one place where the api room and the local room meet.
"""

from typing import Any, Final

from respan_langchain.api.client import DatasetClient
from respan_langchain.api.wire.exchange import Exchange
from respan_langchain.local.tables.store import store_at
from respan_langchain.local.transport import LocalTransport
from respan_langchain.settings import Settings

INSIDE: Final = "http://localhost"
"""Stands for the platform in a file, in paths and in the links between pages."""


def client_of(
    settings: Settings, http_client: Any = None, *, timeout: float = 60.0
) -> DatasetClient:
    """Open a blocking client."""
    return DatasetClient(**_terms(settings, http_client), timeout=timeout)


def exchange_of(settings: Settings, http_client: Any = None) -> Exchange:
    """Open what carries single requests, without tries and without judgement."""
    return Exchange(**_terms(settings, http_client))


def _terms(settings: Settings, http_client: Any) -> dict[str, Any]:
    if settings.is_local:
        return {"base_url": INSIDE, "transport": LocalTransport(store_at(settings.base_url))}
    return {
        "base_url": settings.base_url,
        "api_key": settings.api_key,
        "http_client": http_client,
        "allow_http": settings.allow_http,
    }
