"""An app as people run it: an agent with a retriever, a checkpointer, approvals and retries.

Of the orders 0, 1, 2, ... by their last digit: 3 is found at the second attempt, 5 was lost and is
refunded after a person approved it, 7 raises. Two orders share a thread, so the second question
comes after a conversation that the checkpointer restored.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from experiments.apps import ShopModel, question
from langchain.agents import create_agent
from langchain.agents.middleware import (
    HumanInTheLoopMiddleware,
    ModelRequest,
    ToolRetryMiddleware,
    dynamic_prompt,
)
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from respan_langchain import Dataset, RespanDatasetCallbackHandler


class Policies(BaseRetriever):
    """Leaves a file for each query, too."""

    folder: Path

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        (self.folder / f"query-{query.rsplit(maxsplit=1)[-1]}").write_text(query)
        return [Document(f"Policy for: {query}", id=query, metadata={"source": "policies.md"})]


def support_app(folder: Path, **model: Any) -> Any:
    """The app over tools that write files into a folder; `model` changes how its model behaves."""
    policies = Policies(folder=folder)

    @dynamic_prompt
    def with_policy(request: ModelRequest) -> str:
        asked = [one for one in request.messages if isinstance(one, HumanMessage)][-1]
        return policies.invoke(str(asked.content))[0].page_content

    return create_agent(
        ShopModel(**model),
        _tools(folder),
        checkpointer=InMemorySaver(),
        middleware=[
            with_policy,
            HumanInTheLoopMiddleware({"refund": True}),
            ToolRetryMiddleware(
                max_retries=1, retry_on=(ConnectionError,), on_failure="error", initial_delay=0
            ),
        ],
    )


def _tools(folder: Path) -> Sequence[Any]:
    @tool
    def find_order(order: str) -> str:
        """Find an order."""
        tried = folder / f"find-{order}"
        is_first = not tried.exists()
        tried.write_text(order)
        if order.endswith("3") and is_first:
            raise ConnectionError("the shop did not answer")
        if order.endswith("7"):
            raise ValueError(f"no order {order}")
        return "lost" if order.endswith("5") else "sent"

    @tool
    def refund(order: str, amount: float) -> str:
        """Refund an order."""
        (folder / f"refund-{order}").write_text(str(amount))
        return f"refunded {amount}"

    return [find_order, refund]


def record_orders(
    orders: int, handler: RespanDatasetCallbackHandler, platform: str, folder: Path
) -> Dataset:
    """Ask for orders 0, 1, 2, ..., approve each refund, and return the rows."""
    app = support_app(folder)
    for order in range(orders):
        thread = {"configurable": {"thread_id": f"thread-{order // 2}"}, "callbacks": [handler]}
        with suppress(ValueError):
            if "__interrupt__" in app.invoke(question(order), thread):
                app.invoke(Command(resume={"decisions": [{"type": "approve"}]}), thread)
    assert handler.flush(timeout=30)
    for effect in folder.iterdir():
        effect.unlink()
    return Dataset.open("support-bot", base_url=platform)
