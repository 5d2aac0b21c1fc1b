"""Capture a whole app, in threads and tasks, without passing a handler to any call."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from respan_langchain import capture, disable, enable
from respan_langchain.datasets.dataset import Dataset

URL = "sqlite:///respan.db"


class Shop:
    """An app that does not import this package."""

    def __init__(self) -> None:
        prompt = ChatPromptTemplate.from_messages([("human", "{question}")])
        model = FakeListChatModel(responses=["Yes.", "No.", "On Thursday."])
        self.chain = prompt | model | StrOutputParser()

    def ask(self, question: str) -> str:
        return self.chain.invoke({"question": question})

    async def ask_soon(self, question: str) -> str:
        return await self.chain.ainvoke({"question": question})


shop = Shop()
enable("shop", base_url=URL, environment="staging")

shop.ask("Is it open?")
with ThreadPoolExecutor() as pool:
    list(pool.map(shop.ask, ["Are there sandals?", "Are there boots?"]))
asyncio.run(shop.ask_soon("When do they arrive?"))

# The rows of this block go to another dataset, and are available at once.
with capture("nightly", base_url=URL, tags=["nightly"]) as captured:
    shop.ask("Is the price right?")
print(len(captured), "rows in the block")

print("all delivered:", disable(timeout=10))
for name in ("shop", "nightly"):
    with Dataset.open(name, base_url=URL) as rows:
        print(name, len(rows), "rows")
