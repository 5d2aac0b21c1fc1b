"""A person edits an agent's tool call; the model's row gets the edited call as expected output."""

from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.rules import Rules, edited_by_human, keep

URL = "sqlite:///respan.db"
CALL = AIMessage("", tool_calls=[{"name": "refund", "args": {"amount": 499}, "id": "c1"}])


class Model(GenericFakeChatModel):
    def bind_tools(self, *_: Any, **__: Any) -> Any:
        return self


def refund(amount: float) -> str:
    """Refund an amount."""
    return f"refunded {amount}"


review = HumanInTheLoopMiddleware(interrupt_on={"refund": True})
model = Model(messages=iter([CALL, AIMessage("Done.")]))
agent = create_agent(model, [refund], middleware=[review], checkpointer=InMemorySaver())
rules = Rules(keep(edited_by_human, to="gold", corrections="human"))
with RespanDatasetCallbackHandler("prod", base_url=URL, rules=rules) as handler:
    config: Any = {"callbacks": [handler], "configurable": {"thread_id": "ticket-7"}}
    agent.invoke({"messages": [("user", "My shoes broke.")]}, config)
    edit = {"type": "edit", "edited_action": {"name": "refund", "args": {"amount": 49.9}}}
    agent.invoke(Command(resume={"decisions": [edit]}), config)
print([row.expected_output for row in Dataset.open("gold", base_url=URL) if row.expected_output])
