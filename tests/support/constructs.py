"""Things that LangChain runs, one of each kind, with an input: what langchain-core has itself."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import (
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)
from langchain_core.tools import tool

from support.models import FakeChat, FakeText

QUESTION = {"question": "Can I return shoes?"}
PROMPT = ChatPromptTemplate.from_messages([("system", "You sell shoes."), ("human", "{question}")])


@tool
def lookup(city: str, number: int = 0) -> str:
    """Look up a fact about a city."""
    return f"{city} has fact {number}."


class Shelf(BaseRetriever):
    """Finds the same document always."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document(f"About {query}", metadata={"page": 3}, id="d1")]


def sequence(**model: Any) -> Any:
    return PROMPT | FakeChat(**model) | StrOutputParser()


def parallel() -> Any:
    return RunnableParallel(one=sequence(), two=sequence(reply="No."))


def branch() -> Any:
    return RunnableBranch(
        (lambda asked: len(asked["question"]) > 3, sequence()), sequence(reply="?")
    )


def fallbacks() -> Any:
    return sequence(fails=True).with_fallbacks([sequence(fails=True), sequence()])


def fallbacks_in_a_chain() -> Any:
    return PROMPT | FakeChat(fails=True).with_fallbacks([FakeChat()]) | StrOutputParser()


def fallbacks_of_a_lambda() -> Any:
    return function().with_fallbacks([sequence()])


def retry() -> Any:
    """Fails at the first try of each input; called by hand, since LangChain retries no streams."""
    tried: list[object] = []

    def shaky(asked: Any) -> Any:
        if not any(asked is one for one in tried):
            tried.append(asked)
            raise ConnectionError("not yet")
        return asked

    return _asking(RunnableLambda(shaky).with_retry(wait_exponential_jitter=False) | sequence())


def function() -> Any:
    return _asking(sequence())


def _asking(chain: Any) -> Any:
    def ask(asked: Any) -> Any:
        return chain.invoke(asked)

    async def ask_async(asked: Any) -> Any:
        return await chain.ainvoke(asked)

    return RunnableLambda(ask, afunc=ask_async, name="ask")


def function_that_returns_a_chain() -> Any:
    chain = sequence()
    return RunnableLambda(lambda asked: chain, name="choose")


def generator() -> Any:
    def shout(parts: Iterator[str]) -> Iterator[str]:
        for part in parts:
            yield part.upper()

    async def shout_async(parts: AsyncIterator[str]) -> AsyncIterator[str]:
        async for part in parts:
            await asyncio.sleep(0)
            yield part.upper()

    return sequence() | RunnableGenerator(shout, shout_async, name="shout")


def assign() -> Any:
    return RunnablePassthrough.assign(answer=sequence()) | RunnablePassthrough.assign(
        length=lambda state: len(state["answer"])
    )


def picked() -> Any:
    return RunnablePassthrough.assign(answer=sequence()).pick("answer")


def bound() -> Any:
    return (PROMPT | FakeChat().bind(stop=["."]) | StrOutputParser()).with_config(
        run_name="shop", tags=["beta"], metadata={"user_id": "u7"}
    )


def tool_in_a_chain() -> Any:
    return RunnableLambda(lambda asked: {"city": "Paris", "number": 1}) | lookup


def retrieval() -> Any:
    found = RunnableLambda(lambda asked: asked["question"]) | Shelf() | RunnableLambda(_pages)
    return RunnablePassthrough.assign(context=found) | sequence()


def _pages(documents: list[Document]) -> str:
    return "\n".join(document.page_content for document in documents)


def text_model() -> Any:
    return PromptTemplate.from_template("{question}") | FakeText()


CONSTRUCTS: dict[str, tuple[Callable[[], Any], Any]] = {
    "sequence": (sequence, QUESTION),
    "parallel": (parallel, QUESTION),
    "branch": (branch, QUESTION),
    "fallbacks": (fallbacks, QUESTION),
    "fallbacks in a chain": (fallbacks_in_a_chain, QUESTION),
    "fallbacks of a lambda": (fallbacks_of_a_lambda, QUESTION),
    "retry": (retry, QUESTION),
    "lambda": (function, QUESTION),
    "lambda that returns a chain": (function_that_returns_a_chain, QUESTION),
    "generator": (generator, QUESTION),
    "assign": (assign, QUESTION),
    "pick": (picked, QUESTION),
    "binding": (bound, QUESTION),
    "tool": (lambda: lookup, {"city": "Paris", "number": 2}),
    "tool in a chain": (tool_in_a_chain, QUESTION),
    "retriever": (Shelf, "shoes"),
    "retrieval": (retrieval, QUESTION),
    "text model": (FakeText, "What is two and two?"),
    "text model in a chain": (text_model, QUESTION),
    "chat model": (FakeChat, "Can I return shoes?"),
    "chat model with tools": (lambda: FakeChat(turns=1), "Tell me of Paris."),
}
