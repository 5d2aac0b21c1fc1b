"""A row waits for the user's rating, and is sent with it; without one it is sent as it is."""

from uuid import uuid4

from langchain_core.runnables import RunnableLambda

from respan_langchain import Dataset, RespanDatasetCallbackHandler, TraceTimeouts

URL = "sqlite:///respan.db"
chain = RunnableLambda(lambda question: f"{question} Within 30 days.")

with RespanDatasetCallbackHandler(
    "rated", base_url=URL, hold="feedback", timeouts=TraceTimeouts(feedback=60)
) as handler:
    rated, unrated = uuid4(), uuid4()
    chain.invoke("Can I return shoes?", {"callbacks": [handler], "run_id": rated})
    chain.invoke("Can I return hats?", {"callbacks": [handler], "run_id": unrated})

    handler.feedback(rated, score=1, comment="solved it")
    handler.flush()  # sends all rows, also those that still wait

with Dataset.open("rated", base_url=URL) as rows:
    for row in rows:
        scores = [score["score"] for score in row.metadata.get("scores", [])]
        print(row.input, scores or "not rated")
