"""An agent that asks a person before it refunds; the interrupted run and its resume are one row."""

from typing import Any

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.datasets.dataset import Dataset

URL = "sqlite:///respan.db"
USAGE = {"input_tokens": 40, "output_tokens": 8, "total_tokens": 48}
ANSWERS = ["I can refund 49.90 for order A-1042.", "Done, 49.90 are on their way."]
# A fake model, so that this runs without a key.
MODEL = GenericFakeChatModel(messages=(AIMessage(a, usage_metadata=USAGE) for a in ANSWERS))


def answer(state: MessagesState) -> dict[str, list[AnyMessage]]:
    return {"messages": [MODEL.invoke(state["messages"])]}


def approve(_: MessagesState) -> dict[str, list[AnyMessage]]:
    return {"messages": [HumanMessage(interrupt("Refund 49.90?"))]}


steps = StateGraph(MessagesState).add_sequence([("propose", answer), approve, ("confirm", answer)])
agent = steps.add_edge(START, "propose").compile(InMemorySaver(), name="refunds")

with RespanDatasetCallbackHandler(dataset="refunds", base_url=URL) as handler:
    config: Any = {"callbacks": [handler], "configurable": {"thread_id": "ticket-7"}}
    state = agent.invoke({"messages": [("user", "My shoes broke.")]}, config)
    print("asks:", state["__interrupt__"][0].value)
    state = agent.invoke(Command(resume="Yes, go ahead."), config)
    print("says:", state["messages"][-1].content)
with Dataset.open("refunds", base_url=URL) as rows:
    print([f"{row.log_type} {row.span_name}: {row.total_tokens} tokens" for row in rows])
