"""Capture a whole app, in threads and tasks, without passing a handler to any call."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from respan_langchain import capture, disable, enable
from respan_langchain.datasets.dataset import Dataset

URL = "sqlite:///respan.db"

# The app does not know of this package.
prompt = ChatPromptTemplate.from_messages([("human", "{question}")])
model = FakeListChatModel(responses=["Yes.", "No.", "On Thursday."])
shop = prompt | model | StrOutputParser()

enable("shop", base_url=URL, environment="staging")

shop.invoke({"question": "Is it open?"})
with ThreadPoolExecutor() as pool:
    list(
        pool.map(shop.invoke, [{"question": f"Are there {kind}?"} for kind in ("sandals", "boots")])
    )
asyncio.run(shop.ainvoke({"question": "When do they arrive?"}))

# The rows of this block go to another dataset, and are available at once.
with capture("nightly", base_url=URL, tags=["nightly"]) as captured:
    shop.invoke({"question": "Is the price right?"})
print(len(captured), "rows in the block")

print("all delivered:", disable(timeout=10))
for name in ("shop", "nightly"):
    with Dataset.open(name, base_url=URL) as rows:
        print(name, len(rows), "rows")
