"""A dataset of an agent's traffic, on a platform in a file."""

from collections.abc import Callable
from pathlib import Path

import pytest
from experiments.apps import question, shop

from respan_langchain import Dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the app's tools write."""
    place = tmp_path / "effects"
    place.mkdir()
    return place


@pytest.fixture
def recorded(make_handler, platform, folder) -> Callable[[int], Dataset]:
    """Runs the agent for orders 0, 1, 2, ..., and gives the rows that it left."""

    def record(orders: int) -> Dataset:
        handler = make_handler()
        app = shop(folder)
        for order in range(orders):
            try:
                app.invoke(question(order), {"callbacks": [handler]})
            except ValueError:
                continue
        assert handler.flush(timeout=30)
        for effect in folder.iterdir():
            effect.unlink()
        return Dataset.open("support-bot", base_url=platform)

    return record
