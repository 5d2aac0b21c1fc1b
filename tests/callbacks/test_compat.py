"""Where LangChain or langgraph changes inside: rows are captured all the same."""

import asyncio

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.callbacks.manager import AsyncCallbackManager
from langchain_core.language_models import FakeListLLM
from langgraph import pregel
from langgraph.types import Command
from support.graphs import asking_graph

from respan_langchain.callbacks._langchain_compat import RunInline
from respan_langchain.callbacks.global_capture import disable, enable

QUESTION = {"question": "Where is Paris?"}
THREAD = {"configurable": {"thread_id": "t-1"}}


class Inline(BaseCallbackHandler):
    """A handler with the attribute of ours, before it was read."""

    run_inline = RunInline()

    def __init__(self):
        self.prompts = []

    def on_llm_start(self, serialized, prompts, **_):
        self.prompts += prompts


class Aside(BaseCallbackHandler):
    """A handler of the app's that LangChain runs in a thread."""

    def __init__(self):
        self.prompts = []

    def on_llm_start(self, serialized, prompts, **_):
        self.prompts += prompts


def ask(*handlers):
    model = FakeListLLM(responses=["Here."])
    asyncio.run(model.ainvoke("Where?", {"callbacks": list(handlers)}))
    return [handler.prompts for handler in handlers]


def test_an_inline_handler_does_not_hide_starts_from_others():
    assert ask(Inline(), Aside()) == [["Where?"], ["Where?"]]


def test_with_changed_langchain_code_a_handler_is_run_inline(monkeypatch):
    class Renamed(AsyncCallbackManager):
        on_llm_start = AsyncCallbackManager.on_llm_start

    class Unread(Inline):
        run_inline = RunInline()

    monkeypatch.delattr(AsyncCallbackManager, "on_llm_start")
    handler = Unread()
    asyncio.run(Renamed([handler]).on_llm_start({}, ["Where?"]))

    assert handler.prompts == ["Where?"]
    assert handler.run_inline is True


@pytest.fixture
def enabled(platform):
    yield enable("support-bot", base_url=platform)
    disable()


def test_with_changed_langgraph_code_interrupt_and_resume_are_two_rows(
    enabled, rows_of, monkeypatch
):
    monkeypatch.delattr(pregel, "Pregel")
    app = asking_graph()
    app.invoke(QUESTION, THREAD)
    app.invoke(Command(resume="yes"), THREAD)

    statuses = [root["metadata"]["status"] for root in rows_of(enabled).roots]
    assert statuses == ["interrupted", "success"]
