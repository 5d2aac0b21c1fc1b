"""Rows as they are sent, without waiting until they are stored."""

import json
from collections.abc import Callable
from typing import Any

import pytest

EVERY_KIND = ("root", "llm", "tool", "retriever")
Rows = list[dict[str, Any]]


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One platform for all of them: nothing is read from it here, and to make one takes time."""
    return f"sqlite:///{tmp_path_factory.mktemp('modes')}/platform.db"


@pytest.fixture
def rows_by(make_handler: Callable[..., Any]) -> Callable[..., Rows]:
    """The rows of running a thing in one way."""

    def run(way: Callable[..., object], app: Any, asked: Any, **config: Any) -> Rows:
        bodies: list[bytes] = []
        handler = make_handler(capture=EVERY_KIND, on_row=bodies.append)
        way(app, asked, {**config, "callbacks": [handler, *config.get("callbacks", ())]})
        handler.process_pending()
        assert not handler.stats.internal_errors
        assert handler.stats.open_runs == 0
        return [json.loads(body) for body in bodies]

    return run
