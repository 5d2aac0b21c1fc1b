"""`metadata.source` keeps experiments apart from production; they are left out by default."""

from langchain_core.runnables import RunnableLambda

import respan_langchain
from respan_langchain import Dataset

URL = "sqlite:///respan.db"
chain = RunnableLambda(lambda question: f"{question} Within 30 days.")
EXPERIMENT = {"metadata": {"respan": {"metadata": {"source": "experiment"}}}}

handler = respan_langchain.enable("live", base_url=URL)
chain.invoke("Can I return shoes?")
chain.invoke("Can I return shoes?", EXPERIMENT)  # leaves no row in `live`
respan_langchain.disable()
print({name: counts.seen for name, counts in handler.stats.rules.items()})

with respan_langchain.capture("trials", base_url=URL):
    chain.invoke("Can I return shoes?", EXPERIMENT)

for name in ("live", "trials"):
    with Dataset.open(name, base_url=URL) as rows:
        print(name, [(row.metadata or {}).get("source", "production") for row in rows])
