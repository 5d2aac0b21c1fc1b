"""Ratings and corrections on the rows that they are about. Runs without any key or network."""

from uuid import uuid4

from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from respan_langchain import Dataset, RespanDatasetCallbackHandler

URL = "sqlite:///respan.db"

prompt = ChatPromptTemplate.from_messages([("human", "{question}")])
chain = prompt | FakeListChatModel(responses=["Within 30 days."]) | StrOutputParser()

with RespanDatasetCallbackHandler("rated", base_url=URL, capture="root") as handler:
    run_id = uuid4()
    config = {"callbacks": [handler], "run_id": run_id}
    chain.invoke({"question": "How long can I return shoes?"}, config=config)

    # While the row waits, a program's score is merged into it ...
    handler.feedback(run_id, score=0.2, name="judge")
    handler.flush()
    # ... and what a person says later is added to the stored row.
    handler.feedback(run_id, score=0, comment="wrong policy", expected_output="Within 14 days.")
    handler.flush()
    print(handler.stats.feedback)

with Dataset.open("rated", base_url=URL) as rows:
    for row in rows:
        print(row.expected_output)
        for score in row.metadata["scores"]:
            print(score["name"], score["score"], score.get("comment", ""))
