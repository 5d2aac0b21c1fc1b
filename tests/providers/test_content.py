"""Content beside the text is the same in the row however the model is asked."""

import asyncio

import pytest
from langchain_core.runnables import RunnableLambda
from providers.content_cases import CASES

# The packages warn about each other and about the years to come; that is not our business.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


async def collect(stream):
    return [part async for part in stream]


WAYS = {
    "invoke": lambda app, config: app.invoke("When?", config),
    "ainvoke": lambda app, config: asyncio.run(app.ainvoke("When?", config)),
    "stream": lambda app, config: list(app.stream("When?", config)),
    "astream": lambda app, config: asyncio.run(collect(app.astream("When?", config))),
    "batch": lambda app, config: app.batch(["When?"], config),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_content_beside_the_text_stands_in_its_field(case, way, server, handler, rows_of):
    server.answer = case.answer
    app = RunnableLambda(lambda asked: asked) | case.model(server.url)

    WAYS[way](app, {"callbacks": [handler]})

    rows = rows_of(handler)
    [root], [chat] = rows.roots, rows.chats
    kept = {name: chat["output"].get(name) for name in case.output}
    if isinstance(kept.get("audio"), dict):
        assert len(kept["audio"].pop("sha256")) == 64
    assert kept == case.output
    assert ("reasoning_content" in chat["output"]) is ("reasoning_content" in case.output)
    assert bool(chat["output"].get("server_tool_calls")) is bool(case.steps)
    steps = root["metadata"].get("trajectory", [])
    assert len(steps) == len(case.steps) == root["metrics"].get("tool_calls", 0)
    assert all({**step, **want} == step for step, want in zip(steps, case.steps, strict=True))
