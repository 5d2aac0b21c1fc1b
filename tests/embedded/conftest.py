"""A platform to talk to: a store in memory, asked by values or through httpx."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from respan_langchain.embedded.access import AccessPolicy
from respan_langchain.embedded.http import Request
from respan_langchain.embedded.routes import respond
from respan_langchain.embedded.store.store import Store
from respan_langchain.embedded.transport import LocalTransport


@dataclass
class Platform:
    """Asks the platform by values, and reads its JSON."""

    store: Store
    policy: AccessPolicy = field(default_factory=AccessPolicy)

    def ask(self, method: str, target: str, body: Any = None, **headers: str) -> "PlatformResponse":
        path, _, query = target.partition("?")
        encoded = body if isinstance(body, bytes) else _encoded(body)
        request = Request(method, f"/api{path}", query, headers, encoded)
        response = respond(request, self.store, self.policy)
        return PlatformResponse(
            response.status, json.loads(response.body) if response.body else None
        )

    def dataset(self, name: str = "support-bot") -> str:
        response = self.ask("POST", "/datasets/", {"name": name, "is_empty": True})
        assert response.status == 201
        return response.body["id"]

    def fill(self, dataset: str, logs: list[Any]) -> None:
        response = self.ask("POST", f"/datasets/{dataset}/logs/bulk/", {"logs": logs})
        assert (response.status, response.body["success_count"]) == (201, len(logs))

    def logs(self, dataset: str, filters: Any = None, query: str = "sort_by=created_at") -> list:
        response = self.ask("POST", f"/datasets/{dataset}/logs/list/?{query}", {"filters": filters})
        assert response.status == 200, response
        return response.body["results"]


@dataclass
class PlatformResponse:
    status: int
    body: Any


def _encoded(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


@pytest.fixture(scope="session")
def platform_on() -> type[Platform]:
    return Platform


@pytest.fixture
def platform() -> Iterator[Platform]:
    store = Store(":memory:")
    yield Platform(store)
    store.close()


@pytest.fixture
def platform_at() -> Iterator[Callable[[Path], Platform]]:
    platforms: list[Platform] = []

    def opened(path: Path) -> Platform:
        platforms.append(Platform(Store(path)))
        return platforms[-1]

    yield opened
    for one in platforms:
        one.store.close()


@pytest.fixture
def platform_on_disk(platform_at, tmp_path: Path) -> Platform:
    return platform_at(tmp_path / "respan.db")


@pytest.fixture
def client(platform) -> Iterator[httpx.Client]:
    with httpx.Client(
        transport=LocalTransport(platform.store), base_url="http://respan.local/api"
    ) as client:
        yield client
