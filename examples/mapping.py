"""Change rows before they are sent, keep invalid ones apart, and export the rest as cases."""

from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel

from respan_langchain import RespanDatasetCallbackHandler, validated
from respan_langchain.datasets.dataset import Dataset

URL = "sqlite:///respan.db"


class Order(BaseModel):
    """What the app should answer."""

    number: int


def shorten(row: dict[str, Any]) -> dict[str, Any]:
    """Keep the question without the greeting."""
    row["input"] = row["input"].removeprefix("Hello! ")
    return row


chain = RunnableLambda(lambda text: {"number": text.split()[-1].rstrip("?")})
with RespanDatasetCallbackHandler("orders", base_url=URL, map_row=shorten) as handler:
    chain.invoke("Hello! Where is order 7?", {"callbacks": [handler]})

check = validated(Order, on_invalid="mark", to="invalid-orders")
with RespanDatasetCallbackHandler("orders", base_url=URL, map_row=check) as handler:
    chain.batch(["Where is order 8?", "Where is my order?"], {"callbacks": [handler]})

with Dataset.open("orders", base_url=URL) as rows:
    print(rows.to_jsonl("orders.jsonl", preset="pydantic-evals"), "cases")
print(Path("orders.jsonl").read_text().count("Hello!"), "greetings")
