"""The handler is a good guest: what else listens hears all that it would hear without it."""

import asyncio

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from support.models import FakeText


class Other(BaseCallbackHandler):
    """Somebody else's handler, which LangChain runs in a thread of its own."""

    def __init__(self, *, inline=False):
        self.run_inline = inline
        self.heard = []

    def on_llm_start(self, *_, **__):
        self.heard.append("start")

    def on_llm_end(self, *_, **__):
        self.heard.append("end")


class Asynchronous(AsyncCallbackHandler):
    def __init__(self):
        self.heard = []

    async def on_llm_start(self, *_, **__):
        self.heard.append("start")

    async def on_llm_end(self, *_, **__):
        self.heard.append("end")


@pytest.mark.parametrize("other", [Other(), Other(inline=True), Asynchronous()])
def test_others_hear_of_async_text_models_and_so_do_we(other, make_handler, rows_of):
    ours, second = make_handler(), make_handler(dataset="second")
    asyncio.run(FakeText().ainvoke("What?", {"callbacks": [ours, other, second]}))

    assert other.heard == ["start", "end"]
    assert len(rows_of(ours)) == len(rows_of(second, "second")) == 1


def test_events_run_in_the_tasks_own_thread(handler):
    assert handler.run_inline is True
