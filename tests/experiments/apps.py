"""An app whose tools leave traces: whatever a replay runs for real can be seen on disk."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import wrap_model_call
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool, tool

SERVED = "gpt-4o-mini-2024-07-18"


class ShopModel(BaseChatModel):
    """Looks the order up, writes a refund for those that were lost, and answers.

    `forgets` are orders for which it answers without looking up; `rewords` changes the arguments.
    """

    forgets: Sequence[str] = ()
    rewords: Sequence[str] = ()
    tokens: int = 100

    @property
    def _llm_type(self) -> str:
        return "openai-chat"

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return {"ls_provider": "openai", "ls_model_name": SERVED, "ls_model_type": "chat"}

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        asked = max(n for n, message in enumerate(messages) if isinstance(message, HumanMessage))
        order = str(messages[asked].content).rsplit(maxsplit=1)[-1]
        done = [message for message in messages[asked:] if isinstance(message, ToolMessage)]
        message = self._next(order, done)
        message.usage_metadata = {
            "input_tokens": self.tokens,
            "output_tokens": 10,
            "total_tokens": self.tokens + 10,
        }
        message.response_metadata = {"model_name": SERVED, "finish_reason": "stop"}
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _next(self, order: str, done: list[ToolMessage]) -> AIMessage:
        if order in self.forgets:
            return AIMessage("I do not know.")
        if not done:
            asked = f"#{order}" if order in self.rewords else order
            return _call("find_order", order=asked)
        state = str(done[0].content)
        if state == "lost" and len(done) == 1:
            return _call("refund", order=order, amount=20)
        return AIMessage(f"Order {order} is {state}.")


def _call(name: str, **arguments: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": f"call-{name}"}])


def shop_tools(folder: Path) -> list[BaseTool]:
    """Each tool leaves a file for each call."""

    @tool
    def find_order(order: str) -> str:
        """Find an order."""
        number = len(list(folder.glob("find-*")))
        (folder / f"find-{number}").write_text(order)
        if order.endswith("9"):
            raise ValueError(f"no order {order}")
        return "lost" if order.endswith("5") else "sent"

    @tool
    def refund(order: str, amount: float) -> str:
        """Refund an order."""
        (folder / f"refund-{order}").write_text(str(amount))
        return f"refunded {amount}"

    return [find_order, refund]


def shop(folder: Path, **options: Any) -> Any:
    """An agent over the tools, with a model that can be made to behave differently."""
    return create_agent(ShopModel(**options), shop_tools(folder))


def async_shop(folder: Path) -> Any:
    """The same agent, with a step that is only async."""

    @wrap_model_call  # type: ignore[arg-type]
    async def answer(request: Any, handler: Any) -> Any:
        return await handler(request)

    return create_agent(ShopModel(), shop_tools(folder), middleware=[answer])


def question(order: int | str) -> dict[str, Any]:
    return {"messages": [("user", f"Where is order {order}")]}


def wait_for_trials() -> None:
    """Wait for the trials that outlive their replay: after a time-out, an exception, Ctrl-C."""
    for thread in threading.enumerate():
        if thread.name == "respan-replay":
            thread.join(30)
