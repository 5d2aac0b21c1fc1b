"""The support desk: a retrieval chain over the shop's pages, and an agent with order tools.

Apart from the scripted model, it is built like any LangChain app.
"""

from operator import itemgetter
from typing import Any, Final

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.messages import ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import tool

from respan_langchain.cli.demo_app.model import ShopModel

_TEXTS: Final = {
    "returns": "Unworn shoes can be returned within 30 days, in their box; the refund takes 5.",
    "delivery": "Delivery takes 2 to 4 working days and costs 4.90; above 60 it is free.",
    "warranty": "Soles and seams have a warranty of 2 years; wear is not covered.",
    "sizes": "Between two sizes, take the larger one. Running shoes come out half a size small.",
    "payment": "Pay by card, by invoice within 14 days, or with a gift card.",
    "care": "Clean leather with a damp cloth, and let it dry away from the heater.",
}
PAGES: Final = [Document(text, metadata={"page": page}) for page, text in _TEXTS.items()]
ORDERS: Final = {"A-1042": "on its way, expected on Thursday", "A-1077": "delivered on 3 November"}
INSTRUCTIONS: Final = (
    "You answer for a shoe shop, in at most two sentences, from these pages:\n{pages}"
)


class PageRetriever(BaseRetriever):
    """Finds the pages with the most words of the question."""

    pages: list[Document]
    most: int = 2

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002  # LangChain requires it
    ) -> list[Document]:
        words = _stems(query)
        ranked = sorted(self.pages, key=lambda page: -len(words & _stems(page.page_content)))
        return ranked[: self.most]


def _stems(text: str) -> set[str]:
    return {word.strip(".,;?!").lower()[:5] for word in text.split() if len(word) > 3}


@tool
def order_status(order: str) -> str:
    """Look up where an order is."""
    return f"Order {order} is {ORDERS[order]}."


@tool
def start_return(order: str, reason: str) -> str:
    """Open a return and give its label."""
    return f"Return R-{order[2:]} is open ({reason}). Label sent by mail."


TOOLS: Final[list[Any]] = [order_status, start_return]


def support_chain(model: ShopModel) -> Runnable[Any, str]:
    """Build a chain that retrieves pages and answers from them."""
    prompt = ChatPromptTemplate.from_messages([("system", INSTRUCTIONS), ("human", "{question}")])
    pages = itemgetter("question") | PageRetriever(pages=PAGES) | RunnableLambda(_join)
    chain = (
        {"question": itemgetter("question"), "pages": pages} | prompt | model | StrOutputParser()
    )
    return chain.with_config(run_name="support")


def _join(pages: list[Document]) -> str:
    return "\n".join(page.page_content for page in pages)


def support_agent(model: ShopModel) -> Runnable[Any, Any]:
    """Build an agent with the order tools; with `create_agent` if langchain is installed."""
    try:
        from langchain.agents import create_agent
    except ImportError:
        return core_agent(model)
    agent: Runnable[Any, Any] = create_agent(model, tools=TOOLS, name="orders")
    return agent


def core_agent(model: ShopModel) -> Runnable[Any, Any]:
    """Build the same agent with langchain-core alone."""
    bound = model.bind_tools(TOOLS)
    tools = {each.name: each for each in TOOLS}

    def run(state: dict[str, Any]) -> dict[str, Any]:
        messages = list(state["messages"])
        while True:
            answer = bound.invoke(messages)
            messages.append(answer)
            if not answer.tool_calls:
                return {"messages": messages}
            for call in answer.tool_calls:
                result = tools[call["name"]].invoke(call["args"])
                messages.append(ToolMessage(result, tool_call_id=call["id"]))

    return RunnableLambda(run).with_config(run_name="orders")
