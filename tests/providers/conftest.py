"""The provider's own packages against a provider on the loopback.

They come with the extra `test-providers`; without it nothing here is collected.
"""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from providers.server import Server

if find_spec("langchain_openai") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    running = Server()
    yield running
    running.close()
