"""Fixtures for the tests of several packages: an embedded platform, and a handler for it."""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from support.standstill import Standstill

try:
    import resource
except ImportError:  # Windows
    resource = None

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain._connect import open_client
from respan_langchain.settings.reading import read_settings

DATASET = "support-bot"

# An example that takes longer than 200 ms is no fault: the machine may be busy.
hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")


MAX_MEMORY = 16 << 30
"""Bytes that the test run may allocate, stacks of a thousand threads (8 GB) included.

A test that grows without end fails, and says where.
"""


def pytest_configure(config: pytest.Config) -> None:
    """Limit the memory of the test run, watch it, and let it be started in the background."""
    if resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        is_lower = hard != resource.RLIM_INFINITY and hard < MAX_MEMORY
        resource.setrlimit(resource.RLIMIT_DATA, (hard if is_lower else MAX_MEMORY, hard))
    _stop_ignoring_ctrl_c()
    _keep_bytecode()
    config.pluginmanager.register(Standstill())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """With `-n auto`, start four workers on two processors: tests wait for half of their time."""
    return max(4, os.cpu_count() or 1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let a worker that has no tests left take half of another's, so that all end together."""
    if config.option.dist != "load" or config.option.maxschedchunk:
        return None  # another order was asked for
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the tests that take longest, so that no worker runs one after all others."""
    items.sort(key=_marked_seconds, reverse=True)


def _marked_seconds(item: pytest.Item) -> float:
    mark = item.get_closest_marker("slow")
    return mark.kwargs.get("seconds", 0.0) if mark else 0.0


def pytest_collection_finish() -> None:
    """Keep the garbage collector from traversing what was imported and collected, at each run."""
    gc.collect()
    gc.freeze()


def _keep_bytecode() -> None:
    """Write `__pycache__`, whatever the environment says.

    More than a hundred programs that tests start would compile the package each, half a second.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def _stop_ignoring_ctrl_c() -> None:
    """Let tests of Ctrl-C pass where pytest runs in the background.

    A shell starts background jobs with SIGINT ignored, and every program that a test starts would
    inherit that. A handler is not inherited: such a program begins with the default action.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


_home_numbers = count()


@pytest.fixture(autouse=True)
def _clean_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No test sees the variables or the home directory of the person who runs it.

    The home does not exist until the test makes it. `tmp_path` would be made for each test, which
    takes longer than most tests.
    """
    for name in list(os.environ):
        if name.startswith("RESPAN_"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / f"home-{next(_home_numbers)}"
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture
def platform(tmp_path: Path) -> str:
    """The URL of a platform in a file."""
    return f"sqlite:///{tmp_path}/platform.db"


@pytest.fixture
def make_handler(platform: str) -> Iterator[Callable[..., RespanDatasetCallbackHandler]]:
    """Makes handlers that deliver to the platform, and closes them."""
    made = []

    def make(**arguments: Any) -> RespanDatasetCallbackHandler:
        handler = RespanDatasetCallbackHandler(
            **{"dataset": DATASET, "base_url": platform, **arguments}
        )
        made.append(handler)
        return handler

    yield make
    for handler in made:
        handler.shutdown(timeout=10)


@pytest.fixture
def handler(
    make_handler: Callable[..., RespanDatasetCallbackHandler],
) -> RespanDatasetCallbackHandler:
    """One handler with the defaults."""
    return make_handler()


class Rows(list[dict[str, Any]]):
    """The rows of a dataset, oldest first, as the platform tells them."""

    @property
    def roots(self) -> list[dict[str, Any]]:
        return [row for row in self if "span_parent_id" not in row["metadata"]]

    @property
    def chats(self) -> list[dict[str, Any]]:
        return [row for row in self if row["metadata"]["log_type"] in ("chat", "completion")]


@pytest.fixture
def rows_of(platform: str) -> Callable[..., Rows]:
    """Flushes a handler and reads what the platform stored of it."""

    def read(
        handler: RespanDatasetCallbackHandler, dataset: str = DATASET, *, may_fail: bool = False
    ) -> Rows:
        assert handler.flush(timeout=20), handler.stats
        assert may_fail or not handler.stats.internal_errors
        with open_client(read_settings(base_url=platform)) as client:
            found = [each for each in client.datasets() if each.name == dataset]
            logs = client.logs(found[0].id, sort_by="timestamp") if found else ()
            return Rows(log.model_dump() for log in logs)

    return read
