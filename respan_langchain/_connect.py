"""Opens clients for a platform on the network or in a SQLite file, as the settings say.

`open_transport` and `open_client` choose between HTTP and the embedded platform.
"""

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from respan_langchain._constants import MAX_DATASET_NAME
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.http.transport import HttpTransport
from respan_langchain.embedded.store import datasets_table
from respan_langchain.embedded.store.errors import ReadOnlyError
from respan_langchain.embedded.store.store import open_store
from respan_langchain.embedded.transport import LocalTransport
from respan_langchain.errors import ConfigurationError
from respan_langchain.settings.settings import Settings

DEFAULT_LOCAL_FILE: Final = "respan.db"
DEFAULT_LOCAL_URL: Final = f"sqlite:///{DEFAULT_LOCAL_FILE}"
EMBEDDED_URL: Final = "http://localhost"
"""The base URL of a platform in a file; nothing is sent to it over the network."""


def open_client(
    settings: Settings, http_client: Any = None, *, timeout: float = 60.0, max_tries: int = 4
) -> DatasetClient:
    """Open a synchronous client; `timeout` is in seconds, for one call with all its tries."""
    arguments = _connection_arguments(settings, http_client)
    return DatasetClient(**arguments, timeout=timeout, max_tries=max_tries)


def open_transport(settings: Settings, http_client: Any = None) -> HttpTransport:
    """Open a transport, which sends single requests and does not retry."""
    return HttpTransport(**_connection_arguments(settings, http_client))


def uses_default_file(settings: Settings) -> bool:
    """Whether neither a URL nor a key is set and `respan.db` is in the current folder."""
    is_unset = "base_url" not in settings.model_fields_set and settings.is_key_missing
    return is_unset and Path(DEFAULT_LOCAL_FILE).exists()


def create_missing_dataset(settings: Settings, name: str) -> None:
    """Create a dataset in a SQLite file unless there is one of this name, in one transaction.

    Workers that start at once would each find none, and each create one. What goes wrong is left to
    the request that looks for the dataset afterwards.
    """
    if not settings.is_local or name != name.strip() or len(name) > MAX_DATASET_NAME:
        return
    with suppress(sqlite3.Error, ReadOnlyError), open_store(settings.base_url).writing() as file:
        datasets_table.find_or_insert(file, name)


def require_database_file(settings: Settings) -> None:
    """Check that a SQLite file exists, since opening it would create it.

    Raises:
        ConfigurationError: There is no such file.
    """
    path = settings.base_url.removeprefix("sqlite:///")
    if settings.is_local and path != ":memory:" and not Path(path).expanduser().exists():
        raise ConfigurationError(f"no file {path}: check base_url, or capture rows with it first")


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
