"""Rules: failures go to their own dataset, the rest is sampled, and each row has its weight."""

from langchain_core.runnables import RunnableLambda

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.rules import Rules, error_anywhere, everything, keep, novel, slower_than

URL = "sqlite:///respan.db"
rules = Rules(
    keep(error_anywhere, to="failures"),
    keep(slower_than(seconds=20), rate=0.5),
    keep(novel(by="input"), per_day=200),
    keep(everything, rate=0.1, strata="model", per_day=500),
)


def answer(order: int) -> str:
    """Answer about an order; some do not exist."""
    if order % 50 == 49:
        raise LookupError("no such order")
    return "It is on its way."


with RespanDatasetCallbackHandler("orders", base_url=URL, rules=rules) as handler:
    chain = RunnableLambda(answer)
    chain.batch(list(range(500)), {"callbacks": [handler]}, return_exceptions=True)
    handler.flush()
    for name, counts in handler.stats.rules.items():
        print(f"{name}: saw {counts.seen}, kept {counts.kept}")

with Dataset.open("orders", base_url=URL) as rows:
    calls = sum(1 / row.metadata["sampling"]["probability"] for row in rows if row.metadata)
    print(f"{len(rows)} rows stand for about {calls:.0f} calls")
