"""Replay yesterday's traffic against today's chain: which answers changed, and is that worse?"""

from langchain_core.runnables import RunnableLambda

from respan_langchain import Dataset, RespanDatasetCallbackHandler, replay, scorers

URL = "sqlite:///respan.db"
yesterday = RunnableLambda(lambda question: f"Yes: {question}")
today = RunnableLambda(lambda question: f"Yes: {question}" if len(question) < 11 else "No.")

with RespanDatasetCallbackHandler(dataset="replayed", base_url=URL) as handler:
    for number in range(0, 2_000, 20):
        yesterday.invoke(f"May I {number}?", config={"callbacks": [handler]})

with Dataset.open("replayed", base_url=URL) as rows:
    result = replay(rows, today, scorers=[scorers.same_answer])
print(result)
