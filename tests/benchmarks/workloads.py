"""What the benchmark runs.

Five ways in which apps use LangChain, with models that answer at once.
"""

from collections.abc import Callable, Iterator
from typing import Any

from langchain_core.documents import Document
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough

Call = Callable[[dict[str, Any]], object]

ANSWER = "Paris lies on the Seine and has been the seat of government for a thousand years. " * 2
QUESTION = {"question": "What is the capital of France, and what is it known for?"}
USAGE = {"input_tokens": 42, "output_tokens": 58, "total_tokens": 100}
FACTS = {"model_name": "gpt-4o-mini-2024-07-18", "finish_reason": "stop"}


class Model(BaseChatModel):
    """Answers at once; calls a tool first as often as `turns` says."""

    turns: int = 0
    tokens: int = 500

    @property
    def _llm_type(self) -> str:
        return "openai-chat"

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return {**super()._get_ls_params(stop=stop, **kwargs), "ls_provider": "openai"}

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    def _generate(self, messages: Any, *_: Any, **kwargs: Any) -> ChatResult:
        done = sum(isinstance(message, ToolMessage) for message in messages)
        message = AIMessage(ANSWER, usage_metadata=USAGE, response_metadata=FACTS)
        if done < self.turns:
            call = {"name": "lookup", "args": {"city": "Paris"}, "id": f"call_{done}"}
            message = AIMessage(
                "", tool_calls=[call], usage_metadata=USAGE, response_metadata=FACTS
            )
        return ChatResult(generations=[ChatGeneration(message=message)])


class Speaker(Model):
    """The same, token by token."""

    def _stream(self, *_: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        for number in range(self.tokens):
            yield ChatGenerationChunk(message=AIMessageChunk(f"word{number % 10} "))
        yield ChatGenerationChunk(
            message=AIMessageChunk("", usage_metadata=USAGE, response_metadata=FACTS)
        )


class Shelf(BaseRetriever):
    """Finds twenty documents of a kilobyte."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [
            Document("lorem ipsum dolor " * 56, metadata={"source": f"{number}.txt"})
            for number in range(20)
        ]


PROMPT = ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{question}")])


def model() -> Call:
    """A model alone: two events."""
    chat, messages = Model(), [HumanMessage(QUESTION["question"])]
    return lambda config: chat.invoke(messages, config)


def chain() -> Call:
    """Prompt, model, parser: eight events."""
    app = PROMPT | Model() | StrOutputParser()
    return lambda config: app.invoke(QUESTION, config)


def retrieval() -> Call:
    """Twenty documents go into the prompt."""
    told = RunnableLambda(lambda found: "\n".join(each.page_content for each in found))
    prompt = ChatPromptTemplate.from_messages([("system", "{context}"), ("human", "{question}")])
    parts = RunnableParallel(context=Shelf() | told, question=RunnablePassthrough())
    app = parts | prompt | Model() | StrOutputParser()
    return lambda config: app.invoke(QUESTION["question"], config)


def agent() -> Call:
    """An agent that uses its tool three times."""
    from langchain.agents import create_agent
    from langchain_core.tools import tool

    @tool
    def lookup(city: str) -> str:
        """Look up a fact about a city."""
        return f"{city} lies on a river."

    app = create_agent(Model(turns=3), tools=[lookup])
    return lambda config: app.invoke({"messages": [("user", QUESTION["question"])]}, config)


def stream() -> Call:
    """Five hundred tokens."""
    app = PROMPT | Speaker() | StrOutputParser()
    return lambda config: list(app.stream(QUESTION, config))


def large() -> Call:
    """A message of 200 kB."""
    app = PROMPT | Model() | StrOutputParser()
    question = {"question": ('All work and no play makes "Jack" a dull boy.\n' * 4500)[:200_000]}
    return lambda config: app.invoke(question, config)


def history() -> Call:
    """A history of 200 messages."""
    prompt = ChatPromptTemplate.from_messages(
        [MessagesPlaceholder("history"), ("human", "{question}")]
    )
    said = [
        kind(f"Sentence number {number}.")
        for number in range(100)
        for kind in (HumanMessage, AIMessage)
    ]
    app = prompt | Model() | StrOutputParser()
    return lambda config: app.invoke({"history": said, **QUESTION}, config)


WORKLOADS: dict[str, tuple[Callable[[], Call], float]] = {
    "model": (model, 1.5),
    "chain": (chain, 1.5),
    "retrieval": (retrieval, 1.7),
    "agent": (agent, 1.7),
    "stream": (stream, 1.4),
    "large": (large, 1.5),
    "history": (history, 1.5),
}
"""Each with its target: how much more than a handler that does nothing ours may cost the caller."""
