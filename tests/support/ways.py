"""Every way in which LangChain runs a thing: each takes it, its input, and the configuration."""

import asyncio
import warnings
from collections.abc import Callable, Coroutine
from copy import deepcopy
from typing import Any

from langchain_core.runnables import Runnable

Way = Callable[[Any, Any, dict[str, Any]], object]

TWICE = ("batch", "abatch", "batch_as_completed", "abatch_as_completed")
"""The ways that run it twice, each time for a row of its own."""


async def drained(stream: Any) -> list[Any]:
    return [part async for part in stream]


def twice(asked: Any) -> list[Any]:
    return [asked, deepcopy(asked)]


def _in_a_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


def _events(version: str) -> Way:
    def run(app: Any, asked: Any, config: dict[str, Any]) -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the first version is deprecated, and still there
            return _in_a_loop(drained(app.astream_events(asked, config, version=version)))

    return run


async def _awaited_events(app: Any, asked: Any, config: dict[str, Any]) -> object:
    stream = await app.astream_events(asked, config, version="v3")
    return [event async for event in stream]


def _third_version(app: Any, asked: Any, config: dict[str, Any]) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is in beta
        return list(app.stream_events(asked, config, version="v3"))


def _third_version_async(app: Any, asked: Any, config: dict[str, Any]) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _in_a_loop(_awaited_events(app, asked, config))


WAYS: dict[str, Way] = {
    "invoke": lambda app, asked, config: app.invoke(asked, config),
    "ainvoke": lambda app, asked, config: _in_a_loop(app.ainvoke(asked, config)),
    "stream": lambda app, asked, config: list(app.stream(asked, config)),
    "astream": lambda app, asked, config: _in_a_loop(drained(app.astream(asked, config))),
    "batch": lambda app, asked, config: app.batch(twice(asked), config),
    "abatch": lambda app, asked, config: _in_a_loop(app.abatch(twice(asked), config)),
    "batch_as_completed": lambda app, asked, config: list(
        app.batch_as_completed(twice(asked), config)
    ),
    "abatch_as_completed": lambda app, asked, config: _in_a_loop(
        drained(app.abatch_as_completed(twice(asked), config))
    ),
    "transform": lambda app, asked, config: list(app.transform(iter([asked]), config)),
    "events_v1": _events("v1"),
    "events_v2": _events("v2"),
}

THIRD_VERSION: dict[str, Way] = {}
"""For chat models and graphs alone; not in the oldest langchain-core."""
if hasattr(Runnable, "stream_events"):
    THIRD_VERSION |= {
        "stream_events_v3": _third_version,
        "astream_events_v3": _third_version_async,
    }
